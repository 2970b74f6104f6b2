"""The ledger's tables, orders' and freight accounts, and exchange rates. What keeps totals and forbids changing a transfer or a rate are triggers: see the migrations."""

from __future__ import annotations

from sqlalchemy import BigInteger, CheckConstraint, Column, ForeignKey, ForeignKeyConstraint, Index, String, Table, UniqueConstraint, text

from services.payments.domain import freight
from services.payments.domain.ledger import CHART, EXCHANGED, KINDS, MOVEMENTS
from services.payments.domain.order_account import STATES
from services.payments.models.metadata import metadata, one_of
from shared.kit.money import LARGEST_MINOR
from shared.platform.columns import Id, Json, UtcDateTime

# SQLite would turn a sum beyond 64 bits into a float: totals end before that.
LARGEST_TOTAL = 9 * 10**18


def _side(side: str) -> str:
    return one_of("kind", [kind.name for kind in CHART.values() if kind.side == side])


def _belongs(column: str) -> str:
    return f"({one_of('kind', [each.kind for each in MOVEMENTS.values() if each.of == column])}) = ({column} IS NOT NULL)"


_ORDERS_OR_FREIGHTS = (
    f"CASE WHEN kind = '{EXCHANGED}' THEN (order_id IS NULL) <> (freight_id IS NULL) ELSE {_belongs('order_id')} AND {_belongs('freight_id')} END"
)

ledger_accounts = Table(
    "ledger_accounts",
    metadata,
    Column("code", String(60), primary_key=True),
    Column("currency", String(3), primary_key=True),
    Column("kind", String(20), nullable=False),
    # Kept by the trigger on transfers.
    Column("debits", BigInteger, nullable=False, server_default="0"),
    Column("credits", BigInteger, nullable=False, server_default="0"),
    CheckConstraint(f"{one_of('kind', CHART)} AND code LIKE kind || ':%'", name="ledger_account_kind"),
    CheckConstraint(
        f"CASE WHEN {_side('debit')} THEN debits >= credits WHEN {_side('credit')} THEN credits >= debits ELSE {_side('either')} END",
        name="ledger_account_not_overdrawn",
    ),
    CheckConstraint(f"debits BETWEEN 0 AND {LARGEST_TOTAL} AND credits BETWEEN 0 AND {LARGEST_TOTAL}", name="ledger_account_totals"),
)

order_accounts = Table(
    "order_accounts",
    metadata,
    Column("order_id", Id(), primary_key=True),
    Column("buyer_id", Id(), nullable=False),
    Column("supplier_id", Id(), nullable=False),
    Column("settlement", String(10), CheckConstraint("settlement IN ('direct', 'escrow')", name="order_account_settlement"), nullable=False),
    Column("state", String(20), CheckConstraint(one_of("state", STATES), name="order_account_state"), nullable=False),
    Column("due", BigInteger, CheckConstraint("due > 0", name="order_account_due"), nullable=False),
    Column("currency", String(3), nullable=False),
    Column("opened_at", UtcDateTime, nullable=False),
    Column("changed_at", UtcDateTime, nullable=False),
    # Where what is due is in another currency than the order: the order's own total, and the rate that was agreed on.
    Column("total", BigInteger),
    Column("total_currency", String(3)),
    Column("rate", String(40)),
    Column("rate_id", Id()),
    CheckConstraint(
        "(total IS NULL) = (total_currency IS NULL) AND (total IS NULL) = (rate IS NULL) AND (total IS NULL) = (rate_id IS NULL) "
        "AND total > 0 AND total_currency <> currency",
        name="order_account_exchange",
    ),
    Column("provider", String(20)),  # who holds its payment for the platform
)

# One a supplier, in the currency that its balance is kept in (in the ledger, as `freight:<supplier>`).
freight_accounts = Table(
    "freight_accounts",
    metadata,
    Column("supplier_id", Id(), primary_key=True),
    Column("currency", String(3), nullable=False),
    Column("bound_at", UtcDateTime, nullable=False),
)

# What logistics had charged or credited, once a charge id and direction: `amount` as it was billed, `moved` in the account's currency (at `rate`, if that is another).
freight_entries = Table(
    "freight_entries",
    metadata,
    Column("id", Id(), primary_key=True),
    Column("charge_id", Id(), nullable=False),
    Column("direction", String(6), CheckConstraint(one_of("direction", freight.DIRECTIONS), name="freight_entry_direction"), nullable=False),
    Column("order_id", Id(), nullable=False),
    Column("supplier_id", Id(), nullable=False),
    Column("items", Json, nullable=False),
    Column("amount", BigInteger, CheckConstraint(f"amount BETWEEN 0 AND {LARGEST_MINOR}", name="freight_entry_amount"), nullable=False),
    Column("currency", String(3), nullable=False),
    Column("state", String(11), CheckConstraint(one_of("state", freight.STATES), name="freight_entry_state"), nullable=False),
    Column("moved", BigInteger),
    Column("rate", String(40)),
    Column("reason", String(40)),
    Column("message", String(500)),
    Column("at", UtcDateTime, nullable=False),
    Column("changed_at", UtcDateTime, nullable=False),
    UniqueConstraint("charge_id", "direction", name="freight_entry_once"),
    CheckConstraint(f"({one_of('state', freight.MOVED)}) = (moved IS NOT NULL) AND moved >= 0", name="freight_entry_moved"),
)
Index("freight_entries_order", freight_entries.c.order_id)
Index("freight_entries_supplier", freight_entries.c.supplier_id, freight_entries.c.at)

# Only ever added to. The newest of a pair's rows that are valid is the one that counts.
exchange_rates = Table(
    "exchange_rates",
    metadata,
    Column("id", Id(), primary_key=True),
    Column("base", String(3), nullable=False),
    Column("quote", String(3), nullable=False),
    Column("rate", String(40), CheckConstraint("CAST(rate AS NUMERIC) > 0", name="exchange_rate_positive"), nullable=False),  # exact: SQLite has no decimals
    Column("valid_from", UtcDateTime, nullable=False),
    Column("valid_until", UtcDateTime),
    Column("loaded_by", String(80), nullable=False),
    Column("loaded_at", UtcDateTime, nullable=False),
    UniqueConstraint("base", "quote", "valid_from", name="exchange_rate_once"),
    CheckConstraint("base <> quote", name="exchange_rate_between_two"),
    CheckConstraint("valid_until > valid_from", name="exchange_rate_validity"),
)

# One positive amount from one account to another is balanced by construction, and its one currency is part of both foreign keys.
transfers = Table(
    "transfers",
    metadata,
    Column("id", Id(), primary_key=True),
    Column("kind", String(40), CheckConstraint(one_of("kind", KINDS), name="transfer_kind"), nullable=False),
    Column("debit", String(60), nullable=False),
    Column("credit", String(60), nullable=False),
    Column("amount", BigInteger, CheckConstraint(f"amount BETWEEN 1 AND {LARGEST_MINOR}", name="transfer_amount"), nullable=False),
    Column("currency", String(3), nullable=False),
    Column("order_id", Id()),
    Column("reference", String(140), unique=True),  # the bank's, of a deposit: each counts once
    Column("actor_id", String(80), nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("freight_id", Id(), ForeignKey(freight_entries.c.id)),
    Column("cause", Id()),  # the payment, refund or payout it was made for
    ForeignKeyConstraint(["debit", "currency"], ["ledger_accounts.code", "ledger_accounts.currency"], name="transfer_debit_fkey"),
    ForeignKeyConstraint(["credit", "currency"], ["ledger_accounts.code", "ledger_accounts.currency"], name="transfer_credit_fkey"),
    ForeignKeyConstraint(["order_id"], ["order_accounts.order_id"], name="transfer_order_fkey"),
    CheckConstraint("debit <> credit", name="transfer_between_two"),
    CheckConstraint(f"{_belongs('reference')} AND {_ORDERS_OR_FREIGHTS}", name="transfer_belongs"),
)
# An order makes each movement at most once, but for those with a cause of their own.
_PLAIN = text("cause IS NULL")
Index("transfer_once_per_order", transfers.c.order_id, transfers.c.kind, unique=True, postgresql_where=_PLAIN, sqlite_where=_PLAIN)
Index("transfer_once_per_cause", transfers.c.cause, transfers.c.kind, unique=True)
Index("transfers_debit", transfers.c.debit, transfers.c.currency)
Index("transfers_credit", transfers.c.credit, transfers.c.currency)
Index("transfers_freight", transfers.c.freight_id, transfers.c.kind, unique=True)  # an entry of a freight account moves once
