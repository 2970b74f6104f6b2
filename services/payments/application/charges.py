"""Payments through a provider: begun by the buyer's submission, given up with their order, and what the provider's answers make of them.

The provider itself is asked by `asking`. Whoever changes a payment has its order's account locked, and locks that first.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import select, update

from services.payments.application import books, moves, refunds
from services.payments.application.asked import Heard, after, believed, judge, requested, why
from services.payments.domain.ledger import MOVEMENTS
from services.payments.domain.order_account import CAPTURED, OrderAccount, PaymentRefused
from services.payments.domain.provider_payment import GIVE_BACK, GIVEN_UP, HOLD, LIVE, PAYMENT, REFUSE, is_over, step
from services.payments.models import payment_methods, provider_payments
from shared.kit.money import Money
from shared.platform.database import Transaction

_TIMEOUT = "The payment provider took too long over it. Pay again, or otherwise: should it still be taken, it goes back where it came from."


def check_idle(tx: Transaction, order_id: str) -> None:
    """PaymentRefused `payment_under_way` while it is not decided what becomes of the order's last one."""
    if tx.execute(_live(order_id)).first():
        raise PaymentRefused("payment_under_way", "The provider is still at work on this order's payment.")


def begin(tx: Transaction, account: OrderAccount, kind: str, method_id: str | None) -> None:
    """Have the open account's payment taken from a method that its buyer has bound.

    PaymentRefused `payment_method_missing` or `method_not_accepted`.
    """
    bound = select(payment_methods).where(payment_methods.c.id == method_id, payment_methods.c.account_id == account.buyer_id)
    method = tx.execute(bound).one_or_none()
    if method is None:
        raise PaymentRefused("payment_method_missing", "The buyer has no such payment method. Bind it first, or choose another.")
    if method.kind != kind:
        raise PaymentRefused("method_not_accepted", f"{method.label} is not a {kind} but a {method.kind}.")
    own = {"method": method.reference, "kind": kind, "last4": method.last4}
    tx.add(provider_payments, requested(tx, {"order_id": account.order_id}, method.provider, account.due) | own)


def give_up(tx: Transaction, order_id: str) -> None:
    """The order, whose account is locked, is over: none of its payments is wanted any more."""
    for row in tx.execute(_live(order_id).with_for_update()).all():
        target = step(PAYMENT, row.state, GIVEN_UP).target
        next_at = None if is_over(PAYMENT, target) else tx.now
        _change(tx, row, {"state": target, "said": None, "attempts": 0, "next_at": next_at, "changed_at": tx.now})


def hear(tx: Transaction, payment_id: str, until: datetime, heard: Heard | None) -> None:
    """Do what the provider's answer makes of the payment, or its silence (None); it was leased `until` then."""
    order_id = tx.execute(select(provider_payments.c.order_id).where(provider_payments.c.id == payment_id)).scalar_one()
    account = books.find_account(tx, order_id, lock=True)
    row = tx.execute(select(provider_payments).where(provider_payments.c.id == payment_id).with_for_update()).one()
    assert account is not None
    heard = believed(row, heard)
    moved, said, reason = judge(row, heard, tx.now)
    _change(tx, row, after(tx, PAYMENT, row, moved.target, until, heard) | {"said": said, "reason": reason})
    through = replace(account, provider=row.provider)
    if moved.effect == HOLD:
        moves.move(tx, CAPTURED, through, row.provider)
    elif moved.effect == REFUSE:
        moves.refuse(tx, order_id, *why(moved.target, reason, _TIMEOUT))
    elif moved.effect == GIVE_BACK:
        transfer = MOVEMENTS["undue_captured"].transfer(through.owners, Money(row.amount, row.currency))
        books.record(tx, transfer, row.provider, order_id=order_id, cause=row.id)
        refunds.give_back_undue(tx, row)


def _live(order_id: str) -> Any:
    return select(provider_payments).where(provider_payments.c.order_id == order_id, provider_payments.c.state.in_(LIVE))


def _change(tx: Transaction, row: Any, changes: dict[str, Any]) -> None:
    tx.execute(update(provider_payments).where(provider_payments.c.id == row.id).values(changes))
