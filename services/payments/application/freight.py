"""A supplier's freight account: bound once, topped up, read. What is charged to it is in `freight_charges`."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from sqlalchemy import Row, bindparam, func, select

from services.payments.application import books, freight_charges, top_ups
from services.payments.domain import ledger
from services.payments.domain.deposit import NOT_FUNDS
from services.payments.domain.freight import BIND, OUTSTANDING, TOP_UP
from services.payments.domain.ledger import MOVEMENTS
from services.payments.models import freight_accounts, freight_entries, ledger_accounts
from shared.kit.errors import Conflict, Invalid, NotFound
from shared.kit.money import Money
from shared.platform.calls import Call
from shared.platform.database import Transaction

SHOWN = 50
"""How many of its latest entries, and top-ups through providers, an account is read with."""
TOPPED_UP = "payments.freight_topped_up.v1"

_LATEST = select(freight_entries).where(freight_entries.c.supplier_id == bindparam("key")).order_by(freight_entries.c.at.desc(), freight_entries.c.id.desc())


def bind(tx: Transaction, call: Call) -> dict[str, Any]:
    """The supplier gets a freight account; Conflict `freight_account_bound` where they have one, Invalid where its currency is none to hold funds in."""
    supplier, currency = call.require_actor("supplier").id, call.data["currency"]
    if currency in NOT_FUNDS:
        raise Invalid("freight_account_refused", "This account cannot be bound.", {"currency": ["Funds cannot be held in it."]})
    if not tx.insert_once(freight_accounts, {"supplier_id": supplier, "currency": currency, "bound_at": tx.now}):
        raise Conflict("freight_account_bound", f"A freight account in {_account(tx, supplier).currency} is bound already: top it up ({TOP_UP}).")
    tx.emit("payments.freight_account_bound.v1", supplier, {"account_id": supplier, "currency": currency})
    return _shape(tx, _account(tx, supplier))


def get(tx: Transaction, call: Call) -> dict[str, Any]:
    """The caller's own; NotFound says how to get one."""
    return _shape(tx, _account(tx, call.require_actor("supplier").id))


def top_up(tx: Transaction, call: Call) -> dict[str, Any]:
    """Funds from the supplier's balance; what is outstanding is taken from them at once, as far as they reach. From a payment method it takes
    the provider's answer until they are there.

    Invalid where the amount is not in the account's currency or there is no such method, Conflict `insufficient_funds` where the balance falls short.
    """
    supplier, amount = call.require_actor("supplier").id, call.data["amount"]
    account = _account(tx, supplier, lock=True)
    if amount.currency != account.currency:
        raise Invalid("currency_mismatch", f"The freight account is in {account.currency}.", {"amount.currency": [f"Must be {account.currency}."]})
    if method_id := call.data.get("payment_method_id"):
        top_ups.begin(tx, supplier, amount, method_id)
        return _shape(tx, account)
    books.check_funds(tx, supplier, amount)
    books.record(tx, MOVEMENTS["freight_topped_up"].transfer({"supplier": supplier}, amount), supplier)
    tx.emit(TOPPED_UP, supplier, {"account_id": supplier, "amount": amount})
    freight_charges.take_outstanding(tx, account)
    return _shape(tx, account)


def _account(tx: Transaction, supplier: str, *, lock: bool = False) -> Row[Any]:
    account = freight_charges.find_account(tx, supplier, lock=lock)
    if account is None:
        raise NotFound("freight_account_missing", f"There is no freight account yet: bind one ({BIND}).")
    return account


def _shape(tx: Transaction, account: Row[Any]) -> dict[str, Any]:
    code = f"freight:{account.supplier_id}"
    kept = tx.execute(select(ledger_accounts).where(ledger_accounts.c.code == code, ledger_accounts.c.currency == account.currency)).one_or_none()
    total = select(freight_entries.c.currency, func.sum(freight_entries.c.amount).label("amount")).group_by(freight_entries.c.currency)
    outstanding = total.where(freight_entries.c.supplier_id == account.supplier_id, freight_entries.c.state == OUTSTANDING)
    through_providers = top_ups.latest(tx, account.supplier_id, SHOWN)
    return {
        "account_id": account.supplier_id,
        "awaiting": [TOPPED_UP] if any(each["state"] == "pending" for each in through_providers) else [],
        "top_ups": through_providers,
        "currency": account.currency,
        "balance": Money(ledger.balance(code, kept.debits, kept.credits) if kept else 0, account.currency),
        "outstanding": [Money(int(row.amount), row.currency) for row in tx.execute(outstanding.order_by(freight_entries.c.currency))],
        "bound_at": account.bound_at,
        "entries": [_entry(row, account.currency) for row in tx.execute(_LATEST.limit(SHOWN), {"key": account.supplier_id})],
    }


def _entry(row: Row[Any], currency: str) -> dict[str, Any]:
    return {
        **row._mapping,
        "items": [{"kind": each["kind"], "amount": Money.of(**each["amount"])} for each in row.items],
        "amount": Money(row.amount, row.currency),
        "moved": None if row.moved is None else Money(row.moved, currency),
        "rate": row.rate and Decimal(row.rate),
    }
