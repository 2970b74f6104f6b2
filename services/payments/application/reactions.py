"""Which events of orders and logistics payments follows, and what it reads in those of orders."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from services.payments.application import books, charges, freight_charges, handlers, moves, refunds
from services.payments.domain.exchange import Agreed
from services.payments.domain.order_account import OrderAccount, check_exchange
from shared.kit.errors import NotFound
from shared.platform.database import Transaction
from shared.platform.wire import Event


def open_account(tx: Transaction, event: Event) -> None:
    """An order is made: what it comes to is due, in the currency that it is to be paid in."""
    data = event.data
    due, exchange = data["total"], None
    if agreed := data["exchange"]:
        due, exchange = agreed["total"], Agreed(data["total"], agreed["rate"], agreed["rate_id"])
        check_exchange(exchange, due)
    new = OrderAccount(data["order_id"], data["buyer"]["id"], data["supplier"]["id"], data["terms"]["settlement"], due, exchange=exchange)
    moves.move(tx, event.type, books.find_account(tx, new.order_id, lock=True) or new, data["actor_id"])


def take_payment(tx: Transaction, event: Event) -> None:
    """The buyer says it is paid: the amount is as the form has it, in major units."""
    data = event.data
    form = data["form"]
    parts = {name: form[name] for name in ("method", "amount", "currency")} | {"payment_method_id": form.get("payment_method_id")}
    handlers.take_payment(tx, event.type, _locked_account(tx, data), data["actor_id"], **parts)


def settle_invoice(tx: Transaction, event: Event) -> None:
    """The supplier says how much has come."""
    data = event.data
    moves.move(tx, event.type, _locked_account(tx, data), data["actor_id"], said=data["form"]["received_amount"])


def give_up(tx: Transaction, event: Event) -> None:
    """The order ended before its time, and orders says what the buyer is owed; what is asked of a provider for it is not wanted any more."""
    data = event.data
    account = _locked_account(tx, data)
    outcome = moves.move(tx, event.type, account, data["actor_id"], said=data.get("refund"))
    if outcome.state == "closed":
        charges.give_up(tx, account.order_id)
    if outcome.state == "returning":
        refunds.give_back_whole(tx, account, outcome.amount, data["actor_id"], data["reason"])


def follow(tx: Transaction, event: Event) -> None:
    """Events in which the order alone matters."""
    data = event.data
    moves.move(tx, event.type, _locked_account(tx, data), data["actor_id"])


def _locked_account(tx: Transaction, data: Mapping[str, Any]) -> OrderAccount:
    account = books.find_account(tx, data["order_id"], lock=True)
    if account is None:
        raise NotFound("order_account_not_found", "The order has no account here.")
    return account


Reaction = Callable[[Transaction, Event], None]

ON_ORDERS: dict[str, Reaction] = {
    "orders.order_placed.v1": open_account,
    "orders.payment_submitted.v1": take_payment,
    "orders.payment_confirmed.v1": settle_invoice,
    "orders.order_rejected.v1": give_up,
    "orders.order_cancelled.v1": give_up,
    "orders.refund_received.v1": follow,
    "orders.protection_ended.v1": follow,
}
PROVIDER_WANTED = ("orders.payment_submitted.v1", "orders.order_cancelled.v1")
"""Those after which there may be something to ask the provider at once."""
REACTIONS: dict[str, Reaction] = {
    **ON_ORDERS,
    "logistics.freight_due.v1": freight_charges.charge,
    "logistics.freight_credited.v1": freight_charges.credit,
}
TOGETHER = ("orders.order_placed.v1",)
"""What touches the accounts of its order alone; the others move the parties' balances."""


def lock(tx: Transaction, events: Sequence[Event]) -> None:
    """The accounts of the orders that are made: there are none yet, as a rule."""
    books.lock_accounts(tx, {event.subject for event in events})
