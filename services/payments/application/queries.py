"""What may be read: an order's payments by its parties and operators, a party's own balances."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from services.payments.application import books
from services.payments.domain.ledger import Transfer, balance
from services.payments.domain.order_account import position
from services.payments.domain.provider_payment import ON_ITS_WAY, REFUND_TELLS
from services.payments.models import ledger_accounts, provider_payments, refunds, transfers
from shared.kit.errors import NotFound
from shared.kit.money import Money
from shared.platform.calls import Call
from shared.platform.database import Transaction


def get_order_payments(tx: Transaction, call: Call) -> dict[str, Any]:
    """Where an order's money stands, with its transfers, oldest first; NotFound for everybody but its parties and operators."""
    actor = call.require_actor()
    account = books.find_account(tx, call.data["id"])
    if account is None or not (actor.is_operator or actor.id in (account.buyer_id, account.supplier_id)):
        raise NotFound("order_not_found", "There is no such order.")
    rows = tx.execute(select(transfers).where(transfers.c.order_id == account.order_id).order_by(transfers.c.at, transfers.c.id)).all()
    asked, back = (_of_order(tx, table, account.order_id) for table in (provider_payments, refunds))
    hidden = {"last4": "", "reason": None} if actor.id == account.supplier_id else {}  # of the buyer's means only the buyer is told
    stands = position(account, [Transfer(row.kind, row.debit, row.credit, Money(row.amount, row.currency)) for row in rows])
    return {
        "order_id": account.order_id,
        "settlement": account.settlement,
        "state": account.state,
        "due": account.due,
        "paid": stands.paid,
        "held": stands.held,
        "refund_due": stands.refund_due,
        "exchange": account.exchange,
        "transfers": [
            {"id": row.id, "kind": row.kind, "debit": row.debit, "credit": row.credit, "amount": Money(row.amount, row.currency), "at": row.at} for row in rows
        ],
        "provider_payments": [{**row, **hidden, "amount": Money(row["amount"], row["currency"])} for row in asked],
        "refunds": [as_refund(row) for row in back],
    }


def get_refund(tx: Transaction, call: Call) -> dict[str, Any]:
    """A refund, for the parties of its order and operators; NotFound for everybody else."""
    actor = call.require_actor()
    row = tx.execute(select(refunds).where(refunds.c.id == call.data["id"])).mappings().one_or_none()
    account = row and books.find_account(tx, row["order_id"])
    if row is None or account is None or not (actor.is_operator or actor.id in (account.buyer_id, account.supplier_id)):
        raise NotFound("refund_not_found", "There is no such refund.")
    return as_refund(row)


def as_refund(row: Any) -> dict[str, Any]:
    """A `PaymentRefund`, of a row by column name."""
    told_by = REFUND_TELLS[row["kind"]]
    on_its_way = told_by is not None and row["state"] in ON_ITS_WAY
    return {**row, "amount": Money(row["amount"], row["currency"]), "awaiting": [told_by] if on_its_way else []}


def get_balances(tx: Transaction, call: Call) -> dict[str, Any]:
    """The caller's own funds."""
    return balances_of(tx, call.require_actor().id)


def balances_of(tx: Transaction, party: str) -> dict[str, Any]:
    """A party's funds, one amount a currency, by currency; those that are spent are left out."""
    accounts = select(ledger_accounts).where(ledger_accounts.c.code == f"balance:{party}").order_by(ledger_accounts.c.currency)
    funds = (Money(balance(row.code, row.debits, row.credits), row.currency) for row in tx.execute(accounts))
    return {"items": [each for each in funds if each.minor]}


def _of_order(tx: Transaction, table: Any, order_id: str) -> Any:
    return tx.execute(select(table).where(table.c.order_id == order_id).order_by(table.c.created_at, table.c.id)).mappings().all()
