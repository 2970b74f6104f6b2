"""The ledger's tables. What keeps its totals and forbids changing a transfer are triggers: see the first migration."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import BigInteger, CheckConstraint, Column, ForeignKeyConstraint, Index, MetaData, String, Table, UniqueConstraint

from services.payments.domain.ledger import CHART, MOVEMENTS
from services.payments.domain.order_account import STATES
from shared.kit.money import LARGEST_MINOR
from shared.platform.columns import Id, UtcDateTime

metadata = MetaData()

# SQLite would turn a sum beyond 64 bits into a float: totals end before that.
LARGEST_TOTAL = 9 * 10**18


def _one_of(column: str, values: Iterable[str]) -> str:
    return f"{column} IN ({', '.join(map(repr, values))})"


_DEBIT_SIDE = [kind.name for kind in CHART.values() if kind.side == "debit"]

ledger_accounts = Table(
    "ledger_accounts",
    metadata,
    Column("code", String(60), primary_key=True),
    Column("currency", String(3), primary_key=True),
    Column("kind", String(20), nullable=False),
    # Kept by the trigger on transfers.
    Column("debits", BigInteger, nullable=False, server_default="0"),
    Column("credits", BigInteger, nullable=False, server_default="0"),
    CheckConstraint(f"{_one_of('kind', CHART)} AND code LIKE kind || ':%'", name="ledger_account_kind"),
    CheckConstraint(f"CASE WHEN {_one_of('kind', _DEBIT_SIDE)} THEN debits >= credits ELSE credits >= debits END", name="ledger_account_not_overdrawn"),
    CheckConstraint(f"debits BETWEEN 0 AND {LARGEST_TOTAL} AND credits BETWEEN 0 AND {LARGEST_TOTAL}", name="ledger_account_totals"),
)

order_accounts = Table(
    "order_accounts",
    metadata,
    Column("order_id", Id(), primary_key=True),
    Column("buyer_id", Id(), nullable=False),
    Column("supplier_id", Id(), nullable=False),
    Column("settlement", String(10), CheckConstraint("settlement IN ('direct', 'escrow')", name="order_account_settlement"), nullable=False),
    Column("state", String(20), CheckConstraint(_one_of("state", STATES), name="order_account_state"), nullable=False),
    Column("due", BigInteger, CheckConstraint("due > 0", name="order_account_due"), nullable=False),
    Column("currency", String(3), nullable=False),
    Column("opened_at", UtcDateTime, nullable=False),
    Column("changed_at", UtcDateTime, nullable=False),
)

# One positive amount from one account to another is balanced by construction, and its one currency is part of both foreign keys.
transfers = Table(
    "transfers",
    metadata,
    Column("id", Id(), primary_key=True),
    Column("kind", String(40), CheckConstraint(_one_of("kind", MOVEMENTS), name="transfer_kind"), nullable=False),
    Column("debit", String(60), nullable=False),
    Column("credit", String(60), nullable=False),
    Column("amount", BigInteger, CheckConstraint(f"amount BETWEEN 1 AND {LARGEST_MINOR}", name="transfer_amount"), nullable=False),
    Column("currency", String(3), nullable=False),
    Column("order_id", Id()),
    Column("reference", String(140), unique=True),  # the bank's, of a deposit: each counts once
    Column("actor_id", String(80), nullable=False),
    Column("at", UtcDateTime, nullable=False),
    ForeignKeyConstraint(["debit", "currency"], ["ledger_accounts.code", "ledger_accounts.currency"], name="transfer_debit_fkey"),
    ForeignKeyConstraint(["credit", "currency"], ["ledger_accounts.code", "ledger_accounts.currency"], name="transfer_credit_fkey"),
    ForeignKeyConstraint(["order_id"], ["order_accounts.order_id"], name="transfer_order_fkey"),
    CheckConstraint("debit <> credit", name="transfer_between_two"),
    CheckConstraint("(kind = 'deposit') = (reference IS NOT NULL) AND (kind = 'deposit') = (order_id IS NULL)", name="transfer_belongs"),
    UniqueConstraint("order_id", "kind", name="transfer_once_per_order"),  # an order makes each movement at most once
)
Index("transfers_debit", transfers.c.debit, transfers.c.currency)
Index("transfers_credit", transfers.c.credit, transfers.c.currency)
