"""Payouts of balances to bank accounts."""

from __future__ import annotations

from sqlalchemy import BigInteger, CheckConstraint, Column, Date, Index, String, Table, Text

from services.payments.domain.payout import STATES
from services.payments.models.metadata import metadata, one_of
from shared.kit.money import LARGEST_MINOR
from shared.platform.columns import Id, UtcDateTime

# What is to be paid, is paid, or was not, from a balance to a bank account. Who decided, and how, is there from then on.
payouts = Table(
    "payouts",
    metadata,
    Column("id", Id(), primary_key=True),
    Column("account_id", Id(), nullable=False),
    Column("account_name", String(120), nullable=False),
    Column("amount", BigInteger, CheckConstraint(f"amount BETWEEN 1 AND {LARGEST_MINOR}", name="payout_amount"), nullable=False),
    Column("currency", String(3), nullable=False),
    Column("account_holder", String(70), nullable=False),
    Column("iban", String(34)),
    Column("account_number", String(34)),
    Column("bic", String(11)),
    Column("state", String(10), CheckConstraint(one_of("state", STATES), name="payout_state"), nullable=False),
    Column("reference", String(140)),
    Column("paid_on", Date),
    Column("reason", Text),
    Column("requested_at", UtcDateTime, nullable=False),
    Column("decided_at", UtcDateTime),
    Column("decided_by", Id()),
    CheckConstraint("(iban IS NULL) = (account_number IS NOT NULL) AND (account_number IS NULL OR bic IS NOT NULL)", name="payout_where_to"),
    CheckConstraint(
        "(state = 'requested') = (decided_at IS NULL) AND (state = 'requested') = (decided_by IS NULL) AND (state = 'paid') = (reference IS NOT NULL) "
        "AND (state = 'paid') = (paid_on IS NOT NULL) AND (state = 'rejected') = (reason IS NOT NULL)",
        name="payout_decided",
    ),
)
Index("payouts_account", payouts.c.account_id, payouts.c.id)
Index("payouts_state", payouts.c.state, payouts.c.id)
