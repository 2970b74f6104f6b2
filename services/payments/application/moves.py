"""The one place where an order's account moves. Which event moves what is told in `domain/order_account.py`."""

from __future__ import annotations

from services.payments.application import books
from services.payments.domain.order_account import OrderAccount, Outcome, decide, row_for
from shared.kit.money import Money
from shared.platform.database import Transaction


def move(tx: Transaction, event: str, account: OrderAccount, actor_id: str, said: Money | None = None) -> Outcome:
    """Do to the account, which is locked or not there yet, what its table says for the event; `said` is the amount in the event, if any."""
    row = row_for(account, event)
    outcome = decide(row, account, books.least_balance(tx, row.takes_from(account), account.due.currency), said)
    books.keep_account(tx, account, outcome.state)
    for transfer in outcome.transfers:
        books.record(tx, transfer, actor_id, order_id=account.order_id)
    if outcome.tells:
        tx.emit(outcome.tells, account.order_id, {"order_id": account.order_id, "amount": outcome.amount})
    return outcome


def refuse(tx: Transaction, order_id: str, reason: str, message: str) -> None:
    """Tell that the order's payment is not taken, and why."""
    tx.emit("payments.payment_refused.v1", order_id, {"order_id": order_id, "reason": reason, "message": message})
