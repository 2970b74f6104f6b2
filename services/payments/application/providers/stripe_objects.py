"""What Stripe's objects are in our terms: amounts, methods, payments, refunds, and why it says no.

Sources: its API reference, and its pages on currencies, decline codes and error codes.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import stripe

from services.payments.application.providers.port import Declined, Method, MethodKind, PaymentState, ProviderPayment, ProviderRefund, RefundState
from shared.kit.money import Money, exponent

# How many decimals Stripe's amounts have. It goes its own ways: ariary have none, krónur and Ugandan shillings two, which must be zero.
_DECIMALS = {
    **dict.fromkeys("BIF CLP DJF GNF JPY KMF KRW MGA PYG RWF VND VUV XAF XOF XPF".split(), 0),
    **dict.fromkeys("ISK UGX".split(), 2),
    **dict.fromkeys("BHD JOD KWD OMR TND".split(), 3),
}

BANK_DEBITS = frozenset({"acss_debit", "au_becs_debit", "bacs_debit", "sepa_debit", "us_bank_account"})
# Those that can be kept for later payments, and authorized before they are captured.
WALLETS = {"amazon_pay": "Amazon Pay", "cashapp": "Cash App Pay", "link": "Link", "paypal": "PayPal", "revolut_pay": "Revolut Pay"}

# Its codes and decline codes. The holder is not told that a card is reported stolen: that is suspicion enough.
_REASONS = {
    **dict.fromkeys(
        ("fraudulent", "highest_risk_level", "lost_card", "merchant_blacklist", "pickup_card", "restricted_card", "stolen_card"), "fraud_suspected"
    ),
    **dict.fromkeys(("amount_too_large", "card_velocity_exceeded", "charge_exceeds_source_limit", "withdrawal_count_limit_exceeded"), "limit_exceeded"),
    **dict.fromkeys(("amount_too_small", "invalid_amount", "invalid_charge_amount"), "amount_not_accepted"),
    **dict.fromkeys(("authentication_not_handled", "authentication_required", "payment_intent_authentication_failure"), "authentication_required"),
    **dict.fromkeys(("account_closed", "bank_account_unusable", "debit_not_authorized", "invalid_account", "no_account"), "account_closed"),
    **dict.fromkeys(("card_not_supported", "incorrect_number", "invalid_number", "payment_method_not_available"), "method_not_accepted"),
    "charge_expired_for_capture": "authorization_expired",
    "currency_not_supported": "currency_not_accepted",
    "expired_card": "method_expired",
    "insufficient_funds": "insufficient_funds",
}

_PAYMENT_STATES: dict[str, PaymentState] = {
    "requires_payment_method": "declined",
    "requires_confirmation": "pending",
    "requires_action": "pending",
    "processing": "pending",
    "requires_capture": "authorized",
    "succeeded": "captured",
    "canceled": "cancelled",
}
_REFUND_STATES: dict[str, RefundState] = {
    "pending": "pending",
    "requires_action": "pending",
    "succeeded": "made",
    "failed": "failed",
    "canceled": "failed",
}


def reason_of(error: Any) -> str | None:
    """Our word for its decline code, or else its code; None where we have none for either."""
    codes = (getattr(error, name, None) for name in ("decline_code", "code"))
    return next((_REASONS[code] for code in codes if code in _REASONS), None)


def made_under(key: str, thing: stripe.PaymentIntent | stripe.Refund) -> bool:
    """Whether it carries our idempotency key."""
    return thing.metadata is not None and "key" in thing.metadata and thing.metadata["key"] == key


def amount_of(money: Money) -> int:
    """As Stripe counts it; Declined where it does not take the currency, or not this amount in it."""
    decimals = _DECIMALS.get(money.currency, 2)
    if money.currency not in _DECIMALS and exponent(money.currency) != 2:
        raise Declined("currency_not_accepted")
    amount = money.amount.scaleb(decimals)
    if amount != amount.to_integral_value() or (decimals == 3 and amount % 10):
        raise Declined("amount_not_accepted")
    return int(amount)


def money_of(amount: int, currency: str) -> Money:
    """What an amount of Stripe's is."""
    code = currency.upper()
    return Money.of(Decimal(amount).scaleb(-_DECIMALS.get(code, 2)), code)


def kind_of(method: stripe.PaymentMethod) -> MethodKind:
    """Declined where it cannot be kept, or not be captured later."""
    if method.type == "card":
        return "wallet" if method.card and method.card.wallet else "card"
    if method.type in WALLETS:
        return "wallet"
    if method.type in BANK_DEBITS:
        return "bank_debit"
    raise Declined("method_not_accepted")


def method_of(method: stripe.PaymentMethod) -> Method:
    """What is shown of it. Declined as `kind_of` has it."""
    kind = kind_of(method)
    if method.type in WALLETS:
        return Method(method.id, kind, WALLETS[method.type], "")
    details = method[method.type]
    if method.type != "card":
        bank = getattr(details, "bank_name", None) or "Bank account"
        return Method(method.id, kind, f"{bank} •••• {details.last4}", details.last4)
    brand = details.wallet.type if details.wallet else details.brand
    return Method(method.id, kind, f"{brand.replace('_', ' ').title()} •••• {details.last4}", details.last4, f"{details.exp_year}-{details.exp_month:02}")


def payment_of(intent: stripe.PaymentIntent) -> ProviderPayment:
    """`latest_charge` tells what went back of it, where it is expanded; a payment that was not captured has nothing to go back."""
    charge = intent.latest_charge
    refunded = charge.amount_refunded if isinstance(charge, stripe.Charge) else 0
    state, why = _PAYMENT_STATES[intent.status], None
    if state == "declined":
        why = reason_of(intent.last_payment_error) or "declined"
    elif state == "cancelled" and intent.cancellation_reason in ("automatic", "expired"):
        why = "authorization_expired"
    return ProviderPayment(intent.id, state, money_of(intent.amount, intent.currency), money_of(refunded, intent.currency), why)


def refund_of(refund: stripe.Refund) -> ProviderRefund:
    """A refund of a payment intent: we make no others."""
    state, payment = _REFUND_STATES[refund.status or "pending"], refund.payment_intent
    assert payment
    why = (_REASONS.get(getattr(refund, "failure_reason", ""), "declined")) if state == "failed" else None
    return ProviderRefund(refund.id, payment if isinstance(payment, str) else payment.id, state, money_of(refund.amount, refund.currency), why)
