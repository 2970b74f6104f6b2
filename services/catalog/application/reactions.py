"""What orders do to stock (reserve all lines or none, commit what is shipped, release what is not), and accounts to their suppliers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import bindparam, select, update

from services.catalog.application.queries import FOR_SALE
from services.catalog.domain import reservation
from services.catalog.domain.reservation import Shelf, quantities, refusal
from services.catalog.models import products, reservation_lines, reservations, sellers
from shared.platform.database import Transaction
from shared.platform.statements import planned_each_time
from shared.platform.wire import Event

_KEY: Any = bindparam("key")
_STATES = planned_each_time(select(reservations.c.order_id, reservations.c.state).where(reservations.c.order_id.in_(bindparam("keys", expanding=True))))
_STATE = select(reservations.c.state).where(reservations.c.order_id == _KEY).with_for_update()
_CHANGE = update(reservations).where(reservations.c.order_id == _KEY)
_LINES = select(reservation_lines.c.product_id, reservation_lines.c.quantity).where(reservation_lines.c.order_id == _KEY)
_SHELF = (products.c.id, FOR_SALE.label("for_sale"), products.c.on_hand, products.c.reserved)
# They stay locked until the end of the transaction; always in the order of ids, so that no two orders wait for each other.
_SHELVES = select(*_SHELF).where(products.c.id.in_(bindparam("keys", expanding=True))).order_by(products.c.id).with_for_update()
_COUNT = (
    update(products)
    .where(products.c.id == _KEY)
    .values(reserved=products.c.reserved + bindparam("more_reserved"), on_hand=products.c.on_hand + bindparam("more_on_hand"))
)


def reserve_stock(tx: Transaction, event: Event) -> None:
    """Reserve every line of a placed order, or none; an order that is over already, or has its reservation, changes nothing."""
    order = event.data
    order_id, wanted = order["order_id"], quantities(order["lines"])
    if order_id not in tx.ahead:
        lock_shelves(tx, [event])
    if tx.ahead[order_id] is not None:
        return
    shelves = {each: tx.ahead[each] for each in wanted if each in tx.ahead}
    refused = refusal(wanted, shelves)
    _record(tx, order_id, reservation.REFUSED if refused else reservation.RESERVED)
    for each, quantity in wanted.items():
        tx.add(reservation_lines, {"order_id": order_id, "product_id": each, "quantity": quantity})
    if refused:
        tx.emit("catalog.stock_refused.v1", order_id, {"order_id": order_id, "reason": refused.reason, "lines": refused.lines})
    else:
        _move(tx, wanted, reserved=1)
        tx.ahead |= {each: replace(shelves[each], available=shelves[each].available - quantity) for each, quantity in wanted.items()}
        _tell(tx, "catalog.stock_reserved.v1", order_id, wanted)


def commit_stock(tx: Transaction, event: Event) -> None:
    """The reserved goods have left the shelf."""
    _settle(tx, event, reservation.after_shipping, on_hand=-1, tells="catalog.stock_committed.v1")


def release_stock(tx: Transaction, event: Event) -> None:
    """The order is over: what is still reserved for it is for sale again, and nothing will be reserved for it any more."""
    _settle(tx, event, reservation.after_the_end, on_hand=0, tells="catalog.stock_released.v1")


def rename_supplier(tx: Transaction, event: Event) -> None:
    """The products of a supplier who goes by another name show it. They are locked in the order of their ids, as everywhere."""
    own = products.c.supplier_id == event.data["account_id"]
    tx.execute(select(products.c.id).where(own).order_by(products.c.id).with_for_update())
    tx.execute(update(products).where(own).values(supplier_name=event.data["name"]))


def see_verification(tx: Transaction, event: Event) -> None:
    """A supplier who is verified no longer may not sell until they are again. What comes late does not undo what was told after it."""
    told = tx.upsert(sellers).values(id=event.subject, may_sell=event.type == "accounts.account_verified.v1", version=event.version)
    news = {"may_sell": told.excluded.may_sell, "version": told.excluded.version}
    tx.execute(told.on_conflict_do_update(index_elements=["id"], set_=news, where=sellers.c.version < told.excluded.version))


REACTIONS: dict[str, Callable[[Transaction, Event], None]] = {
    "orders.order_placed.v1": reserve_stock,
    "orders.order_rejected.v1": release_stock,
    "orders.order_cancelled.v1": release_stock,
    "orders.goods_shipped.v1": commit_stock,
    "accounts.account_renamed.v1": rename_supplier,
    "accounts.account_verified.v1": see_verification,
    "accounts.verification_withdrawn.v1": see_verification,
}
TOGETHER = ("orders.order_placed.v1",)
"""What may share a transaction, since its shelves are known, and locked, beforehand."""


def lock_shelves(tx: Transaction, events: Sequence[Event]) -> None:
    """For placed orders: all their products' shelves, in the order of ids, as each transaction locks them. They are read in one go, with the states of
    reservations that are there already."""
    orders = {event.subject for event in events}
    wanted = {line["product_id"] for event in events for line in event.raw["lines"]}
    tx.ahead |= {row.id: Shelf(row.for_sale, row.on_hand - row.reserved) for row in tx.execute(_SHELVES, {"keys": sorted(wanted)})}
    tx.ahead |= dict.fromkeys(orders) | {row.order_id: row.state for row in tx.execute(_STATES, {"keys": sorted(orders)})}


def _settle(tx: Transaction, event: Event, after: Callable[[str | None], str], on_hand: int, tells: str) -> None:
    order_id = event.data["order_id"]
    state = _state(tx, order_id)
    target = after(state)
    if state is None:
        _record(tx, order_id, target)
    elif state != target:
        tx.later(_CHANGE, {"key": order_id, "state": target, "updated_at": tx.now})
        lines = tx.execute(_LINES, {"key": order_id})
        held = {line.product_id: line.quantity for line in lines}
        tx.later(_SHELVES, {"keys": list(held)})
        _move(tx, held, reserved=-1, on_hand=on_hand)
        _tell(tx, tells, order_id, held)


def _state(tx: Transaction, order_id: str) -> str | None:
    return tx.execute(_STATE, {"key": order_id}).scalar_one_or_none()


def _record(tx: Transaction, order_id: str, state: str) -> None:
    tx.add(reservations, {"order_id": order_id, "state": state, "created_at": tx.now, "updated_at": tx.now})


def _move(tx: Transaction, quantity_of: Mapping[str, int], *, reserved: int, on_hand: int = 0) -> None:
    """Add the quantities, times the given signs, to the products' counts. The table's CHECK stands behind it: no oversell, whatever happens."""
    for each, quantity in quantity_of.items():
        tx.later(_COUNT, {"key": each, "more_reserved": quantity * reserved, "more_on_hand": quantity * on_hand})


def _tell(tx: Transaction, event: str, order_id: str, quantity_of: Mapping[str, int]) -> None:
    lines = [{"product_id": each, "quantity": quantity} for each, quantity in quantity_of.items()]
    tx.emit(event, order_id, {"order_id": order_id, "lines": lines})
