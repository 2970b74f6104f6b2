"""Bound means of payment, and what payment providers are asked for: payments, refunds, top-ups."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, Column, ForeignKey, Index, Integer, String, Table, Text, UniqueConstraint, text

from services.payments.domain.provider_payment import LIVE, METHOD_KINDS, PAYMENT_STATES, REFUND_STATES, REFUND_TELLS, TAKEN
from services.payments.models.books import freight_accounts, order_accounts
from services.payments.models.metadata import metadata, one_of
from shared.kit.money import LARGEST_MINOR
from shared.platform.columns import Id, UtcDateTime

# Means of payment by the names that their provider gave them.
payment_methods = Table(
    "payment_methods",
    metadata,
    Column("id", Id(), primary_key=True),
    Column("account_id", Id(), nullable=False),
    Column("provider", String(20), nullable=False),
    Column("reference", String(200), nullable=False),
    Column("kind", String(20), CheckConstraint(one_of("kind", METHOD_KINDS), name="payment_method_kind"), nullable=False),
    Column("label", String(60), nullable=False),
    Column("last4", String(4), nullable=False),
    Column("expires", String(7)),
    Column("created_at", UtcDateTime, nullable=False),
    UniqueConstraint("account_id", "provider", "reference", name="payment_method_once"),
)


def _asked() -> list[Column[Any]]:
    """What a row that the provider is asked about has besides its own: `next_at` is when it is asked again, null where it is over."""
    return [
        Column("amount", BigInteger, nullable=False),
        Column("currency", String(3), nullable=False),
        Column("reference", String(200)),  # the provider's name for it, once it is known
        Column("attempts", Integer, nullable=False),  # since the last news
        Column("created_at", UtcDateTime, nullable=False),
        Column("changed_at", UtcDateTime, nullable=False),
        Column("next_at", UtcDateTime),
    ]


provider_payments = Table(
    "provider_payments",
    metadata,
    Column("id", Id(), primary_key=True),
    Column("order_id", Id(), ForeignKey(order_accounts.c.order_id, name="provider_payment_order_fkey"), nullable=False),
    Column("provider", String(20), nullable=False),
    Column("method", String(200), nullable=False),  # the method's reference
    Column("kind", String(20), CheckConstraint(one_of("kind", METHOD_KINDS), name="provider_payment_kind"), nullable=False),
    Column("last4", String(4), nullable=False),
    Column("state", String(20), CheckConstraint(one_of("state", PAYMENT_STATES), name="provider_payment_state"), nullable=False),
    Column("said", String(20)),  # the provider's word on it, as we heard it last
    Column("reason", String(40)),  # why it was declined or cancelled
    *_asked(),
    UniqueConstraint("provider", "reference", name="provider_payment_reference"),
    CheckConstraint(f"amount BETWEEN 1 AND {LARGEST_MINOR}", name="provider_payment_amount"),
    CheckConstraint(f"reference IS NOT NULL OR NOT {one_of('state', TAKEN)}", name="provider_payment_known"),
)
_STANDS = text(one_of("state", (*LIVE, "captured")))
Index("provider_payment_one", provider_payments.c.order_id, unique=True, postgresql_where=_STANDS, sqlite_where=_STANDS)  # of an order, at a time
Index("provider_payments_order", provider_payments.c.order_id)

# What goes back to buyers: through the provider that took it, or at once to the balance that it came from.
refunds = Table(
    "refunds",
    metadata,
    Column("id", Id(), primary_key=True),
    Column("order_id", Id(), ForeignKey(order_accounts.c.order_id, name="refund_order_fkey"), nullable=False),
    Column("payment_id", Id(), ForeignKey(provider_payments.c.id, name="refund_payment_fkey")),
    Column("provider", String(20)),
    Column("kind", String(10), CheckConstraint(one_of("kind", REFUND_TELLS), name="refund_kind"), nullable=False),
    Column("reason", Text, nullable=False),
    Column("actor_id", String(80), nullable=False),
    Column("state", String(20), CheckConstraint(one_of("state", REFUND_STATES), name="refund_state"), nullable=False),
    *_asked(),
    UniqueConstraint("provider", "reference", name="refund_reference"),
    CheckConstraint(f"amount BETWEEN 1 AND {LARGEST_MINOR}", name="refund_amount"),
    CheckConstraint("(payment_id IS NULL) = (provider IS NULL) AND (payment_id IS NOT NULL OR kind = 'part' AND state = 'made')", name="refund_way"),
)
_WHOLE, _UNDUE = text("kind = 'whole'"), text("kind = 'undue'")
Index("refund_whole_once", refunds.c.order_id, unique=True, postgresql_where=_WHOLE, sqlite_where=_WHOLE)
Index("refund_undue_once", refunds.c.payment_id, unique=True, postgresql_where=_UNDUE, sqlite_where=_UNDUE)
Index("refunds_order", refunds.c.order_id)

# The same for freight accounts.
freight_top_ups = Table(
    "freight_top_ups",
    metadata,
    Column("id", Id(), primary_key=True),
    Column("supplier_id", Id(), ForeignKey(freight_accounts.c.supplier_id, name="freight_top_up_account_fkey"), nullable=False),
    Column("provider", String(20), nullable=False),
    Column("method", String(200), nullable=False),
    Column("kind", String(20), CheckConstraint(one_of("kind", METHOD_KINDS), name="freight_top_up_kind"), nullable=False),
    Column("last4", String(4), nullable=False),
    Column("state", String(20), CheckConstraint(one_of("state", PAYMENT_STATES), name="freight_top_up_state"), nullable=False),
    Column("said", String(20)),
    Column("reason", String(40)),
    *_asked(),
    UniqueConstraint("provider", "reference", name="freight_top_up_reference"),
    CheckConstraint(f"amount BETWEEN 1 AND {LARGEST_MINOR}", name="freight_top_up_amount"),
)
Index("freight_top_ups_supplier", freight_top_ups.c.supplier_id, freight_top_ups.c.created_at)

_WAITING = text("next_at IS NOT NULL")
for _table in (provider_payments, refunds, freight_top_ups):
    Index(f"{_table.name}_due", _table.c.next_at, postgresql_where=_WAITING, sqlite_where=_WAITING)
