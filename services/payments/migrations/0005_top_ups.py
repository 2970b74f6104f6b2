"""Freight accounts are topped up through providers, too."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from shared.platform.checks import change_check
from shared.platform.columns import Id, UtcDateTime

revision = "payments_top_ups"
down_revision = "payments_provider_payments"
branch_labels = None
depends_on = None

_BEFORE = (
    "kind IN ('deposit', 'escrow_paid', 'escrow_refunded', 'escrow_released', 'escrow_captured', 'escrow_returning', 'undue_captured', "
    "'escrow_returned', 'escrow_credited', 'freight_topped_up', 'freight_charged', 'freight_credited', 'invoiced', 'invoice_voided', "
    "'payment_reported', 'payment_confirmed', 'refund_of_reported_claimed', 'refund_of_settled_claimed', 'refund_settled', 'exchanged')"
)
_KINDS = _BEFORE.replace("'freight_topped_up', ", "'freight_topped_up', 'freight_paid_in', ")


def upgrade() -> None:
    op.create_table(
        "freight_top_ups",
        sa.Column("id", Id(), primary_key=True),
        sa.Column("supplier_id", Id(), nullable=False),
        sa.Column("provider", sa.String(20), nullable=False),
        sa.Column("method", sa.String(200), nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("last4", sa.String(4), nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("said", sa.String(20)),
        sa.Column("reason", sa.String(40)),
        sa.Column("amount", sa.BigInteger, nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("reference", sa.String(200)),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.Column("changed_at", UtcDateTime, nullable=False),
        sa.Column("next_at", UtcDateTime),
        sa.ForeignKeyConstraint(["supplier_id"], ["freight_accounts.supplier_id"], name="freight_top_up_account_fkey"),
        sa.UniqueConstraint("provider", "reference", name="freight_top_up_reference"),
        sa.CheckConstraint("kind IN ('card', 'wallet', 'bank_debit')", name="freight_top_up_kind"),
        sa.CheckConstraint(
            "state IN ('requested', 'authorizing', 'cancelled', 'authorized', 'captured', 'declined', 'cancelling', 'capturing', 'undue')",
            name="freight_top_up_state",
        ),
        sa.CheckConstraint("amount BETWEEN 1 AND 1000000000000000", name="freight_top_up_amount"),
    )
    op.create_index("freight_top_ups_supplier", "freight_top_ups", ["supplier_id", "created_at"])
    waiting = sa.text("next_at IS NOT NULL")
    op.create_index("freight_top_ups_due", "freight_top_ups", ["next_at"], postgresql_where=waiting, sqlite_where=waiting)
    change_check("transfers", "transfer_kind", _KINDS)


def downgrade() -> None:
    change_check("transfers", "transfer_kind", _BEFORE)
    op.drop_table("freight_top_ups")
