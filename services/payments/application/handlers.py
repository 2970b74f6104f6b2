"""The commands of payments: an order's account, a buyer's payment, a deposit. Which event moves what is told in `domain/order_account.py`."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from services.payments.application import books, queries
from services.payments.domain.deposit import check_deposit
from services.payments.domain.ledger import MOVEMENTS
from services.payments.domain.order_account import OrderAccount, PaymentRefused, check_payment, decide, row_for
from services.payments.models import transfers
from shared.kit.errors import Conflict
from shared.kit.money import Money
from shared.platform.calls import Call
from shared.platform.database import Transaction


def move(tx: Transaction, event: str, account: OrderAccount, actor_id: str, said: Money | None = None) -> None:
    """Do to the account, which is locked or not there yet, what its table says for the event; `said` is the amount in the event, if any."""
    row = row_for(account, event)
    outcome = decide(row, account, books.least_balance(tx, row.takes_from(account), account.due.currency), said)
    books.keep_account(tx, account, outcome.state)
    for transfer in outcome.transfers:
        books.record(tx, transfer, actor_id, order_id=account.order_id)
    if outcome.tells:
        tx.emit(outcome.tells, account.order_id, {"order_id": account.order_id, "amount": outcome.amount})


def take_payment(tx: Transaction, event: str, account: OrderAccount, actor_id: str, *, method: str, amount: str, currency: str) -> None:
    """Take the payment the buyer submitted (`amount` in major units), or tell why not; a refused one moves nothing."""
    try:
        check_payment(account, method, amount, currency)
        move(tx, event, account, actor_id)
    except PaymentRefused as refused:
        tx.emit("payments.payment_refused.v1", account.order_id, {"order_id": account.order_id, "reason": refused.code, "message": refused.message})


def deposit(tx: Transaction, call: Call) -> dict[str, Any]:
    """Put money that came by bank on a party's balance, once a reference; the balances after it.

    Only for operators. Invalid `deposit_refused`, Conflict `reference_used` where the reference stands for a different deposit.
    """
    operator = call.require_actor("operator")
    party, amount, reference = call.data["account_id"], call.data["amount"], call.data["reference"]
    check_deposit(party, amount)
    transfer = MOVEMENTS["deposit"].transfer({"party": party}, amount)
    if books.record(tx, transfer, operator.id, reference=reference):
        tx.emit("payments.deposit_made.v1", party, {"account_id": party, "amount": amount})
    else:
        known = tx.execute(select(transfers).where(transfers.c.reference == reference)).one()
        if (known.credit, known.amount, known.currency) != (transfer.credit, amount.minor, amount.currency):
            raise Conflict("reference_used", "This reference stands for a different deposit.")
    return queries.balances_of(tx, party)
