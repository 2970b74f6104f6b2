"""Labels of many orders in one document: asked for, printed a few orders at a time between two short transactions, and fetched.

Whoever works claims a batch for a while; if it dies, another goes on where it stood. What is printed is kept in parts until the document is fetched."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from io import BytesIO
from typing import Any

from pypdf import PdfWriter
from sqlalchemy import Row, bindparam, delete, exists, func, or_, select, update

from services.logistics.application.label import labels
from services.logistics.application.label_orders import consignment, of_numbers, package_count
from services.logistics.application.label_printing import document, pdf
from services.logistics.domain.refusal import Refusal
from services.logistics.models import DONE, FAILED, PENDING, label_batch_orders as orders, label_batch_parts as parts, label_batches as batches
from shared.kit.errors import Conflict, NotFound
from shared.kit.ids import new_id
from shared.platform.calls import Call
from shared.platform.database import Transaction

log = logging.getLogger(__name__)

ORDERS_AT_ONCE, LABELS_AT_ONCE = 25, 50
"""How many are printed in one go: some tenths of a second."""
CLAIMED = timedelta(seconds=20)
KEPT = timedelta(days=7)
LARGEST = 5_000_000
"""Bytes of printed labels in a batch; some 1,500 labels. A message on the bus, base 64, has to hold them, and leave room for others."""

_UNFINISHED = exists().where(orders.c.batch_id == batches.c.id, orders.c.state == PENDING)
_SETTLE = (
    update(orders)
    .where(orders.c.batch_id == bindparam("batch"), orders.c.position == bindparam("place"))
    .values(state=bindparam("state"), reason=bindparam("reason"), message=bindparam("message"))
)
_FULL = Refusal("batch_full", "The document has become too large; print this order in another batch.")
_NOT_PRINTABLE = Refusal("not_printable", "The label could not be printed; this is a defect here, and it is logged.")


def make(tx: Transaction, call: Call) -> dict[str, Any]:
    """Note down which orders' labels are wanted. Batches that are older than a week are forgotten."""
    supplier = call.require_actor("supplier")
    tx.execute(delete(batches).where(batches.c.created_at < tx.now - KEPT))
    batch_id = new_id()
    tx.add(batches, {"id": batch_id, "supplier_id": supplier.id, "created_at": tx.now})
    for position, number in enumerate(call.data["order_numbers"]):
        tx.add(orders, {"batch_id": batch_id, "position": position, "order_number": number, "state": PENDING})
    tx.flush()
    return _shown(tx, batch_id, tx.now)


def get(tx: Transaction, call: Call) -> dict[str, Any]:
    """How far it is; NotFound for everybody but its supplier and operators."""
    batch = _visible(tx, call)
    return _shown(tx, batch.id, batch.created_at)


def get_parts(tx: Transaction, call: Call) -> list[bytes]:
    """What is printed, in the orders' order. Conflict `batch_not_printed` while there is more to print, NotFound where nothing could be printed."""
    batch = _visible(tx, call)
    if tx.execute(select(orders.c.position).where(orders.c.batch_id == batch.id, orders.c.state == PENDING).limit(1)).first():
        raise Conflict("batch_not_printed", "The batch is still being printed; ask again when `awaiting` is empty.")
    found = tx.execute(select(parts.c.content).where(parts.c.batch_id == batch.id).order_by(parts.c.position))
    if not (contents := [bytes(content) for content in found.scalars()]):
        raise NotFound("document_not_found", "None of the batch's orders could be printed: `failed` says why.")
    return contents


def joined(contents: Sequence[bytes]) -> dict[str, str]:
    """The contract's `Document` of all parts. CPU-bound."""
    writer, out = PdfWriter(), BytesIO()
    for content in contents:
        writer.append(BytesIO(content), import_outline=False)
    writer.write(out)
    return document("labels", out.getvalue())


@dataclass(frozen=True, slots=True)
class Work:
    """The next orders of a batch, claimed until `until`: each by its place, with what there is to print or why there is nothing."""

    batch_id: str
    until: datetime
    orders: Mapping[int, Row[Any] | Refusal]


@dataclass(frozen=True, slots=True)
class Printed:
    """PDF by the place of the first order in it, and what could not be printed by its place."""

    contents: Mapping[int, bytes]
    refusals: Mapping[int, Refusal]


def claim(tx: Transaction) -> Work | None:
    """Work to do, the caller's for a while, of the batch whose last turn is longest ago: so a small one does not wait for the end of a large one."""
    free = or_(batches.c.claimed_until.is_(None), batches.c.claimed_until <= tx.now)
    waiting = select(batches).where(_UNFINISHED, free).order_by(batches.c.claimed_until.nulls_first(), batches.c.id).limit(1)
    batch = tx.execute(waiting.with_for_update(skip_locked=True)).one_or_none()
    if batch is None:
        return None
    until = tx.now + CLAIMED
    tx.execute(update(batches).where(batches.c.id == batch.id).values(claimed_until=until))
    mine = select(orders.c.position, orders.c.order_number).where(orders.c.batch_id == batch.id, orders.c.state == PENDING)
    wanted = tx.execute(mine.order_by(orders.c.position).limit(ORDERS_AT_ONCE)).all()
    size = tx.execute(select(func.sum(func.length(parts.c.content))).where(parts.c.batch_id == batch.id)).scalar_one()
    if (size or 0) >= LARGEST:
        return Work(batch.id, until, {each.position: _FULL for each in wanted})
    found = of_numbers(tx, batch.supplier_id, [each.order_number for each in wanted])
    taken: dict[int, Row[Any] | Refusal] = {}
    left = LABELS_AT_ONCE
    for each in wanted:
        taken[each.position] = booking = found[each.order_number]
        left -= 0 if isinstance(booking, Refusal) else package_count(booking)
        if left <= 0:
            break
    return Work(batch.id, until, taken)


def print_work(work: Work) -> Printed:
    """CPU-bound. An order that cannot be printed keeps no other from it."""
    refusals = {position: found for position, found in work.orders.items() if isinstance(found, Refusal)}
    contents, failed = _print([(position, found) for position, found in work.orders.items() if not isinstance(found, Refusal)])
    return Printed(contents, refusals | failed)


def keep(tx: Transaction, work: Work, printed: Printed) -> None:
    """Keep what is printed and let go of the batch; nothing where the work took so long that another has it now."""
    mine = update(batches).where(batches.c.id == work.batch_id, batches.c.claimed_until == work.until).values(claimed_until=tx.now)
    if not tx.execute(mine).rowcount:
        return
    for position, content in printed.contents.items():
        tx.add(parts, {"batch_id": work.batch_id, "position": position, "content": content})
    for position in work.orders:
        refusal = printed.refusals.get(position)
        reason, message = (refusal.reason, refusal.message) if refusal else (None, None)
        values = {"batch": work.batch_id, "place": position, "state": FAILED if refusal else DONE, "reason": reason, "message": message}
        tx.later(_SETTLE, values)


def _print(rows: Sequence[tuple[int, Row[Any]]]) -> tuple[dict[int, bytes], dict[int, Refusal]]:
    """All in one, or, where that fails, each by itself to find out which of them it is."""
    if not rows:
        return {}, {}
    first = rows[0][0]
    try:
        return {first: pdf(label for _, row in rows for label in labels(consignment(row)))}, {}
    except Exception:
        if len(rows) == 1:
            log.exception("an order's label could not be printed")
            return {}, {first: _NOT_PRINTABLE}
    each_alone = [_print([row]) for row in rows]
    return {at: made for contents, _ in each_alone for at, made in contents.items()}, {at: why for _, failed in each_alone for at, why in failed.items()}


def _visible(tx: Transaction, call: Call) -> Row[Any]:
    actor = call.require_actor()
    batch = tx.execute(select(batches).where(batches.c.id == call.data["id"])).one_or_none()
    if batch is None or not (actor.is_operator or actor.id == batch.supplier_id):
        raise NotFound("label_batch_not_found", "There is no such batch of labels.")
    return batch


def _shown(tx: Transaction, batch_id: str, created_at: datetime) -> dict[str, Any]:
    rows = tx.execute(select(orders).where(orders.c.batch_id == batch_id).order_by(orders.c.position)).all()
    states = Counter(row.state for row in rows)
    return {
        "id": batch_id,
        "awaiting": ["printing"] if states[PENDING] else [],
        "total": len(rows),
        "done": states[DONE],
        "failed": [row for row in rows if row.state == FAILED],
        "created_at": created_at,
    }
