"""An order may be paid in another currency than its own: its account keeps its own total and the rate that was agreed on."""

from __future__ import annotations

from alembic import op

revision = "payments_payment_currency"
down_revision = "payments_freight_and_exchange"
branch_labels = None
depends_on = None

# With its last column, since SQLite adds constraints with columns only.
_CHECK = (
    "CONSTRAINT order_account_exchange CHECK ((total IS NULL) = (total_currency IS NULL) AND (total IS NULL) = (rate IS NULL) "
    "AND (total IS NULL) = (rate_id IS NULL) AND total > 0 AND total_currency <> currency)"
)


def upgrade() -> None:
    uuid = "UUID" if op.get_bind().dialect.name == "postgresql" else "CHAR(32)"
    for column in ("total BIGINT", "total_currency VARCHAR(3)", "rate VARCHAR(40)", f"rate_id {uuid} {_CHECK}"):
        op.execute(f"ALTER TABLE order_accounts ADD COLUMN {column}")


def downgrade() -> None:
    for column in ("rate_id", "rate", "total_currency", "total"):
        op.execute(f"ALTER TABLE order_accounts DROP COLUMN {column}")
