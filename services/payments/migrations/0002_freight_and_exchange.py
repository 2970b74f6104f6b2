"""Freight accounts, their entries and movements, and exchange rates, which are only ever added."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from shared.platform.checks import change_check
from shared.platform.columns import Id, Json, UtcDateTime

revision = "payments_freight_and_exchange"
down_revision = "payments_0001"
branch_labels = None
depends_on = None

_TRIGGERS = {
    "postgresql": (
        """
        CREATE FUNCTION refuse_rate_change() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
            RAISE EXCEPTION 'exchange rates are never changed' USING ERRCODE = 'restrict_violation';
        END $$
        """,
        "CREATE TRIGGER rates_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON exchange_rates FOR EACH STATEMENT EXECUTE FUNCTION refuse_rate_change()",
    ),
    "sqlite": (
        "CREATE TRIGGER rates_no_update BEFORE UPDATE ON exchange_rates BEGIN SELECT RAISE(ABORT, 'exchange rates are never changed'); END",
        "CREATE TRIGGER rates_no_delete BEFORE DELETE ON exchange_rates BEGIN SELECT RAISE(ABORT, 'exchange rates are never changed'); END",
    ),
}

_CHECKS = (
    # table, name, condition from now on, condition before
    (
        "ledger_accounts",
        "ledger_account_kind",
        (
            "kind IN ('bank', 'balance', 'escrow', 'freight', 'carriage', 'exchange', 'sale', 'receivable', 'in_transit', 'settled', 'refund_due') "
            "AND code LIKE kind || ':%'"
        ),
        "kind IN ('bank', 'balance', 'escrow', 'sale', 'receivable', 'in_transit', 'settled', 'refund_due') AND code LIKE kind || ':%'",
    ),
    (
        "ledger_accounts",
        "ledger_account_not_overdrawn",
        (
            "CASE WHEN kind IN ('bank', 'receivable', 'in_transit', 'settled', 'refund_due') THEN debits >= credits "
            "WHEN kind IN ('balance', 'escrow', 'freight', 'carriage', 'sale') THEN credits >= debits ELSE kind IN ('exchange') END"
        ),
        "CASE WHEN kind IN ('bank', 'receivable', 'in_transit', 'settled', 'refund_due') THEN debits >= credits ELSE credits >= debits END",
    ),
    (
        "transfers",
        "transfer_kind",
        (
            "kind IN ('deposit', 'escrow_paid', 'escrow_refunded', 'escrow_released', 'freight_topped_up', 'freight_charged', 'freight_credited', 'invoiced', "
            "'invoice_voided', 'payment_reported', 'payment_confirmed', 'refund_of_reported_claimed', 'refund_of_settled_claimed', 'refund_settled', 'exchanged')"
        ),
        (
            "kind IN ('deposit', 'escrow_paid', 'escrow_refunded', 'escrow_released', 'invoiced', 'invoice_voided', 'payment_reported', 'payment_confirmed', "
            "'refund_of_reported_claimed', 'refund_of_settled_claimed', 'refund_settled')"
        ),
    ),
    (
        "transfers",
        "transfer_belongs",
        (
            "(kind IN ('deposit')) = (reference IS NOT NULL) AND CASE WHEN kind = 'exchanged' THEN (order_id IS NULL) <> (freight_id IS NULL) ELSE "
            "(kind IN ('escrow_paid', 'escrow_refunded', 'escrow_released', 'invoiced', 'invoice_voided', 'payment_reported', 'payment_confirmed', "
            "'refund_of_reported_claimed', 'refund_of_settled_claimed', 'refund_settled')) = (order_id IS NOT NULL) AND "
            "(kind IN ('freight_charged', 'freight_credited')) = (freight_id IS NOT NULL) END"
        ),
        "(kind = 'deposit') = (reference IS NOT NULL) AND (kind = 'deposit') = (order_id IS NULL)",
    ),
)


def upgrade() -> None:
    op.create_table(
        "freight_accounts",
        sa.Column("supplier_id", Id(), primary_key=True),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("bound_at", UtcDateTime, nullable=False),
    )
    op.create_table(
        "freight_entries",
        sa.Column("id", Id(), primary_key=True),
        sa.Column("charge_id", Id(), nullable=False),
        sa.Column("direction", sa.String(6), nullable=False),
        sa.Column("order_id", Id(), nullable=False),
        sa.Column("supplier_id", Id(), nullable=False),
        sa.Column("items", Json, nullable=False),
        sa.Column("amount", sa.BigInteger, nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("state", sa.String(11), nullable=False),
        sa.Column("moved", sa.BigInteger),
        sa.Column("rate", sa.String(40)),
        sa.Column("reason", sa.String(40)),
        sa.Column("message", sa.String(500)),
        sa.Column("at", UtcDateTime, nullable=False),
        sa.Column("changed_at", UtcDateTime, nullable=False),
        sa.UniqueConstraint("charge_id", "direction", name="freight_entry_once"),
        sa.CheckConstraint("direction IN ('charge', 'credit')", name="freight_entry_direction"),
        sa.CheckConstraint("amount BETWEEN 0 AND 1000000000000000", name="freight_entry_amount"),
        sa.CheckConstraint("state IN ('charged', 'credited', 'refused', 'outstanding', 'withdrawn')", name="freight_entry_state"),
        sa.CheckConstraint("(state IN ('charged', 'credited')) = (moved IS NOT NULL) AND moved >= 0", name="freight_entry_moved"),
    )
    op.create_index("freight_entries_order", "freight_entries", ["order_id"])
    op.create_index("freight_entries_supplier", "freight_entries", ["supplier_id", "at"])
    op.create_table(
        "exchange_rates",
        sa.Column("id", Id(), primary_key=True),
        sa.Column("base", sa.String(3), nullable=False),
        sa.Column("quote", sa.String(3), nullable=False),
        sa.Column("rate", sa.String(40), nullable=False),
        sa.Column("valid_from", UtcDateTime, nullable=False),
        sa.Column("valid_until", UtcDateTime),
        sa.Column("loaded_by", sa.String(80), nullable=False),
        sa.Column("loaded_at", UtcDateTime, nullable=False),
        sa.UniqueConstraint("base", "quote", "valid_from", name="exchange_rate_once"),
        sa.CheckConstraint("CAST(rate AS NUMERIC) > 0", name="exchange_rate_positive"),
        sa.CheckConstraint("base <> quote", name="exchange_rate_between_two"),
        sa.CheckConstraint("valid_until > valid_from", name="exchange_rate_validity"),
    )
    dialect = op.get_bind().dialect.name
    op.execute(f"ALTER TABLE transfers ADD COLUMN freight_id {'UUID' if dialect == 'postgresql' else 'CHAR(32)'} REFERENCES freight_entries (id)")
    op.create_index("transfers_freight", "transfers", ["freight_id", "kind"], unique=True)
    for table, name, condition, _ in _CHECKS:
        change_check(table, name, condition)
    for statement in _TRIGGERS[dialect]:
        op.execute(statement)


def downgrade() -> None:
    for table, name, _, condition in reversed(_CHECKS):
        change_check(table, name, condition)
    op.drop_index("transfers_freight", "transfers")
    op.drop_column("transfers", "freight_id")
    for table in ("exchange_rates", "freight_entries", "freight_accounts"):
        op.drop_table(table)
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION refuse_rate_change()")
