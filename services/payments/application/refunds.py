"""What goes back to buyers: part of what is held, by an operator; the whole of it, with the order; what a provider took undue.

It goes through the provider that has it, which `asking` asks, or at once to the balance that it came from.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import select, update

from services.payments.application import books, moves
from services.payments.application.asked import Heard, after, believed, requested
from services.payments.application.queries import as_refund
from services.payments.domain.ledger import MOVEMENTS
from services.payments.domain.order_account import RETURNED as REFUND_RETURNED, OrderAccount
from services.payments.domain.provider_payment import BOUNCED, CREDITED, REFUNDS, RETURNED, step
from services.payments.models import provider_payments, refunds
from shared.kit.errors import Conflict, Invalid, NotFound
from shared.kit.money import Money
from shared.platform.calls import Call
from shared.platform.database import Transaction

_MOVED = {RETURNED: MOVEMENTS["escrow_returned"], CREDITED: MOVEMENTS["escrow_credited"], BOUNCED: MOVEMENTS["escrow_bounced"]}
"""A refund's effect → how its money moves."""


def make_refund(tx: Transaction, call: Call) -> dict[str, Any]:
    """Give the buyer back some of what is held for the order; the rest goes on as it would. Only for operators.

    NotFound; Conflict `nothing_held`; Invalid where the amount is not less than what is held, or is of another currency.
    """
    operator, data = call.require_actor("operator"), call.data
    account = books.find_account(tx, data["id"], lock=True)
    if account is None:
        raise NotFound("order_not_found", "There is no such order.")
    held = books.least_balance(tx, [f"escrow:{account.order_id}"], account.due.currency)
    if account.state != "held" or held is None:
        raise Conflict("nothing_held", "Nothing is held for this order.", state=account.state)
    _check_part(data["amount"], held)
    own = {"kind": "part", "reason": data["reason"], "actor_id": operator.id}
    if account.provider:
        row = _request(tx, account.order_id, _payment_of(tx, account), data["amount"], own)
    else:
        row = requested(tx, {"order_id": account.order_id}, None, data["amount"]) | own | {"payment_id": None, "state": "made", "next_at": None}
        tx.add(refunds, row)
        _tell_part(tx, row, data["amount"])
    movement = MOVEMENTS["escrow_returning" if account.provider else "escrow_refunded"]
    books.record(tx, movement.transfer(account.owners, data["amount"]), operator.id, order_id=account.order_id, cause=row["id"])
    return as_refund(row)


def give_back_whole(tx: Transaction, account: OrderAccount, amount: Money, actor_id: str, reason: str | None) -> None:
    """The order is given up: what was held of its payment, which is set aside already, is to go back."""
    own = {"kind": "whole", "reason": reason or "The order was cancelled.", "actor_id": actor_id}
    _request(tx, account.order_id, _payment_of(tx, account), amount, own)


def give_back_undue(tx: Transaction, payment: Any) -> None:
    """The provider took a payment that had been given up: all of it is to go back."""
    own = {"kind": "undue", "reason": "The payment was taken although it had been given up.", "actor_id": payment.provider}
    _request(tx, payment.order_id, payment, Money(payment.amount, payment.currency), own)


def hear(tx: Transaction, refund_id: str, until: datetime, heard: Heard | None) -> None:
    """Do what the provider's answer makes of the refund, or its silence (None); it was leased `until` then."""
    order_id = tx.execute(select(refunds.c.order_id).where(refunds.c.id == refund_id)).scalar_one()
    account = books.find_account(tx, order_id, lock=True)
    row = tx.execute(select(refunds).where(refunds.c.id == refund_id).with_for_update()).one()
    assert account is not None
    heard = believed(row, heard)
    moved = step(REFUNDS, row.state, heard.state if heard else None)
    tx.execute(update(refunds).where(refunds.c.id == row.id).values(after(tx, REFUNDS, row, moved.target, until, heard)))
    if moved.effect is None:
        return
    amount = Money(row.amount, row.currency)
    movement = _MOVED[moved.effect].transfer(replace(account, provider=row.provider).owners, amount)
    books.record(tx, movement, row.provider, order_id=order_id, cause=row.id)
    if moved.effect == BOUNCED:  # the order's account has ended with it; only where its buyer has the money is new
        tx.emit("payments.refund_bounced.v1", order_id, {"order_id": order_id, "refund_id": row.id, "amount": amount})
    elif row.kind == "whole":
        moves.move(tx, REFUND_RETURNED, account, row.provider, said=amount)
    elif row.kind == "part":
        _tell_part(tx, row._mapping, amount)


def _check_part(amount: Money, held: Money) -> None:
    if amount.currency != held.currency:
        raise Invalid("refund_refused", "This refund cannot be made.", {"amount.currency": [f"The order is paid in {held.currency}."]})
    if not amount < held:
        less = f"Must be less than the {held} that are held. The whole goes back when the order is cancelled."
        raise Invalid("refund_refused", "This refund cannot be made.", {"amount": [less]})


def _payment_of(tx: Transaction, account: OrderAccount) -> Any:
    """The payment that is held for the order."""
    captured = select(provider_payments).where(provider_payments.c.order_id == account.order_id, provider_payments.c.state == "captured")
    return tx.execute(captured).one()


def _request(tx: Transaction, order_id: str, payment: Any, amount: Money, own: dict[str, Any]) -> dict[str, Any]:
    row = requested(tx, {"order_id": order_id}, payment.provider, amount) | own | {"payment_id": payment.id}
    tx.add(refunds, row)
    return row


def _tell_part(tx: Transaction, row: Any, amount: Money) -> None:
    told = {"order_id": row["order_id"], "refund_id": row["id"], "amount": amount, "reason": row["reason"]}
    tx.emit("payments.part_refunded.v1", row["order_id"], told)
