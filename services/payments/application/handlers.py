"""A buyer's payment, and the command by which operators book a deposit."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from services.payments.application import books, charges, moves, queries
from services.payments.domain.deposit import check_deposit
from services.payments.domain.ledger import MOVEMENTS
from services.payments.domain.order_account import OrderAccount, PaymentRefused, check_payment
from services.payments.domain.provider_payment import METHOD_KINDS
from services.payments.models import transfers
from shared.kit.errors import Conflict
from shared.platform.calls import Call
from shared.platform.database import Transaction


def take_payment(
    tx: Transaction, event: str, account: OrderAccount, actor_id: str, *, method: str, amount: str, currency: str, payment_method_id: str | None
) -> None:
    """Take the payment the buyer submitted (`amount` in major units), have the provider asked for it, or tell why not; a refused one moves nothing."""
    try:
        check_payment(account, method, amount, currency)
        charges.check_idle(tx, account.order_id)
        if method in METHOD_KINDS:
            charges.begin(tx, account, method, payment_method_id)
        else:
            moves.move(tx, event, account, actor_id)
    except PaymentRefused as refused:
        moves.refuse(tx, account.order_id, refused.code, refused.message)


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
