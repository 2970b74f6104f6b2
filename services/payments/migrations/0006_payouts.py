"""Payouts to bank accounts, and their movements."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from shared.platform.checks import change_check
from shared.platform.columns import Id, UtcDateTime

revision = "payments_payouts"
down_revision = "payments_top_ups"
branch_labels = None
depends_on = None

_KINDS = (
    "kind IN ('bank', 'balance', 'provider', 'escrow', 'returning', 'freight', 'carriage', 'exchange', 'sale', 'receivable', 'in_transit', 'settled', "
    "'refund_due') AND code LIKE kind || ':%'"
)
_SIDES = (
    "CASE WHEN kind IN ('bank', 'provider', 'receivable', 'in_transit', 'settled', 'refund_due') THEN debits >= credits "
    "WHEN kind IN ('balance', 'escrow', 'returning', 'freight', 'carriage', 'sale') THEN credits >= debits ELSE kind IN ('exchange') END"
)
_TRANSFERS = (
    "kind IN ('deposit', 'escrow_paid', 'escrow_refunded', 'escrow_released', 'escrow_captured', 'escrow_returning', 'undue_captured', "
    "'escrow_returned', 'escrow_credited', 'freight_topped_up', 'freight_paid_in', 'freight_charged', 'freight_credited', 'invoiced', 'invoice_voided', "
    "'payment_reported', 'payment_confirmed', 'refund_of_reported_claimed', 'refund_of_settled_claimed', 'refund_settled', 'exchanged')"
)
_ACCOUNTS = ("'returning', ", "'returning', 'paying_out', 'paid_out', ")
_CHECKS = (
    # table, name, condition before, what is put in place of what in it
    ("ledger_accounts", "ledger_account_kind", _KINDS, _ACCOUNTS),
    ("ledger_accounts", "ledger_account_not_overdrawn", _SIDES, _ACCOUNTS),
    ("transfers", "transfer_kind", _TRANSFERS, ("'deposit', ", "'deposit', 'payout_requested', 'payout_paid', 'payout_rejected', ")),
)


def upgrade() -> None:
    op.create_table(
        "payouts",
        sa.Column("id", Id(), primary_key=True),
        sa.Column("account_id", Id(), nullable=False),
        sa.Column("account_name", sa.String(120), nullable=False),
        sa.Column("amount", sa.BigInteger, nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("account_holder", sa.String(70), nullable=False),
        sa.Column("iban", sa.String(34)),
        sa.Column("account_number", sa.String(34)),
        sa.Column("bic", sa.String(11)),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("reference", sa.String(140)),
        sa.Column("paid_on", sa.Date),
        sa.Column("reason", sa.Text),
        sa.Column("requested_at", UtcDateTime, nullable=False),
        sa.Column("decided_at", UtcDateTime),
        sa.Column("decided_by", Id()),
        sa.CheckConstraint("amount BETWEEN 1 AND 1000000000000000", name="payout_amount"),
        sa.CheckConstraint("state IN ('requested', 'paid', 'rejected')", name="payout_state"),
        sa.CheckConstraint("(iban IS NULL) = (account_number IS NOT NULL) AND (account_number IS NULL OR bic IS NOT NULL)", name="payout_where_to"),
        sa.CheckConstraint(
            "(state = 'requested') = (decided_at IS NULL) AND (state = 'requested') = (decided_by IS NULL) AND (state = 'paid') = (reference IS NOT NULL) "
            "AND (state = 'paid') = (paid_on IS NOT NULL) AND (state = 'rejected') = (reason IS NOT NULL)",
            name="payout_decided",
        ),
    )
    op.create_index("payouts_account", "payouts", ["account_id", "id"])
    op.create_index("payouts_state", "payouts", ["state", "id"])
    for table, name, before, change in _CHECKS:
        change_check(table, name, before.replace(*change))


def downgrade() -> None:
    for table, name, before, _ in reversed(_CHECKS):
        change_check(table, name, before)
    op.drop_table("payouts")
