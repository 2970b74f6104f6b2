"""The ledger: accounts whose totals the database keeps, transfers that are only ever added, and the orders' accounts."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from shared.platform.columns import Id, UtcDateTime

revision = "payments_0001"
down_revision = None
branch_labels = ("payments",)
depends_on = None

_KEEP_TOTALS = """
    UPDATE ledger_accounts
    SET debits = debits + CASE WHEN code = NEW.debit THEN NEW.amount ELSE 0 END,
        credits = credits + CASE WHEN code = NEW.credit THEN NEW.amount ELSE 0 END
    WHERE currency = NEW.currency AND code IN (NEW.debit, NEW.credit);
"""

# Rows are locked in the order of their codes first: an UPDATE of two rows promises no order, and two transfers there and back would deadlock.
_TRIGGERS = {
    "postgresql": (
        f"""
        CREATE FUNCTION keep_ledger_totals() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
            PERFORM 1 FROM ledger_accounts
            WHERE currency = NEW.currency AND code IN (NEW.debit, NEW.credit) ORDER BY code FOR NO KEY UPDATE;
            {_KEEP_TOTALS}
            RETURN NULL;
        END $$
        """,
        "CREATE TRIGGER transfers_keep_totals AFTER INSERT ON transfers FOR EACH ROW EXECUTE FUNCTION keep_ledger_totals()",
        """
        CREATE FUNCTION refuse_ledger_change() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
            RAISE EXCEPTION 'transfers are never changed' USING ERRCODE = 'restrict_violation';
        END $$
        """,
        "CREATE TRIGGER transfers_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON transfers FOR EACH STATEMENT EXECUTE FUNCTION refuse_ledger_change()",
    ),
    "sqlite": (
        f"CREATE TRIGGER transfers_keep_totals AFTER INSERT ON transfers BEGIN {_KEEP_TOTALS} END",
        "CREATE TRIGGER transfers_no_update BEFORE UPDATE ON transfers BEGIN SELECT RAISE(ABORT, 'transfers are never changed'); END",
        "CREATE TRIGGER transfers_no_delete BEFORE DELETE ON transfers BEGIN SELECT RAISE(ABORT, 'transfers are never changed'); END",
    ),
}


def upgrade() -> None:
    op.create_table(
        "ledger_accounts",
        sa.Column("code", sa.String(60), primary_key=True),
        sa.Column("currency", sa.String(3), primary_key=True),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("debits", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("credits", sa.BigInteger, nullable=False, server_default="0"),
        sa.CheckConstraint(
            "kind IN ('bank', 'balance', 'escrow', 'sale', 'receivable', 'in_transit', 'settled', 'refund_due') AND code LIKE kind || ':%'",
            name="ledger_account_kind",
        ),
        sa.CheckConstraint(
            "CASE WHEN kind IN ('bank', 'receivable', 'in_transit', 'settled', 'refund_due') THEN debits >= credits ELSE credits >= debits END",
            name="ledger_account_not_overdrawn",
        ),
        sa.CheckConstraint("debits BETWEEN 0 AND 9000000000000000000 AND credits BETWEEN 0 AND 9000000000000000000", name="ledger_account_totals"),
    )
    op.create_table(
        "order_accounts",
        sa.Column("order_id", Id(), primary_key=True),
        sa.Column("buyer_id", Id(), nullable=False),
        sa.Column("supplier_id", Id(), nullable=False),
        sa.Column("settlement", sa.String(10), nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("due", sa.BigInteger, nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("opened_at", UtcDateTime, nullable=False),
        sa.Column("changed_at", UtcDateTime, nullable=False),
        sa.CheckConstraint("settlement IN ('direct', 'escrow')", name="order_account_settlement"),
        sa.CheckConstraint("state IN ('open', 'reported', 'settled', 'closed', 'refund_due', 'refunded', 'held', 'released')", name="order_account_state"),
        sa.CheckConstraint("due > 0", name="order_account_due"),
    )
    op.create_table(
        "transfers",
        sa.Column("id", Id(), primary_key=True),
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("debit", sa.String(60), nullable=False),
        sa.Column("credit", sa.String(60), nullable=False),
        sa.Column("amount", sa.BigInteger, nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("order_id", Id()),
        sa.Column("reference", sa.String(140), unique=True),
        sa.Column("actor_id", sa.String(80), nullable=False),
        sa.Column("at", UtcDateTime, nullable=False),
        sa.ForeignKeyConstraint(["debit", "currency"], ["ledger_accounts.code", "ledger_accounts.currency"], name="transfer_debit_fkey"),
        sa.ForeignKeyConstraint(["credit", "currency"], ["ledger_accounts.code", "ledger_accounts.currency"], name="transfer_credit_fkey"),
        sa.ForeignKeyConstraint(["order_id"], ["order_accounts.order_id"], name="transfer_order_fkey"),
        sa.CheckConstraint(
            "kind IN ('deposit', 'escrow_paid', 'escrow_refunded', 'escrow_released', 'invoiced', 'invoice_voided', 'payment_reported', 'payment_confirmed', "
            "'refund_of_reported_claimed', 'refund_of_settled_claimed', 'refund_settled')",
            name="transfer_kind",
        ),
        sa.CheckConstraint("amount BETWEEN 1 AND 1000000000000000", name="transfer_amount"),
        sa.CheckConstraint("debit <> credit", name="transfer_between_two"),
        sa.CheckConstraint("(kind = 'deposit') = (reference IS NOT NULL) AND (kind = 'deposit') = (order_id IS NULL)", name="transfer_belongs"),
        sa.UniqueConstraint("order_id", "kind", name="transfer_once_per_order"),
    )
    op.create_index("transfers_debit", "transfers", ["debit", "currency"])
    op.create_index("transfers_credit", "transfers", ["credit", "currency"])
    for statement in _TRIGGERS[op.get_bind().dialect.name]:
        op.execute(statement)


def downgrade() -> None:
    for table in ("transfers", "order_accounts", "ledger_accounts"):
        op.drop_table(table)
    if op.get_bind().dialect.name == "postgresql":
        for function in ("keep_ledger_totals", "refuse_ledger_change"):
            op.execute(f"DROP FUNCTION {function}()")
