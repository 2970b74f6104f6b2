"""Payments and refunds through providers: methods, what is asked of providers, and their movements, of which an order may make several of a kind."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

from shared.platform.checks import change_check
from shared.platform.columns import Id, UtcDateTime

revision = "payments_provider_payments"
down_revision = "payments_payment_currency"
branch_labels = None
depends_on = None

_CHECKS = (
    # table, name, condition from now on, condition before
    (
        "ledger_accounts",
        "ledger_account_kind",
        (
            "kind IN ('bank', 'balance', 'provider', 'escrow', 'returning', 'freight', 'carriage', 'exchange', 'sale', 'receivable', 'in_transit', 'settled', "
            "'refund_due') AND code LIKE kind || ':%'"
        ),
        (
            "kind IN ('bank', 'balance', 'escrow', 'freight', 'carriage', 'exchange', 'sale', 'receivable', 'in_transit', 'settled', 'refund_due') "
            "AND code LIKE kind || ':%'"
        ),
    ),
    (
        "ledger_accounts",
        "ledger_account_not_overdrawn",
        (
            "CASE WHEN kind IN ('bank', 'provider', 'receivable', 'in_transit', 'settled', 'refund_due') THEN debits >= credits "
            "WHEN kind IN ('balance', 'escrow', 'returning', 'freight', 'carriage', 'sale') THEN credits >= debits ELSE kind IN ('exchange') END"
        ),
        (
            "CASE WHEN kind IN ('bank', 'receivable', 'in_transit', 'settled', 'refund_due') THEN debits >= credits "
            "WHEN kind IN ('balance', 'escrow', 'freight', 'carriage', 'sale') THEN credits >= debits ELSE kind IN ('exchange') END"
        ),
    ),
    (
        "order_accounts",
        "order_account_state",
        "state IN ('open', 'reported', 'settled', 'closed', 'refund_due', 'refunded', 'held', 'released', 'returning')",
        "state IN ('open', 'reported', 'settled', 'closed', 'refund_due', 'refunded', 'held', 'released')",
    ),
    (
        "transfers",
        "transfer_kind",
        (
            "kind IN ('deposit', 'escrow_paid', 'escrow_refunded', 'escrow_released', 'escrow_captured', 'escrow_returning', 'undue_captured', "
            "'escrow_returned', 'escrow_credited', 'freight_topped_up', 'freight_charged', 'freight_credited', 'invoiced', 'invoice_voided', "
            "'payment_reported', 'payment_confirmed', 'refund_of_reported_claimed', 'refund_of_settled_claimed', 'refund_settled', 'exchanged')"
        ),
        (
            "kind IN ('deposit', 'escrow_paid', 'escrow_refunded', 'escrow_released', 'freight_topped_up', 'freight_charged', 'freight_credited', 'invoiced', "
            "'invoice_voided', 'payment_reported', 'payment_confirmed', 'refund_of_reported_claimed', 'refund_of_settled_claimed', 'refund_settled', 'exchanged')"
        ),
    ),
    (
        "transfers",
        "transfer_belongs",
        (
            "(kind IN ('deposit')) = (reference IS NOT NULL) AND CASE WHEN kind = 'exchanged' THEN (order_id IS NULL) <> (freight_id IS NULL) ELSE "
            "(kind IN ('escrow_paid', 'escrow_refunded', 'escrow_released', 'escrow_captured', 'escrow_returning', 'undue_captured', 'escrow_returned', "
            "'escrow_credited', 'invoiced', 'invoice_voided', 'payment_reported', 'payment_confirmed', 'refund_of_reported_claimed', "
            "'refund_of_settled_claimed', 'refund_settled')) = (order_id IS NOT NULL) AND "
            "(kind IN ('freight_charged', 'freight_credited')) = (freight_id IS NOT NULL) END"
        ),
        (
            "(kind IN ('deposit')) = (reference IS NOT NULL) AND CASE WHEN kind = 'exchanged' THEN (order_id IS NULL) <> (freight_id IS NULL) ELSE "
            "(kind IN ('escrow_paid', 'escrow_refunded', 'escrow_released', 'invoiced', 'invoice_voided', 'payment_reported', 'payment_confirmed', "
            "'refund_of_reported_claimed', 'refund_of_settled_claimed', 'refund_settled')) = (order_id IS NOT NULL) AND "
            "(kind IN ('freight_charged', 'freight_credited')) = (freight_id IS NOT NULL) END"
        ),
    ),
)

_AFTER = "CONSTRAINT transfer_between_two CHECK (debit <> credit)"
_ONCE = "CONSTRAINT transfer_once_per_order UNIQUE (order_id, kind)"


def upgrade() -> None:
    for table, name, condition, _ in _CHECKS:
        change_check(table, name, condition)
    op.add_column("order_accounts", sa.Column("provider", sa.String(20)))
    op.add_column("transfers", sa.Column("cause", Id()))
    if op.get_bind().dialect.name == "postgresql":
        op.drop_constraint("transfer_once_per_order", "transfers", type_="unique")
    else:
        _make_anew("transfers", f", \n\t{_ONCE}", "")
    _create_index("transfer_once_per_order", "transfers", ["order_id", "kind"], "cause IS NULL", unique=True)
    op.create_index("transfer_once_per_cause", "transfers", ["cause", "kind"], unique=True)
    op.create_table(
        "payment_methods",
        sa.Column("id", Id(), primary_key=True),
        sa.Column("account_id", Id(), nullable=False),
        sa.Column("provider", sa.String(20), nullable=False),
        sa.Column("reference", sa.String(200), nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("label", sa.String(60), nullable=False),
        sa.Column("last4", sa.String(4), nullable=False),
        sa.Column("expires", sa.String(7)),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.CheckConstraint("kind IN ('card', 'wallet', 'bank_debit')", name="payment_method_kind"),
        sa.UniqueConstraint("account_id", "provider", "reference", name="payment_method_once"),
    )
    op.create_table(
        "provider_payments",
        sa.Column("id", Id(), primary_key=True),
        sa.Column("order_id", Id(), nullable=False),
        sa.Column("provider", sa.String(20), nullable=False),
        sa.Column("method", sa.String(200), nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("last4", sa.String(4), nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("said", sa.String(20)),
        sa.Column("reason", sa.String(40)),
        *_asked(),
        sa.ForeignKeyConstraint(["order_id"], ["order_accounts.order_id"], name="provider_payment_order_fkey"),
        sa.UniqueConstraint("provider", "reference", name="provider_payment_reference"),
        sa.CheckConstraint("kind IN ('card', 'wallet', 'bank_debit')", name="provider_payment_kind"),
        sa.CheckConstraint(
            "state IN ('requested', 'authorizing', 'cancelled', 'authorized', 'captured', 'declined', 'cancelling', 'capturing', 'undue')",
            name="provider_payment_state",
        ),
        sa.CheckConstraint("amount BETWEEN 1 AND 1000000000000000", name="provider_payment_amount"),
        sa.CheckConstraint("reference IS NOT NULL OR NOT state IN ('captured', 'undue')", name="provider_payment_known"),
    )
    standing = "state IN ('requested', 'authorizing', 'authorized', 'capturing', 'captured')"
    _create_index("provider_payment_one", "provider_payments", ["order_id"], standing, unique=True)
    op.create_index("provider_payments_order", "provider_payments", ["order_id"])
    op.create_table(
        "refunds",
        sa.Column("id", Id(), primary_key=True),
        sa.Column("order_id", Id(), nullable=False),
        sa.Column("payment_id", Id()),
        sa.Column("provider", sa.String(20)),
        sa.Column("kind", sa.String(10), nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("actor_id", sa.String(80), nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        *_asked(),
        sa.ForeignKeyConstraint(["order_id"], ["order_accounts.order_id"], name="refund_order_fkey"),
        sa.ForeignKeyConstraint(["payment_id"], ["provider_payments.id"], name="refund_payment_fkey"),
        sa.UniqueConstraint("provider", "reference", name="refund_reference"),
        sa.CheckConstraint("kind IN ('whole', 'part', 'undue')", name="refund_kind"),
        sa.CheckConstraint("state IN ('requested', 'refunding', 'made', 'credited')", name="refund_state"),
        sa.CheckConstraint("amount BETWEEN 1 AND 1000000000000000", name="refund_amount"),
        sa.CheckConstraint(
            "(payment_id IS NULL) = (provider IS NULL) AND (payment_id IS NOT NULL OR kind = 'part' AND state = 'made')",
            name="refund_way",
        ),
    )
    _create_index("refund_whole_once", "refunds", ["order_id"], "kind = 'whole'", unique=True)
    _create_index("refund_undue_once", "refunds", ["payment_id"], "kind = 'undue'", unique=True)
    op.create_index("refunds_order", "refunds", ["order_id"])
    for table in ("provider_payments", "refunds"):
        _create_index(f"{table}_due", table, ["next_at"], "next_at IS NOT NULL")


def downgrade() -> None:
    for table in ("refunds", "provider_payments", "payment_methods"):
        op.drop_table(table)
    for index in ("transfer_once_per_cause", "transfer_once_per_order"):
        op.drop_index(index, "transfers")
    if op.get_bind().dialect.name == "postgresql":
        op.create_unique_constraint("transfer_once_per_order", "transfers", ["order_id", "kind"])
    else:
        _make_anew("transfers", _AFTER, f"{_AFTER}, \n\t{_ONCE}")
    op.drop_column("transfers", "cause")
    op.drop_column("order_accounts", "provider")
    for table, name, _, condition in reversed(_CHECKS):
        change_check(table, name, condition)


def _asked() -> list[sa.Column[Any]]:
    return [
        sa.Column("amount", sa.BigInteger, nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("reference", sa.String(200)),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.Column("changed_at", UtcDateTime, nullable=False),
        sa.Column("next_at", UtcDateTime),
    ]


def _create_index(name: str, table: str, columns: list[str], where: str, *, unique: bool = False) -> None:
    op.create_index(name, table, columns, unique=unique, postgresql_where=sa.text(where), sqlite_where=sa.text(where))


def _make_anew(table: str, old: str, new: str) -> None:
    """SQLite keeps a unique constraint in the table itself: make it anew with other words in its definition, its indexes and triggers too.

    The old one goes by another name meanwhile; its triggers, which forbid deleting, do not fire when it is dropped.
    """
    connection = op.get_bind()
    found = connection.execute(sa.text("SELECT type, sql FROM sqlite_schema WHERE tbl_name = :name AND sql IS NOT NULL"), {"name": table}).all()
    (definition,) = (row.sql for row in found if row.type == "table")
    if old not in definition:
        raise ValueError(f"{table} has no {old}")
    before = f"{table}_before"
    fill = f"INSERT INTO {table} SELECT * FROM {before}"  # noqa: S608  (names of ours)
    copy = (f"ALTER TABLE {table} RENAME TO {before}", definition.replace(old, new), fill, f"DROP TABLE {before}")
    for statement in (*copy, *(row.sql for row in found if row.type != "table")):
        connection.exec_driver_sql(statement)
