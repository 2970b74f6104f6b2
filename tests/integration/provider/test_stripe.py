"""The Stripe adapter on the official library: what it asks for over HTTP, and what it makes of the answers. The other end is a double; nothing leaves the machine."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from services.payments.application.providers.port import Declined, Method, ProviderRefused, ProviderUnavailable
from services.payments.application.providers.stripe import Stripe
from shared.kit.money import Money
from tests.integration.provider.stripe_double import StripeDouble

VISA = {"brand": "visa", "last4": "4242", "exp_month": 8, "exp_year": 2031, "wallet": None}
SEPA = {"last4": "3000", "bank_code": "37040044", "country": "DE"}
AMOUNT = Money(12_345, "EUR")


@pytest.fixture
def double() -> Iterator[StripeDouble]:
    double = StripeDouble()
    yield double
    double.close()


@pytest.fixture
def adapter(double: StripeDouble) -> Stripe:
    return Stripe("sk_test_1", "whsec_1", double.url)


def bound(adapter: Stripe, double: StripeDouble, **behaviour: Any) -> str:
    return adapter.method(double.add_method("card", VISA, **behaviour)).reference


@pytest.mark.parametrize(
    ("type", "details", "expected"),
    [
        ("card", VISA, ("card", "Visa •••• 4242", "4242", "2031-08")),
        ("card", VISA | {"wallet": {"type": "apple_pay"}}, ("wallet", "Apple Pay •••• 4242", "4242", "2031-08")),
        ("paypal", {"payer_email": "a@b.example"}, ("wallet", "PayPal", "", None)),
        ("sepa_debit", SEPA, ("bank_debit", "Bank account •••• 3000", "3000", None)),
        ("us_bank_account", {"last4": "6789", "bank_name": "STRIPE TEST BANK"}, ("bank_debit", "STRIPE TEST BANK •••• 6789", "6789", None)),
    ],
)
def test_a_method_is_bound_once_and_shown_as_one_knows_it(adapter: Stripe, double: StripeDouble, type: str, details: Any, expected: Any) -> None:
    token = double.add_method(type, details)
    assert adapter.method(token) == adapter.method(token) == Method(token, *expected)
    assert double.posted("/v1/customers") == [{"payment_method": token}]


def test_a_method_that_is_unknown_or_cannot_be_kept_is_not_accepted(adapter: Stripe, double: StripeDouble) -> None:
    unbound = double.add_method("card", VISA)
    for call in (
        lambda: adapter.method("pm_none"),
        lambda: adapter.method(double.add_method("alipay", {})),
        lambda: adapter.authorize("k", unbound, AMOUNT, ""),
    ):
        with pytest.raises(Declined) as refused:
            call()
        assert refused.value.reason == "method_not_accepted"
    assert double.posted("/v1/payment_intents") == double.posted("/v1/customers") == []


def test_a_payment_is_authorized_captured_and_sent_back_in_parts(adapter: Stripe, double: StripeDouble) -> None:
    method = bound(adapter, double)
    payment = adapter.authorize("key-1", method, AMOUNT, "Order TO-1")
    assert (payment.state, payment.amount, payment.refunded, payment.reason) == ("authorized", AMOUNT, Money(0, "EUR"), None)
    (asked,) = double.posted("/v1/payment_intents")
    wanted = {
        "amount": "12345",
        "currency": "eur",
        "payment_method": method,
        "capture_method": "manual",
        "confirm": "true",
        "off_session": "true",
        "description": "Order TO-1",
        "metadata[key]": "key-1",
        "allowed_payment_method_types[0]": "card",
    }
    assert asked.items() >= wanted.items()
    assert adapter.capture("key-2", payment.reference).state == "captured"
    refund = adapter.refund("key-3", payment.reference, Money(345, "EUR"))
    assert (refund.payment, refund.state, refund.amount) == (payment.reference, "made", Money(345, "EUR"))
    assert adapter.refund_of(refund.reference) == refund
    with pytest.raises(ProviderRefused, match="greater than unrefunded"):
        adapter.refund("key-4", payment.reference, AMOUNT)
    assert adapter.payment(payment.reference).refunded == Money(345, "EUR")
    keys = [key for method, _, _, key in double.asked if method == "POST"]
    assert keys[1:] == ["key-1", "key-2", "key-3", "key-4"]


@pytest.mark.parametrize("forgotten", [False, True], ids=["while Stripe knows the key", "when Stripe has forgotten it"])
def test_the_same_key_again_has_no_second_effect(adapter: Stripe, double: StripeDouble, forgotten: bool) -> None:
    method = bound(adapter, double)
    calls = [
        lambda: adapter.authorize("a", method, AMOUNT, ""),
        lambda: adapter.capture("c", next(iter(double.intents))),
        lambda: adapter.refund("r", next(iter(double.intents)), Money(1, "EUR")),
        lambda: adapter.refund_of(next(iter(double.refunds))),
    ]
    for call in calls:
        call()
    if forgotten:
        double.forget_keys()
    assert calls[0]().reference == calls[1]().reference
    assert calls[2]() == calls[3]()
    assert (len(double.intents), len(double.refunds)) == (1, 1)
    assert [charge["amount_refunded"] for charge in double.charges.values()] == [1]


def test_the_same_key_for_another_request_is_a_defect(adapter: Stripe, double: StripeDouble) -> None:
    payments = [adapter.authorize(key, bound(adapter, double), AMOUNT, "").reference for key in ("a", "b")]
    adapter.capture("c", payments[0])
    with pytest.raises(ProviderRefused, match="idempotent"):
        adapter.capture("c", payments[1])


@pytest.mark.parametrize(
    ("decline", "reason"),
    [
        ({"code": "card_declined", "decline_code": "generic_decline"}, "declined"),
        ({"code": "card_declined", "decline_code": "insufficient_funds"}, "insufficient_funds"),
        ({"code": "card_declined", "decline_code": "stolen_card"}, "fraud_suspected"),
        ({"code": "card_declined", "decline_code": "currency_not_supported"}, "currency_not_accepted"),
        ({"code": "expired_card"}, "method_expired"),
        ({"code": "authentication_required", "decline_code": "authentication_required"}, "authentication_required"),
        ({"code": "card_declined", "decline_code": "something_new"}, "declined"),
    ],
)
def test_a_decline_is_a_payment_with_its_reason(adapter: Stripe, double: StripeDouble, decline: dict[str, str], reason: str) -> None:
    method = bound(adapter, double, decline=decline)
    payment = adapter.authorize("k", method, AMOUNT, "")
    assert (payment.state, payment.reason) == ("declined", reason)
    assert adapter.authorize("k", method, AMOUNT, "") == adapter.payment(payment.reference) == payment


def test_a_bank_debit_captures_itself_when_the_bank_has_paid(adapter: Stripe, double: StripeDouble) -> None:
    method = adapter.method(double.add_method("sepa_debit", SEPA)).reference
    payment = adapter.authorize("k", method, AMOUNT, "")
    assert (payment.state, double.posted("/v1/payment_intents")[0]["capture_method"]) == ("pending", "automatic")
    with pytest.raises(ProviderRefused, match="not authorized yet"):
        adapter.capture("c", payment.reference)
    assert adapter.cancel("x", payment.reference).state == "pending"
    double.intents[payment.reference]["status"] = "succeeded"
    assert adapter.payment(payment.reference).state == "captured"


def test_what_can_no_longer_be_captured_is_declined_and_what_is_captured_is_not_cancelled(adapter: Stripe, double: StripeDouble) -> None:
    method = bound(adapter, double)
    cancelled, lapsed, kept = (adapter.authorize(key, method, AMOUNT, "").reference for key in "abc")
    assert adapter.cancel("x", cancelled).state == "cancelled"
    double.intents[lapsed] |= {"status": "canceled", "cancellation_reason": "automatic"}
    assert adapter.payment(lapsed).reason == "authorization_expired"
    for payment in (cancelled, lapsed):
        with pytest.raises(Declined) as refused:
            adapter.capture(f"c-{payment}", payment)
        assert refused.value.reason == "authorization_expired"
    adapter.capture("k", kept)
    assert adapter.cancel("z", kept).state == "captured"


@pytest.mark.parametrize(
    ("money", "amount", "currency"),
    [
        (Money(500, "JPY"), "500", "jpy"),
        (Money(5, "ISK"), "500", "isk"),
        (Money(5, "UGX"), "500", "ugx"),
        (Money(500, "MGA"), "5", "mga"),
        (Money(1050, "HUF"), "1050", "huf"),
        (Money(5120, "KWD"), "5120", "kwd"),
    ],
    ids=str,
)
def test_amounts_go_out_as_stripe_counts_them_and_come_back_as_we_do(adapter: Stripe, double: StripeDouble, money: Money, amount: str, currency: str) -> None:
    payment = adapter.authorize("k", bound(adapter, double), money, "")
    assert [(each["amount"], each["currency"]) for each in double.posted("/v1/payment_intents")] == [(amount, currency)]
    assert payment.amount == money
    refund = adapter.refund("r", adapter.capture("c", payment.reference).reference, money)
    assert refund.amount == adapter.payment(payment.reference).refunded == money


@pytest.mark.parametrize(
    ("money", "reason"),
    [
        (Money(5124, "KWD"), "amount_not_accepted"),
        (Money(5, "MGA"), "amount_not_accepted"),
        (Money(1000, "LYD"), "currency_not_accepted"),
        (Money(1000, "CLF"), "currency_not_accepted"),
    ],
    ids=str,
)
def test_what_stripe_does_not_take_is_declined_before_it_is_asked(adapter: Stripe, double: StripeDouble, money: Money, reason: str) -> None:
    method = bound(adapter, double)
    with pytest.raises(Declined) as refused:
        adapter.authorize("k", method, money, "")
    assert refused.value.reason == reason
    assert double.posted("/v1/payment_intents") == []


@pytest.mark.parametrize(
    ("status", "error", "raised"),
    [
        (500, {"type": "api_error"}, ProviderUnavailable),
        (503, {"type": "api_error"}, ProviderUnavailable),
        (429, {"code": "lock_timeout"}, ProviderUnavailable),
        (409, {"code": "idempotency_key_in_use"}, ProviderUnavailable),
        (401, {"message": "Invalid API Key"}, ProviderRefused),
        (403, {"message": "Not allowed"}, ProviderRefused),
        (400, {"code": "parameter_missing", "param": "amount"}, ProviderRefused),
        (400, {"code": "amount_too_small", "param": "amount"}, Declined),
        (402, {"type": "card_error", "code": "card_declined"}, Declined),
    ],
)
def test_its_errors_are_told_apart_by_who_must_act(adapter: Stripe, double: StripeDouble, status: int, error: dict[str, str], raised: type[Exception]) -> None:
    payment = adapter.authorize("k", bound(adapter, double), AMOUNT, "")
    double.troubles[:] = [(status, {"type": "invalid_request_error", "message": "…", **error})]
    with pytest.raises(raised):
        adapter.capture("c", payment.reference)
    assert adapter.capture("c", payment.reference).state == "captured"


def test_no_stripe_at_all_asks_for_patience(double: StripeDouble) -> None:
    double.close()
    with pytest.raises(ProviderUnavailable):
        Stripe("sk_test_1", "whsec_1", double.url).payment("pi_1")
