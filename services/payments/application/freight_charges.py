"""Logistics' charges and credits on freight accounts: each taken once, all of it or nothing, and told; what is outstanding is taken as funds come in."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row, bindparam, select, update

from services.payments.application import books, exchange
from services.payments.domain import freight
from services.payments.domain.exchange import convert
from services.payments.domain.freight import CHARGE, CHARGED, CREDIT, CREDITED, MOVED, OUTSTANDING, REFUSED, WITHDRAWN, Due, Entry, FreightRefused, Item
from services.payments.domain.ledger import MOVEMENTS
from services.payments.models import freight_accounts, freight_entries
from shared.kit.errors import Conflict, NotFound
from shared.kit.ids import new_id
from shared.kit.money import Money
from shared.platform.database import Transaction
from shared.platform.wire import Event

ACTOR = "logistics"

_entries = freight_entries.c
_KEY: Any = bindparam("key")
_ACCOUNT = select(freight_accounts).where(freight_accounts.c.supplier_id == _KEY)
_LOCKED = _ACCOUNT.with_for_update()
_KNOWN = select(freight_entries).where(_entries.charge_id == _KEY, _entries.direction == bindparam("way"))
_OF_ORDER = select(freight_entries).where(_entries.order_id == _KEY, _entries.supplier_id == bindparam("supplier"), _entries.state.in_(MOVED))
_OUTSTANDING = select(freight_entries).where(_entries.supplier_id == _KEY, _entries.state == OUTSTANDING).order_by(_entries.at, _entries.id)
_CHANGE = update(freight_entries).where(_entries.id == _KEY)


def find_account(tx: Transaction, supplier: str, *, lock: bool = False) -> Row[Any] | None:
    """The supplier's freight account; with `lock`, whoever else wants to move something on it waits for the end of this transaction."""
    return tx.execute(_LOCKED if lock else _ACCOUNT, {"key": supplier}).one_or_none()


def charge(tx: Transaction, event: Event) -> None:
    """Freight is due: take all of it, or tell why not and what to do."""
    due = _due(event)
    account = find_account(tx, due.supplier_id, lock=True)
    if _is_known(tx, due, CHARGE):
        return
    entry = _add(tx, event, due, CHARGE, state=OUTSTANDING if due.stays_due else REFUSED)
    try:
        _take(tx, account, due, entry)
    except FreightRefused as refused:
        tx.later(_CHANGE, {"key": entry, "reason": refused.code, "message": refused.message})
        told = {"order_id": due.order_id, "charge_id": due.charge_id, "reason": refused.code, "message": refused.message}
        tx.emit("payments.freight_refused.v1", due.order_id, told)


def credit(tx: Transaction, event: Event) -> None:
    """Freight is given back; under the id of a charge that was never paid, that charge is withdrawn and nothing moves."""
    due = _due(event)
    account = find_account(tx, due.supplier_id, lock=True)
    if _is_known(tx, due, CREDIT):
        return
    charged = tx.execute(_KNOWN, {"key": due.charge_id, "way": CHARGE}).one_or_none()
    if charged and charged.state not in MOVED:
        _withdraw(tx, event, due, charged)
        return
    if account is None:
        raise NotFound("freight_account_not_found", "There is no freight account to give anything back to.")
    moved = tx.execute(_OF_ORDER, {"key": due.order_id, "supplier": due.supplier_id}).all()
    before = [Entry(row.direction, Money(row.amount, row.currency), Money(row.moved, account.currency)) for row in moved]
    given = freight.given_back(due, before, account.currency)
    entry = _add(tx, event, due, CREDIT, state=CREDITED, moved=given.minor)
    for transfer in MOVEMENTS["freight_credited"].exchanged({"supplier": due.supplier_id}, due.amount, given):
        books.record(tx, transfer, ACTOR, freight_id=entry)
    tx.emit("payments.freight_refunded.v1", due.order_id, {"order_id": due.order_id, "charge_id": due.charge_id, "amount": given})
    take_outstanding(tx, account)


def take_outstanding(tx: Transaction, account: Row[Any]) -> None:
    """Charge what is outstanding, oldest first, as far as the funds of the account, which is locked, reach; what has no exchange rate is passed over."""
    for row in tx.execute(_OUTSTANDING, {"key": account.supplier_id}).all():
        items = tuple(Item(each["kind"], Money.of(**each["amount"])) for each in row.items)
        try:
            _take(tx, account, Due(row.charge_id, row.order_id, row.supplier_id, items), row.id)
        except FreightRefused as refused:
            if refused.code != "freight_currency_mismatch":
                return


def _take(tx: Transaction, account: Row[Any] | None, due: Due, entry: str) -> None:
    """All of the charge, in the account's currency, and the entry says so; FreightRefused."""
    if account is None:
        raise freight.no_account(due)
    taken, rate = _converted(tx, due, account.currency)
    movement, owners = MOVEMENTS["freight_charged"], {"supplier": due.supplier_id}
    balance = books.least_balance(tx, movement.lowered(owners), account.currency)
    freight.check_funds(due, taken, balance or Money(0, account.currency))
    tx.later(_CHANGE, {"key": entry, "state": CHARGED, "moved": taken.minor, "rate": rate, "reason": None, "message": None, "changed_at": tx.now})
    for transfer in movement.exchanged(owners, taken, due.amount):
        books.record(tx, transfer, ACTOR, freight_id=entry)
    tx.emit("payments.freight_charged.v1", due.order_id, {"order_id": due.order_id, "charge_id": due.charge_id, "amount": taken})


def _converted(tx: Transaction, due: Due, currency: str) -> tuple[Money, str | None]:
    if due.amount.currency == currency:
        return due.amount, None
    found = exchange.find(tx, due.amount.currency, currency)
    if found is None:
        raise freight.no_rate(due, currency)
    return convert(due.amount, found.rate, currency), f"{found.rate:f}"


def _withdraw(tx: Transaction, event: Event, due: Due, charged: Row[Any]) -> None:
    _add(tx, event, due, CREDIT, state=WITHDRAWN)
    if charged.state == OUTSTANDING:
        tx.later(_CHANGE, {"key": charged.id, "state": WITHDRAWN, "changed_at": tx.now})


def _is_known(tx: Transaction, due: Due, direction: str) -> bool:
    """Whether it was dealt with before; Conflict `charge_id_reused` where something else was, under the same id."""
    row = tx.execute(_KNOWN, {"key": due.charge_id, "way": direction}).one_or_none()
    if row is None:
        return False
    if (row.order_id, row.supplier_id, Money(row.amount, row.currency)) != (due.order_id, due.supplier_id, due.amount):
        raise Conflict("charge_id_reused", f"The {direction} {due.charge_id} is another one.")
    return True


def _add(tx: Transaction, event: Event, due: Due, direction: str, *, state: str, moved: int | None = None) -> str:
    values = {
        "id": new_id(),
        "charge_id": due.charge_id,
        "direction": direction,
        "order_id": due.order_id,
        "supplier_id": due.supplier_id,
        "items": event.raw["items"],
        "amount": due.amount.minor,
        "currency": due.amount.currency,
        "state": state,
        "moved": moved,
        "at": tx.now,
        "changed_at": tx.now,
    }
    tx.add(freight_entries, values)
    return str(values["id"])


def _due(event: Event) -> Due:
    data = event.data
    return Due(data["charge_id"], data["order_id"], data["account_id"], tuple(Item(each["kind"], each["amount"]) for each in data["items"]))
