"""The tables of payments."""

from services.payments.models.asked import freight_top_ups, payment_methods, provider_payments, refunds
from services.payments.models.books import LARGEST_TOTAL, exchange_rates, freight_accounts, freight_entries, ledger_accounts, order_accounts, transfers
from services.payments.models.metadata import metadata
from services.payments.models.payouts import payouts

__all__ = [
    "LARGEST_TOTAL",
    "exchange_rates",
    "freight_accounts",
    "freight_entries",
    "freight_top_ups",
    "ledger_accounts",
    "metadata",
    "order_accounts",
    "payment_methods",
    "payouts",
    "provider_payments",
    "refunds",
    "transfers",
]
