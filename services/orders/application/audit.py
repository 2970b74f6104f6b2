"""The orders' audit, for `reconcile`: each history is a whole walk that ends where the order is, and was told event by event."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, func, or_, select

from services.orders.domain.steps import CANCELLED, STEPS
from services.orders.models import order_history, orders
from shared.platform.audit import Sum, faults
from shared.platform.database import Transaction
from shared.platform.records import outbox

_SHIPPING = next(step for step in STEPS if step.name == "shipping")


@dataclass(frozen=True, slots=True)
class Standing:
    """An order as the other services' books must agree with it."""

    state: str
    settlement: str
    awaiting: bool
    paid: bool
    shipped: bool
    refunded: bool
    protected: bool


def sums(tx: Transaction) -> list[Sum]:
    """All checks in turn."""
    return [*_walks(tx), *_told(tx), *_states(tx)]


def standings(tx: Transaction) -> dict[str, Standing]:
    """Every order by id."""
    left = order_history.c.from_state == _SHIPPING.state, order_history.c.to_state.not_in((_SHIPPING.state, _SHIPPING.exception_state, CANCELLED))
    shipped = select(order_history.c.order_id).where(order_history.c.order_id == orders.c.id, *left).exists()
    ended = select(order_history.c.order_id).where(order_history.c.order_id == orders.c.id, order_history.c.action == "end_protection").exists()
    rows = tx.execute(select(orders, shipped.label("shipped"), ended.label("ended")))
    return {
        row.id: Standing(
            row.state, row.terms["settlement"], bool(row.awaiting), row.paid is not None, row.shipped, row.refund_received_at is not None, not row.ended
        )
        for row in rows
    }


def _walks(tx: Transaction) -> list[Sum]:
    """Versions count from 1, each entry begins where the one before it ended, the last ends in the order's state."""
    history = order_history.c
    before = func.lag(history.to_state).over(partition_by=history.order_id, order_by=history.version)
    rank = func.row_number().over(partition_by=history.order_id, order_by=history.version)
    entries = select(history.order_id, history.version, history.from_state, before.label("before"), rank.label("rank")).subquery().c
    torn = or_(entries.version != entries.rank, and_(entries.rank > 1, entries.from_state.is_distinct_from(entries.before)))
    found = [(row.order_id, {"version": row.version}, 1) for row in tx.execute(select(entries.order_id, entries.version).where(torn))]
    last = and_(history.order_id == orders.c.id, history.version == orders.c.version, history.to_state == orders.c.state)
    unfinished = select(orders.c.id, orders.c.version).where(~select(history.order_id).where(last).exists())
    found += [(row.id, {"version": row.version}, 1) for row in tx.execute(unfinished)]
    return faults("histories are whole", "all orders", _count(tx), found)


def _told(tx: Transaction) -> list[Sum]:
    """As many events as history entries."""
    entries = _counts(tx, order_history.c.order_id)
    events = _counts(tx, outbox.c.subject)
    differing = [(order, {"entries": count, "events": events.get(order, 0)}, count - events.get(order, 0)) for order, count in entries.items()]
    return faults("one event a transition", "all orders", len(entries), [each for each in differing if each[2]])


def _counts(tx: Transaction, column: ColumnElement[str]) -> dict[str, int]:
    """How many rows there are for each value of the column."""
    return {row.value: row.rows for row in tx.execute(select(column.label("value"), func.count().label("rows")).group_by(column))}


def _states(tx: Transaction) -> list[Sum]:
    return [Sum("orders", state, {"orders": count}) for state, count in sorted(_counts(tx, orders.c.state).items())]


def _count(tx: Transaction) -> int:
    return int(tx.execute(select(func.count()).select_from(orders)).scalar_one())
