"""The ledger and the orders' accounts as rows: read under lock, write. Nothing is decided here but that a balance falls short."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

from sqlalchemy import bindparam, select, update

from services.payments.domain import ledger
from services.payments.domain.exchange import Agreed
from services.payments.domain.ledger import Transfer
from services.payments.domain.order_account import OrderAccount
from services.payments.models import ledger_accounts, order_accounts, transfers
from shared.kit.errors import Conflict
from shared.kit.ids import new_id
from shared.kit.money import Money
from shared.platform.database import Transaction
from shared.platform.statements import planned_each_time

_KEY: Any = bindparam("key")
_ACCOUNT = select(order_accounts).where(order_accounts.c.order_id == _KEY)
_LOCKED = _ACCOUNT.with_for_update()
_LOCK_ALL = planned_each_time(
    select(order_accounts).where(order_accounts.c.order_id.in_(bindparam("keys", expanding=True))).order_by(order_accounts.c.order_id).with_for_update()
)
_CHANGE = update(order_accounts).where(order_accounts.c.order_id == _KEY)


def lock_accounts(tx: Transaction, order_ids: Iterable[str]) -> None:
    """Lock the orders' accounts, in the order of their ids, and read them in one go for whoever finds them next, each once, in this transaction."""
    keys = sorted(order_ids)
    tx.ahead |= dict.fromkeys(keys) | {row.order_id: row for row in tx.execute(_LOCK_ALL, {"keys": keys})}


def find_account(tx: Transaction, order_id: str, *, lock: bool = False) -> OrderAccount | None:
    """The order's account; with `lock`, whoever else wants to move it waits for the end of this transaction."""
    row = tx.ahead.pop(order_id) if order_id in tx.ahead else tx.execute(_LOCKED if lock else _ACCOUNT, {"key": order_id}).one_or_none()
    if row is None:
        return None
    exchange = Agreed(Money(row.total, row.total_currency), Decimal(row.rate), row.rate_id) if row.rate else None
    return OrderAccount(row.order_id, row.buyer_id, row.supplier_id, row.settlement, Money(row.due, row.currency), row.state, exchange, row.provider)


def keep_account(tx: Transaction, account: OrderAccount, state: str) -> None:
    """Open the account in this state, or bring it there."""
    if account.state is not None:
        tx.later(_CHANGE, {"key": account.order_id, "state": state, "provider": account.provider, "changed_at": tx.now})
        return
    exchange = account.exchange
    values = {
        "order_id": account.order_id,
        "buyer_id": account.buyer_id,
        "supplier_id": account.supplier_id,
        "settlement": account.settlement,
        "state": state,
        "due": account.due.minor,
        "currency": account.due.currency,
        "total": exchange and exchange.order_total.minor,
        "total_currency": exchange and exchange.order_total.currency,
        "rate": exchange and f"{exchange.rate:f}",
        "rate_id": exchange and exchange.rate_id,
        "opened_at": tx.now,
        "changed_at": tx.now,
    }
    tx.add(order_accounts, values)


def least_balance(tx: Transaction, codes: Sequence[str], currency: str) -> Money | None:
    """What each of these accounts has at least, None without any; they stay locked, and are locked in the order of their codes."""
    if not codes:
        return None
    accounts = select(ledger_accounts).where(ledger_accounts.c.code.in_(codes), ledger_accounts.c.currency == currency)
    found = {row.code: ledger.balance(row.code, row.debits, row.credits) for row in tx.execute(accounts.order_by(ledger_accounts.c.code).with_for_update())}
    return Money(min(found.get(code, 0) for code in codes), currency)


def check_funds(tx: Transaction, party: str, wanted: Money) -> None:
    """Conflict `insufficient_funds` where the party's balance, which stays locked, has less."""
    available = least_balance(tx, [f"balance:{party}"], wanted.currency)
    if available is not None and available < wanted:
        raise Conflict("insufficient_funds", f"{wanted} are wanted and the balance has {available}: {wanted - available} are missing.")


def record(
    tx: Transaction,
    transfer: Transfer,
    actor_id: str,
    *,
    order_id: str | None = None,
    reference: str | None = None,
    freight_id: str | None = None,
    cause: str | None = None,
) -> bool:
    """Write the transfer down; False, and nothing changed, where a deposit of the same bank `reference` is there already.

    `cause` is the payment, refund or payout it is made for: that makes each kind of movement once.
    """
    currency = transfer.amount.currency
    for code in sorted((transfer.debit, transfer.credit)):
        tx.add_once(ledger_accounts, {"code": code, "currency": currency, "kind": ledger.kind_of(code).name})
    values = {
        "id": new_id(),
        "kind": transfer.kind,
        "debit": transfer.debit,
        "credit": transfer.credit,
        "amount": transfer.amount.minor,
        "currency": currency,
        "order_id": order_id,
        "reference": reference,
        "actor_id": actor_id,
        "at": tx.now,
        "freight_id": freight_id,
        "cause": cause,
    }
    if reference is not None:
        return tx.insert_once(transfers, values)
    tx.add(transfers, values)
    return True
