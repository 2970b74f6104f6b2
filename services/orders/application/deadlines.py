"""The clock's part: what happens to enquiries and orders whose deadline is past."""

from __future__ import annotations

import logging
from datetime import timedelta

from sqlalchemy import Table, bindparam, select, update

from services.orders.application import moves
from services.orders.application.records import CLOCK, find_enquiry, find_order
from services.orders.domain import enquiry as negotiations, lifecycle
from services.orders.models import deadlines, enquiries, orders
from shared.platform.database import Transaction
from shared.platform.statements import planned_each_time

log = logging.getLogger(__name__)

LOOK_AGAIN = timedelta(seconds=30)
"""After which the clock looks again at what it could not end: a submission under way, or a failure that must not stop all other clocks."""

# The aggregate is locked, not its deadline: so does everybody else who is about to change both.
_PAST = {
    table: planned_each_time(
        select(deadlines.c.aggregate_id, deadlines.c.kind)
        .join(table, table.c.id == deadlines.c.aggregate_id)
        .where(deadlines.c.aggregate == aggregate, deadlines.c.strikes_at <= bindparam("now"))
        .order_by(deadlines.c.strikes_at)
        .limit(1)
        .with_for_update(of=table, skip_locked=True)
    )
    for aggregate, table in (("order", orders), ("enquiry", enquiries))
}


def sweep(tx: Transaction) -> bool:
    """Act on one deadline that is past; whether there was one. Replicas pass over what another is at."""
    return _sweep(tx, "order", orders) or _sweep(tx, "enquiry", enquiries)


def _sweep(tx: Transaction, aggregate: str, table: Table) -> bool:
    found = tx.execute(_PAST[table], {"now": tx.now}).one_or_none()
    if found is None:
        return False
    key, kind = found.aggregate_id, found.kind
    try:
        with tx.nested():
            done = _strike_order(tx, key, kind) if table is orders else _strike_enquiry(tx, key)
    except Exception:
        log.exception("deadline %s of %s %s", kind, aggregate, key)
        done = False
    if not done:
        mine = (deadlines.c.aggregate == aggregate, deadlines.c.aggregate_id == key, deadlines.c.kind == kind)
        tx.execute(update(deadlines).where(*mine).values(strikes_at=tx.now + LOOK_AGAIN))
    return True


def _strike_order(tx: Transaction, order_id: str, kind: str) -> bool:
    order = find_order(tx, order_id, lock=True)
    transition = lifecycle.due(order.situation, kind, tx.now)
    if transition is not None:
        moves.apply(tx, order, transition, CLOCK)
    return transition is not None


def _strike_enquiry(tx: Transaction, enquiry_id: str) -> bool:
    enquiry = find_enquiry(tx, enquiry_id, lock=True)
    row = negotiations.expiry(enquiry.negotiation, tx.now)
    if row is not None:
        moves.move(tx, enquiry, row, CLOCK)
    return row is not None
