"""Top-ups of freight accounts through a payment provider: begun by their suppliers, asked about by `asking`, on the account once they are captured.

Whoever changes one has the freight account locked, and locks that first.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Row, select, update

from services.payments.application import books, freight_charges
from services.payments.application.asked import Heard, after, believed, judge, requested, why
from services.payments.domain.ledger import MOVEMENTS
from services.payments.domain.provider_payment import GIVE_BACK, HOLD, LIVE, PAYMENT, REFUSE, TAKEN
from services.payments.models import freight_top_ups, payment_methods
from shared.kit.errors import Invalid
from shared.kit.money import Money
from shared.platform.database import Transaction

_TIMEOUT = "The payment provider took too long over it. Should it still be taken, it is on the freight account then."


def begin(tx: Transaction, supplier: str, amount: Money, method_id: str) -> None:
    """Have the amount taken from a method that the supplier has bound; Invalid where there is no such method."""
    bound = select(payment_methods).where(payment_methods.c.id == method_id, payment_methods.c.account_id == supplier)
    method = tx.execute(bound).one_or_none()
    if method is None:
        raise Invalid("payment_method_missing", "There is no such payment method.", {"payment_method_id": ["Not a method that you have bound."]})
    own = {"method": method.reference, "kind": method.kind, "last4": method.last4}
    tx.add(freight_top_ups, requested(tx, {"supplier_id": supplier}, method.provider, amount) | own)


def hear(tx: Transaction, top_up_id: str, until: datetime, heard: Heard | None) -> None:
    """Do what the provider's answer makes of the top-up, or its silence (None); it was leased `until` then.

    One that is captured after all belongs to the supplier as well: it goes on the account, not back.
    """
    mine = select(freight_top_ups).where(freight_top_ups.c.id == top_up_id)
    supplier = tx.execute(mine).one().supplier_id
    account = freight_charges.find_account(tx, supplier, lock=True)
    row = tx.execute(mine.with_for_update()).one()
    assert account is not None
    heard = believed(row, heard)
    moved, said, reason = judge(row, heard, tx.now)
    changes = after(tx, PAYMENT, row, moved.target, until, heard) | {"said": said, "reason": reason}
    tx.execute(update(freight_top_ups).where(freight_top_ups.c.id == row.id).values(changes))
    amount = Money(row.amount, row.currency)
    if moved.effect in (HOLD, GIVE_BACK):
        transfer = MOVEMENTS["freight_paid_in"].transfer({"provider": row.provider, "supplier": supplier}, amount)
        books.record(tx, transfer, row.provider, cause=row.id)
        tx.emit("payments.freight_topped_up.v1", supplier, {"account_id": supplier, "amount": amount})
        freight_charges.take_outstanding(tx, account)
    elif moved.effect == REFUSE:
        code, message = why(moved.target, reason, _TIMEOUT)
        tx.emit("payments.freight_top_up_refused.v1", supplier, {"account_id": supplier, "amount": amount, "reason": code, "message": message})


def latest(tx: Transaction, supplier: str, most: int) -> list[dict[str, Any]]:
    """The supplier's last top-ups through providers, newest first."""
    newest = select(freight_top_ups).where(freight_top_ups.c.supplier_id == supplier).order_by(freight_top_ups.c.created_at.desc(), freight_top_ups.c.id.desc())
    return [_shape(row) for row in tx.execute(newest.limit(most))]


def _shape(row: Row[Any]) -> dict[str, Any]:
    ended = row.state in ("declined", "cancelled", "cancelling")
    code, message = why(row.state, row.reason, _TIMEOUT) if ended else (None, None)
    state = "pending" if row.state in LIVE else "made" if row.state in TAKEN else "refused"
    return {**row._mapping, "amount": Money(row.amount, row.currency), "state": state, "reason": code, "message": message}
