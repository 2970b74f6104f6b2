"""Stripe behind the port, by its official library: payment intents that are captured by hand, refunds, signed events.

Stripe forgets an idempotency key after a day or so; ours hold for good: each is written into what is made under it, and looked for first.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime

import requests
import stripe
from requests.adapters import HTTPAdapter

from services.payments.application.providers.port import Declined, Method, Notification, ProviderPayment, ProviderRefund, ProviderRefused, ProviderUnavailable
from services.payments.application.providers.stripe_objects import amount_of, kind_of, made_under, method_of, payment_of, reason_of, refund_of
from shared.kit.errors import Malformed, Unauthenticated
from shared.kit.money import Money

TIMEOUT = (3.0, 20.0)
"""Seconds to connect, and to answer: a card's bank may be asked meanwhile."""

_CONNECTIONS = 20
_CHARGE = ["latest_charge"]


class Stripe:
    """`url` is another address than its own, for tests."""

    name = "stripe"

    def __init__(self, key: str, webhook_secret: str, url: str = "") -> None:
        session = requests.Session()
        session.mount("https://", HTTPAdapter(pool_maxsize=_CONNECTIONS))
        # A session of ours, since the library would keep one for every thread, and a greenlet is one.
        transport = stripe.RequestsClient(timeout=TIMEOUT, session=session)
        client = stripe.StripeClient(key, base_addresses={"api": url} if url else None, http_client=transport, max_network_retries=0)
        self._construct_event, self._secret = client.construct_event, webhook_secret
        self._customers, self._intents = client.v1.customers, client.v1.payment_intents
        self._methods, self._refunds = client.v1.payment_methods, client.v1.refunds

    def method(self, token: str) -> Method:
        """`token` is the id of a payment method that Stripe's own form has made in the client. It is kept with a customer of its own."""
        with _asking():
            found = self._find_method(token)
            method = method_of(found)
            if found.customer is None:
                self._customers.create({"payment_method": token}, {"idempotency_key": f"customer-{token}"})
            return method

    def authorize(self, key: str, method: str, amount: Money, description: str) -> ProviderPayment:
        value = amount_of(amount)
        with _asking():
            found = self._find_method(method)
            if not isinstance(found.customer, str):
                raise Declined("method_not_accepted")
            for intent in self._intents.list({"customer": found.customer, "limit": 100, "expand": ["data.latest_charge"]}).auto_paging_iter():
                if made_under(key, intent):
                    return payment_of(intent)
            try:
                return payment_of(
                    self._intents.create(
                        {
                            "amount": value,
                            "currency": amount.currency.lower(),
                            "customer": found.customer,
                            "payment_method": method,
                            "allowed_payment_method_types": [found.type],
                            "capture_method": "automatic" if kind_of(found) == "bank_debit" else "manual",
                            "confirm": True,
                            "off_session": True,  # the holder is not there to be asked for anything
                            "description": description,
                            "metadata": {"key": key},
                            "expand": _CHARGE,
                        },
                        {"idempotency_key": key},
                    )
                )
            except stripe.CardError as error:
                if error.error is None or (declined := getattr(error.error, "payment_intent", None)) is None:
                    raise
                return payment_of(declined)

    def capture(self, key: str, payment: str) -> ProviderPayment:
        with _asking():
            try:
                captured = payment_of(self._intents.capture(payment, {"expand": _CHARGE}, {"idempotency_key": key}))
            except stripe.InvalidRequestError as error:
                if error.code != "payment_intent_unexpected_state":
                    raise
                captured = self.payment(payment)
        if captured.state == "pending":
            raise ProviderRefused(f"{payment} is not authorized yet")
        if captured.state != "captured":
            raise Declined(captured.reason or "authorization_expired")
        return captured

    def cancel(self, key: str, payment: str) -> ProviderPayment:
        with _asking():
            try:
                return payment_of(self._intents.cancel(payment, {"expand": _CHARGE}, {"idempotency_key": key}))
            except stripe.InvalidRequestError as error:
                if error.code != "payment_intent_unexpected_state":
                    raise
                return self.payment(payment)

    def refund(self, key: str, payment: str, amount: Money) -> ProviderRefund:
        value = amount_of(amount)
        with _asking():
            for refund in self._refunds.list({"payment_intent": payment, "limit": 100}).auto_paging_iter():
                if made_under(key, refund):
                    return refund_of(refund)
            return refund_of(self._refunds.create({"payment_intent": payment, "amount": value, "metadata": {"key": key}}, {"idempotency_key": key}))

    def payment(self, reference: str) -> ProviderPayment:
        with _asking():
            return payment_of(self._intents.retrieve(reference, {"expand": _CHARGE}))

    def refund_of(self, reference: str) -> ProviderRefund:
        with _asking():
            return refund_of(self._refunds.retrieve(reference))

    def notification(self, body: str, signatures: Mapping[str, str], now: datetime) -> Notification | None:
        """The library goes by the clock itself."""
        try:
            event = self._construct_event(body, signatures.get("stripe-signature"), self._secret)
            happened, thing = event.type, event.data.object
            if happened.startswith("payment_intent."):
                return Notification(event.id, "payment", thing["id"])
            if happened == "charge.refunded" and thing["payment_intent"]:
                return Notification(event.id, "payment", thing["payment_intent"])
            return Notification(event.id, "refund", thing["id"]) if happened.startswith("refund.") else None
        except stripe.SignatureVerificationError as error:
            raise Unauthenticated("signature_wrong", "The callback's signature is missing, old or not the provider's.") from error
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise Malformed("callback_unreadable", "The callback is signed, but cannot be read.") from error

    def _find_method(self, id: str) -> stripe.PaymentMethod:
        try:
            return self._methods.retrieve(id)
        except stripe.InvalidRequestError as error:
            raise Declined("method_not_accepted") from error


@contextmanager
def _asking() -> Iterator[None]:
    """Stripe's errors in the port's terms."""
    try:
        yield
    except (stripe.APIConnectionError, stripe.RateLimitError) as error:
        raise ProviderUnavailable(type(error).__name__) from error
    except stripe.APIError as error:  # 409 while the first request of the key is at work, 5xx, or an answer that is none
        raise ProviderUnavailable(str(error.http_status)) from error
    except stripe.CardError as error:
        raise Declined(reason_of(error.error) or "declined") from error
    except stripe.InvalidRequestError as error:
        if why := reason_of(error.error):
            raise Declined(why) from error
        raise ProviderRefused(str(error)) from error
    except stripe.StripeError as error:
        raise ProviderRefused(str(error)) from error
