"""The only writer of states: `place` and `apply` for orders, `open_enquiry` and `move` for enquiries.

Each changes the row, adds to the history, sets the deadlines and emits the one event, all in the caller's transaction. Whoever found the row has locked it, so that
none of these statements is waited for; a second transition from the same version, were it not so, is refused by the key of the history.
"""

from __future__ import annotations

from collections.abc import Mapping, Set as AbstractSet
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Table, bindparam, delete, update

from services.orders.application import feed, goods
from services.orders.application.durations import DEADLINES
from services.orders.application.forms import schema_of
from services.orders.application.records import Author, Enquiry, Order, Row, party, row_of
from services.orders.domain import enquiry as negotiations, lifecycle
from services.orders.domain.lifecycle import FINAL_STATES, Transition
from services.orders.domain.terms import Terms
from services.orders.models import deadlines, drafts, enquiries, enquiry_history, order_history, orders, purchases
from shared.contracts.dumping import Dumped, dump
from shared.kit.actor import Actor
from shared.kit.ids import new_id, new_number
from shared.kit.money import Money
from shared.platform.database import Transaction

Parties = Mapping[str, str]
"""`buyer_id`, `buyer_name`, `supplier_id`, `supplier_name`."""

_CHANGE = {table: update(table).where(table.c.id == bindparam("key"), table.c.version == bindparam("seen")) for table in (orders, enquiries)}
_DROP_DRAFTS = delete(drafts).where(drafts.c.order_id == bindparam("key"))
_STOP_DEADLINES = delete(deadlines).where(deadlines.c.aggregate == bindparam("of"), deadlines.c.aggregate_id == bindparam("key"))


def open_purchase(tx: Transaction, buyer: Actor) -> Row:
    """A basket, whose orders are to be placed in the same transaction."""
    return _add(tx, purchases, {"id": new_id(), "number": new_number("TP"), "buyer_id": buyer.id, "buyer_name": buyer.name, "created_at": tx.now})


def place(
    tx: Transaction,
    author: Author,
    parties: Parties,
    terms: Terms,
    lines: list[dict[str, Any]],
    *,
    enquiry_id: str | None = None,
    purchase: Row = None,
    exchange: Mapping[str, Any] | None = None,
) -> Order:
    """Make an order of complete terms and lines (`OrderLine`), of an enquiry or with a purchase where it is; `exchange` (`AgreedExchange` as
    JSON) where it is paid in another currency."""
    transition, total = lifecycle.placement(terms), goods.total(lines)
    values = {
        "id": new_id(),
        "number": new_number("TO"),
        "enquiry_id": enquiry_id,
        "purchase_id": purchase and purchase.id,
        "purchase_number": purchase and purchase.number,
        "state": transition.target,
        "awaiting": list(transition.awaits),
        "version": 1,
        **parties,
        "terms": terms.as_data(),
        "lines": goods.dump_lines(lines),
        "currency": total.currency,
        "exchange": exchange,
        "total": total.minor,
        "created_at": tx.now,
        "updated_at": tx.now,
    }
    row = _add(tx, orders, values)
    placed = Order(row, {}, ())
    details = {"enquiry_id": enquiry_id, "purchase_number": row.purchase_number, "terms": row.terms, "lines": Dumped(row.lines), "total": total}
    return _record(tx, placed, transition, author, None, details | {"exchange": placed.exchange})


def apply(
    tx: Transaction,
    order: Order,
    transition: Transition,
    author: Author,
    *,
    form: Mapping[str, Any] | None = None,
    reason: str | None = None,
    note: str | None = None,
    paid: Money | None = None,
) -> Order:
    """Move the order along the transition, which is recorded and told unless it is but one of several confirmations. `form` is what was submitted, as Python values; `paid` what the payment that is recorded by it amounts to."""
    assert order.locked
    row = order.row
    changes: dict[str, Any] = {"state": transition.target, "awaiting": list(transition.awaits)}
    if paid:
        changes["paid"] = paid.minor
    if lifecycle.owes_refund(order.situation, transition):
        changes["refund"] = row.paid
    if transition.action == "confirm_refund":
        changes["refund_received_at"] = tx.now
    if transition.action == "propose_abort":
        changes["abort_proposed_by"] = author.id
    elif transition.target != row.state:
        changes["abort_proposed_by"] = None
    changes |= _channel_changes(row, transition, author, form)
    if transition.event is None:
        return replace(order, row=_change(tx, orders, row, changes))
    moved = replace(order, row=_change(tx, orders, row, {**changes, "version": row.version + 1}))
    if transition.draft or transition.target in FINAL_STATES:
        tx.later(_DROP_DRAFTS, {"key": row.id})
    given = form or {}
    details = {
        "reason": reason or given.get("reason"),
        "note": note or given.get("note"),
        "form": form,
        "settlement": moved.situation.terms.settlement,
        "refund": moved.refund,
        "channel": moved.row.channel_proposed,
    }
    return _record(tx, moved, transition, author, row.state, details)


def _channel_changes(row: Row, transition: Transition, author: Author, form: Mapping[str, Any] | None) -> dict[str, Any]:
    """A channel that is proposed waits for the other party's word and then for logistics'; it does not outlive the order's state."""
    match transition.action:
        case "propose_channel":
            return {"channel_proposed": (form or {})["logistics_channel"], "channel_proposed_by": author.id}
        case "agree_channel":
            return {}
        case "change_channel":
            return {"terms": {**row.terms, "channel": row.channel_proposed}, "channel_proposed": None, "channel_proposed_by": None}
    over = transition.target != row.state or transition.action in ("decline_channel", "keep_channel")
    return {"channel_proposed": None, "channel_proposed_by": None} if over else {}


def refund_arrived(tx: Transaction, order: Order) -> None:
    """Escrow: the buyer has the money back. Nothing is decided by it, so it is no transition."""
    assert order.locked
    _change(tx, orders, order.row, {"refund_received_at": tx.now})


def _record(tx: Transaction, order: Order, transition: Transition, author: Author, source: str | None, details: Mapping[str, Any]) -> Order:
    row, form = order.row, details.get("form")
    entry = {
        "order_id": row.id,
        "version": row.version,
        "at": tx.now,
        "actor_id": author.id,
        "actor_role": author.role,
        "step": transition.step,
        "action": transition.action,
        "from_state": source,
        "to_state": row.state,
        "reason": details.get("reason"),
        "note": details.get("note"),
    }
    stored = dump(schema_of(transition.form), form) if form else None
    whole = {**entry, "label": transition.label, "form": stored}
    tx.add(order_history, whole)
    if order.history is not None:
        order = replace(order, history=[*order.history, whole])
    if row.state != source:
        order = replace(order, deadlines=_start_deadlines(tx, order, transition))
    elif transition.deadline:  # it has struck and the order stays where it is: once is enough
        order = replace(order, deadlines=_set_deadlines(tx, "order", row.id, {}))
    feed.tell(tx, row, str(transition.event), {**entry, **details, **_told(row)})
    return order


def _start_deadlines(tx: Transaction, order: Order, transition: Transition) -> Mapping[str, datetime]:
    state, terms = order.row.state, order.situation.terms
    durations = DEADLINES[terms.settlement]
    due = {kind: tx.now + getattr(durations, kind) for kind in lifecycle.deadlines_on_entering(state, terms)}
    strikes = {each.source: each.deadline for each in lifecycle.transitions(terms) if each.deadline}
    if transition.action in ("exception", "resolve"):
        # A date that the other party goes by, such as that of shipping, stays as it was: exceptions must not be a way to put it off.
        due |= {kind: at for kind, at in order.deadlines.items() if kind not in strikes.values()}
    return _set_deadlines(tx, "order", order.row.id, due, {strikes.get(state)})


def open_enquiry(tx: Transaction, parties: Parties, lines: Any, terms: Terms | None, order_lines: Any) -> Enquiry:
    """Make an enquiry about `lines` (stored as given); `order_lines` where it names all that an order needs."""
    values = {
        "id": new_id(),
        "number": new_number("TE"),
        "state": negotiations.OPENED.target,
        "version": 1,
        **parties,
        "lines": lines,
        "terms": terms and terms.as_data(),
        "order_lines": order_lines,
        "created_at": tx.now,
        "updated_at": tx.now,
    }
    return _record_enquiry(tx, Enquiry(_add(tx, enquiries, values), None), negotiations.OPENED, Author(parties["buyer_id"], "buyer"), None)


def move(tx: Transaction, enquiry: Enquiry, row: negotiations.Row, author: Author, note: str | None = None, order_id: str | None = None) -> Enquiry:
    """Move the enquiry, with what is its latest offer by now, along the row. `order_id` is the order made of it."""
    changes = {"state": row.target, "version": enquiry.row.version + 1, "order_id": order_id or enquiry.row.order_id}
    moved = replace(enquiry, row=_change(tx, enquiries, enquiry.row, changes))
    if row.action == "offer" or row.target != row.source:
        due = {negotiations.VALIDITY: enquiry.offer.valid_until} if enquiry.offer and row.target == "offered" else {}
        _set_deadlines(tx, "enquiry", moved.row.id, due, {negotiations.VALIDITY})
    return _record_enquiry(tx, moved, row, author, note)


def _record_enquiry(tx: Transaction, enquiry: Enquiry, row: negotiations.Row, author: Author, note: str | None) -> Enquiry:
    entry = {
        "enquiry_id": enquiry.row.id,
        "version": enquiry.row.version,
        "at": tx.now,
        "actor_id": author.id,
        "actor_role": author.role,
        "action": row.action,
        "from_state": row.source,
        "to_state": row.target,
    }
    tx.add(enquiry_history, {**entry, "label": row.label, "note": note})
    feed.tell(tx, enquiry.row, row.event, {**entry, **_told(enquiry.row), "order_id": enquiry.row.order_id})
    return enquiry


def _told(row: Row) -> dict[str, Any]:
    return {"number": row.number, "buyer": party(row, "buyer"), "supplier": party(row, "supplier")}


def _add(tx: Transaction, table: Table, values: Mapping[str, Any]) -> Row:
    tx.add(table, values)
    return row_of(table)(**values)


def _change(tx: Transaction, table: Table, row: Row, changes: Mapping[str, Any]) -> Row:
    """The row as changed. Only a transition makes a new version of it."""
    changes = {**changes, "updated_at": tx.now}
    tx.later(_CHANGE[table], {"key": row.id, "seen": row.version, **changes})
    return row._replace(**changes)


def _set_deadlines(
    tx: Transaction, aggregate: str, key: str, due: Mapping[str, datetime], clocked: AbstractSet[str | None] = frozenset()
) -> Mapping[str, datetime]:
    """Replace those running by `due`. The clock strikes at the kinds `clocked`; the others only tell what is late."""
    tx.later(_STOP_DEADLINES, {"of": aggregate, "key": key})
    for kind, due_at in due.items():
        strikes_at = due_at if kind in clocked else None
        tx.add(deadlines, {"aggregate": aggregate, "aggregate_id": key, "kind": kind, "due_at": due_at, "strikes_at": strikes_at})
    return due
