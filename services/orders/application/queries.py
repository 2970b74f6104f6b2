"""What a caller may see: enquiries and orders, one by one and in pages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import func, or_, select, true

from services.orders.application import answers
from services.orders.application.pages import page
from services.orders.application.records import Order, Row, find_enquiry, find_order, party
from services.orders.domain import enquiry as negotiations, lifecycle
from services.orders.models import enquiries, orders, purchases
from shared.kit.errors import Invalid, NotFound
from shared.platform.calls import Call
from shared.platform.database import Transaction

_SHARED = ("number", "state", "version", "buyer_id", "buyer_name", "supplier_id", "supplier_name", "updated_at")
_ENQUIRY_COLUMNS = (*_SHARED, "order_id")
_ORDER_COLUMNS = (*_SHARED, "enquiry_id", "purchase_id", "purchase_number", "awaiting", "currency", "total")


def get_enquiry(tx: Transaction, call: Call) -> dict[str, Any]:
    """An `Enquiry`; NotFound for who is neither a party nor an operator."""
    actor = call.require_actor()
    return answers.enquiry(tx, find_enquiry(tx, call.data["id"], actor), actor)


def get_order(tx: Transaction, call: Call) -> dict[str, Any]:
    """An `Order`; NotFound for who is neither a party nor an operator."""
    actor = call.require_actor()
    return answers.order(tx, find_order(tx, call.data["id"], actor, history=True), actor)


def enquiry_parties(tx: Transaction, call: Call) -> dict[str, dict[str, str]]:
    """Both parties by role; NotFound as for `get_enquiry`."""
    return _parties(find_enquiry(tx, call.data["id"], call.require_actor()).row)


def order_parties(tx: Transaction, call: Call) -> dict[str, dict[str, str]]:
    """As `enquiry_parties`."""
    return _parties(find_order(tx, call.data["id"], call.require_actor()).row)


def get_purchase(tx: Transaction, call: Call) -> dict[str, Any]:
    """A `Purchase`; NotFound for who is neither its buyer nor an operator. A supplier sees no more of it than their own order."""
    actor = call.require_actor()
    row = tx.execute(select(purchases).where(purchases.c.id == call.data["id"])).one_or_none()
    if row is None or not (actor.is_operator or actor.id == row.buyer_id):
        raise NotFound("not_found", "There is no such purchase.")
    rows = tx.execute(select(orders).where(orders.c.purchase_id == row.id))
    return answers.purchase(row, [Order(each, {}) for each in rows])


def list_enquiries(tx: Transaction, call: Call) -> dict[str, Any]:
    """An `EnquiryPage` of the caller's own, of all for an operator."""
    actor = call.require_actor()
    rows, following = page(tx, enquiries, _ENQUIRY_COLUMNS, actor, _known_state(call.data, negotiations.STATES))
    return {"items": [answers.enquiry_summary(row) for row in rows], "next": following}


def list_orders(tx: Transaction, call: Call) -> dict[str, Any]:
    """An `OrderPage` of the caller's own, of all for an operator."""
    actor = call.require_actor()
    rows, following = page(tx, orders, _ORDER_COLUMNS, actor, _known_state(call.data, lifecycle.STATES))
    return {"items": [answers.order_summary(Order(row, {})) for row in rows], "next": following}


def own_orders_among(tx: Transaction, call: Call) -> dict[str, Any]:
    """`OrderIds`: those that the caller is a party to; all that there are for an operator."""
    actor = call.require_actor()
    own = true() if actor.is_operator else or_(orders.c.buyer_id == actor.id, orders.c.supplier_id == actor.id)
    return {"ids": list(tx.execute(select(orders.c.id).where(orders.c.id.in_(call.data["ids"]), own)).scalars())}


def orders_by_state(tx: Transaction) -> dict[str, int]:
    """How many orders stand in each state; states without any, too."""
    counted = tx.execute(select(orders.c.state, func.count().label("orders")).group_by(orders.c.state))
    return dict.fromkeys(lifecycle.STATES, 0) | {row.state: row.orders for row in counted}


def _parties(row: Row) -> dict[str, dict[str, str]]:
    return {role: party(row, role) for role in ("buyer", "supplier")}


def _known_state(data: Mapping[str, Any], states: Iterable[str]) -> Mapping[str, Any]:
    if "state" in data and data["state"] not in states:
        raise Invalid("invalid_fields", "There is no such state.", {"state": [f"Must be one of: {', '.join(states)}."]})
    return data
