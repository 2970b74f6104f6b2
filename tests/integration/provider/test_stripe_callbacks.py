"""Stripe's signed events, and its refunds' states, read as it documents them."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
import stripe

from services.payments.application.providers.port import Notification
from services.payments.application.providers.stripe import Stripe
from services.payments.application.providers.stripe_objects import payment_of, refund_of
from shared.kit.clock import utc_now
from shared.kit.errors import Malformed, TradeError, Unauthenticated
from shared.kit.money import Money

SECRET = "whsec_1"
ADAPTER = Stripe("sk_test_1", SECRET, "http://127.0.0.1:1")


def event(type: str, thing: dict[str, Any]) -> str:
    return json.dumps({"id": "evt_1", "object": "event", "api_version": "2026-10-28.endive", "created": 1, "type": type, "data": {"object": thing}})


CAPTURED = event("payment_intent.succeeded", {"id": "pi_1", "object": "payment_intent"})


def signed(body: str, age: int = 0, secret: str = SECRET) -> dict[str, str]:
    header = stripe.WebhookSignature.generate_signature_header(body, secret, int(utc_now().timestamp()) - age)
    return {"stripe-signature": header, "other-signature": "x"}


@pytest.mark.parametrize(
    ("body", "notification"),
    [
        (CAPTURED, Notification("evt_1", "payment", "pi_1")),
        (event("payment_intent.amount_capturable_updated", {"id": "pi_1", "object": "payment_intent"}), Notification("evt_1", "payment", "pi_1")),
        (event("charge.refunded", {"id": "ch_1", "object": "charge", "payment_intent": "pi_2"}), Notification("evt_1", "payment", "pi_2")),
        (event("charge.refunded", {"id": "ch_1", "object": "charge", "payment_intent": None}), None),
        (event("refund.updated", {"id": "re_1", "object": "refund"}), Notification("evt_1", "refund", "re_1")),
        (event("customer.created", {"id": "cus_1", "object": "customer"}), None),
    ],
)
def test_an_event_says_what_to_look_at(body: str, notification: Notification | None) -> None:
    assert ADAPTER.notification(body, signed(body), utc_now()) == notification


def test_one_of_several_signatures_is_enough_while_the_secret_is_being_changed() -> None:
    old = signed(CAPTURED, secret="whsec_old")["stripe-signature"].partition(",")[2]
    header = f"{signed(CAPTURED)['stripe-signature']},{old}"
    assert ADAPTER.notification(CAPTURED, {"stripe-signature": header}, utc_now())


@pytest.mark.parametrize(
    ("body", "sign", "error"),
    [
        pytest.param(CAPTURED.replace("pi_1", "pi_2"), lambda: signed(CAPTURED), Unauthenticated, id="another body"),
        pytest.param(CAPTURED, lambda: signed(CAPTURED, secret="a guess"), Unauthenticated, id="another secret"),
        pytest.param(CAPTURED, lambda: signed(CAPTURED, age=3600), Unauthenticated, id="recorded"),
        pytest.param(CAPTURED, lambda: {"stripe-signature": "nonsense"}, Unauthenticated, id="nonsense"),
        pytest.param(CAPTURED, dict, Unauthenticated, id="none"),
        pytest.param("{", lambda: signed("{"), Malformed, id="no JSON"),
        pytest.param("[]", lambda: signed("[]"), Malformed, id="no object"),
        pytest.param('{"object": "event"}', lambda: signed('{"object": "event"}'), Malformed, id="no type"),
        pytest.param(event("refund.updated", {}), lambda: signed(event("refund.updated", {})), Malformed, id="no id"),
    ],
)
def test_an_event_that_is_not_stripes_or_makes_no_sense_is_refused(body: str, sign: Callable[[], dict[str, str]], error: type[TradeError]) -> None:
    with pytest.raises(error):
        ADAPTER.notification(body, sign(), utc_now())


@pytest.mark.parametrize(
    ("status", "failure", "state", "reason"),
    [
        ("pending", None, "pending", None),
        ("requires_action", None, "pending", None),
        ("succeeded", None, "made", None),
        ("failed", "expired_or_canceled_card", "failed", "declined"),
        ("failed", "account_closed", "failed", "account_closed"),
        ("canceled", None, "failed", "declined"),
    ],
)
def test_a_refunds_states(status: str, failure: str | None, state: str, reason: str | None) -> None:
    values = {"id": "re_1", "object": "refund", "amount": 345, "currency": "eur", "payment_intent": "pi_1", "status": status}
    refund = refund_of(stripe.Refund.construct_from(values | ({"failure_reason": failure} if failure else {}), "sk_test_1"))
    assert (refund.payment, refund.state, refund.amount, refund.reason) == ("pi_1", state, Money(345, "EUR"), reason)


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("requires_payment_method", "declined"),
        ("requires_confirmation", "pending"),
        ("requires_action", "pending"),
        ("processing", "pending"),
        ("requires_capture", "authorized"),
        ("succeeded", "captured"),
        ("canceled", "cancelled"),
    ],
)
def test_a_payments_states(status: str, state: str) -> None:
    values = {"id": "pi_1", "object": "payment_intent", "amount": 500, "currency": "jpy", "status": status}
    rest = {"latest_charge": None, "last_payment_error": None, "cancellation_reason": "requested_by_customer" if status == "canceled" else None}
    payment = payment_of(stripe.PaymentIntent.construct_from(values | rest, "sk_test_1"))
    assert (payment.state, payment.amount, payment.reason) == (state, Money(500, "JPY"), "declined" if state == "declined" else None)
