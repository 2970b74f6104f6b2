"""Refunds that come back from the buyer's bank have a movement."""

from __future__ import annotations

from shared.platform.checks import change_check

revision = "payments_bounced_refunds"
down_revision = "payments_payouts"
branch_labels = None
depends_on = None

_KINDS = (
    "kind IN ('deposit', 'payout_requested', 'payout_paid', 'payout_rejected', 'escrow_paid', 'escrow_refunded', 'escrow_released', 'escrow_captured', "
    "'escrow_returning', 'undue_captured', 'escrow_returned', 'escrow_credited', 'freight_topped_up', 'freight_paid_in', 'freight_charged', "
    "'freight_credited', 'invoiced', 'invoice_voided', 'payment_reported', 'payment_confirmed', 'refund_of_reported_claimed', 'refund_of_settled_claimed', "
    "'refund_settled', 'exchanged')"
)
_BELONGS = (
    "(kind IN ('deposit')) = (reference IS NOT NULL) AND CASE WHEN kind = 'exchanged' THEN (order_id IS NULL) <> (freight_id IS NULL) ELSE "
    "(kind IN ('escrow_paid', 'escrow_refunded', 'escrow_released', 'escrow_captured', 'escrow_returning', 'undue_captured', 'escrow_returned', "
    "'escrow_credited', 'invoiced', 'invoice_voided', 'payment_reported', 'payment_confirmed', 'refund_of_reported_claimed', "
    "'refund_of_settled_claimed', 'refund_settled')) = (order_id IS NOT NULL) AND "
    "(kind IN ('freight_charged', 'freight_credited')) = (freight_id IS NOT NULL) END"
)
_CHECKS = (("transfer_kind", _KINDS), ("transfer_belongs", _BELONGS))


def upgrade() -> None:
    for name, before in _CHECKS:
        change_check("transfers", name, before.replace("'escrow_credited', ", "'escrow_credited', 'escrow_bounced', "))


def downgrade() -> None:
    for name, before in _CHECKS:
        change_check("transfers", name, before)
