"""What other services' events do to an order: the table of steps decides, and what comes late or again does nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from services.orders.application import feed, moves
from services.orders.application.records import Author, find_order, lock_orders
from services.orders.domain import lifecycle
from services.orders.domain.steps import RULES, STEPS
from services.orders.domain.terms import EVERY_CHOICE
from services.orders.domain.transitions import expand
from shared.platform.database import Transaction
from shared.platform.wire import Event


def follow(tx: Transaction, event: Event) -> None:
    """Move the order as its table says for this event, if it concerns the order as it stands."""
    data = event.data
    order = find_order(tx, data["order_id"], lock=True)
    transition = lifecycle.confirm(order.situation, event.type)
    if transition is None:
        return
    author = Author(event.source, transition.roles[0])
    paid = data["amount"] if event.type == "payments.payment_recorded.v1" else None
    moves.apply(tx, order, transition, author, reason=data.get("reason"), note=_in_words(data, order.row.lines), paid=paid)


def see_refund(tx: Transaction, event: Event) -> None:
    """Escrow's refund has reached the buyer."""
    order = find_order(tx, event.data["order_id"], lock=True)
    if order.situation.refund_open:
        moves.refund_arrived(tx, order)


def _in_words(data: Mapping[str, Any], lines: list[dict[str, Any]]) -> str | None:
    """Why a service refused: its own sentence, or which of the order's lines the stock is short of."""
    if "reason" not in data or "message" in data:
        return data.get("message")
    names = {line["product_id"]: line["sku"] for line in lines}
    return "; ".join(f"{names[each['product_id']]}: {each['wanted']} wanted, {each['available']} available" for each in data["lines"])


def lock(tx: Transaction, events: Sequence[Event]) -> None:
    """The orders that these events may move."""
    if moved := {event.raw["order_id"] for event in events if event.type in _OWN}:
        lock_orders(tx, moved)


Reaction = Callable[[Transaction, Event], None]

_OWN: dict[str, Reaction] = {
    **{event_type: follow for choices in EVERY_CHOICE for transition in expand(STEPS, RULES, choices) for event_type in transition.on},
    "payments.refund_made.v1": see_refund,
}


def _told_first(reaction: Reaction) -> Reaction:
    """The parties are told what was done elsewhere, then what became of it here."""

    def both(tx: Transaction, event: Event) -> None:
        feed.hear(tx, event)
        reaction(tx, event)

    return both


REACTIONS = {
    **dict.fromkeys(feed.HEARD, feed.hear),
    **{event_type: _told_first(reaction) if event_type in feed.HEARD else reaction for event_type, reaction in _OWN.items()},
}
