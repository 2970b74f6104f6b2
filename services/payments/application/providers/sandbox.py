"""The sandbox provider (`tradelane provider`) behind the port: its HTTP API, its words, its signatures."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import requests
from requests.adapters import HTTPAdapter

from services.payments.application.providers.port import (
    REASONS,
    Declined,
    Method,
    Notification,
    ProviderPayment,
    ProviderRefund,
    ProviderRefused,
    ProviderUnavailable,
)
from shared.kit.errors import Malformed, Unauthenticated
from shared.kit.money import Money

TIMEOUT = (3.0, 10.0)
"""Seconds to connect, and to answer."""
TOLERANCE = 300
"""Seconds that a callback may have been under way: a recorded one is no good for ever."""

_SIGNATURE = re.compile(r"t=(\d{1,12}),v1=([0-9a-f]{64})")
_CONNECTIONS = 20


class Sandbox:
    name = "sandbox"

    def __init__(self, url: str, key: str, webhook_secret: str) -> None:
        self._url, self._secret = url.rstrip("/"), webhook_secret.encode()
        self._session = requests.Session()
        self._session.trust_env = False  # its address is the one that is set, whatever proxies there are
        self._session.headers["Authorization"] = f"Bearer {key}"
        for scheme in ("http://", "https://"):
            self._session.mount(scheme, HTTPAdapter(pool_maxsize=_CONNECTIONS))

    def method(self, token: str) -> Method:
        answer = self._call("POST", "/v1/methods", {"token": token})
        return Method(answer["id"], answer["kind"], answer["label"], answer["last4"], answer["expires"])

    def authorize(self, key: str, method: str, amount: Money, description: str) -> ProviderPayment:
        body = {"method": method, "amount": amount.minor, "currency": amount.currency} | ({"description": description} if description else {})
        return _payment(self._call("POST", "/v1/payments", body, key))

    def capture(self, key: str, payment: str) -> ProviderPayment:
        captured = _payment(self._call("POST", f"/v1/payments/{payment}/capture", {}, key))
        if captured.state != "captured":
            raise Declined(captured.reason or "authorization_expired")
        return captured

    def cancel(self, key: str, payment: str) -> ProviderPayment:
        return _payment(self._call("POST", f"/v1/payments/{payment}/cancel", {}, key))

    def refund(self, key: str, payment: str, amount: Money) -> ProviderRefund:
        return _refund(self._call("POST", "/v1/refunds", {"payment": payment, "amount": amount.minor, "currency": amount.currency}, key))

    def payment(self, reference: str) -> ProviderPayment:
        return _payment(self._call("GET", f"/v1/payments/{reference}"))

    def refund_of(self, reference: str) -> ProviderRefund:
        return _refund(self._call("GET", f"/v1/refunds/{reference}"))

    def notification(self, body: str, signatures: Mapping[str, str], now: datetime) -> Notification | None:
        self._check_signature(body, signatures.get("provider-signature", ""), now)
        try:
            event = json.loads(body)
            kind = event["type"].partition(".")[0]
            return Notification(event["id"], kind, event["reference"]) if kind in ("payment", "refund") else None
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise Malformed("callback_unreadable", "The callback is signed, but cannot be read.") from error

    def _check_signature(self, body: str, signature: str, now: datetime) -> None:
        found = _SIGNATURE.fullmatch(signature)
        if found is None:
            raise Unauthenticated("signature_missing", "The callback has no Provider-Signature.")
        expected = hmac.new(self._secret, f"{found[1]}.{body}".encode(), hashlib.sha256).hexdigest()
        if not hmac.compare_digest(expected, found[2]):
            raise Unauthenticated("signature_wrong", "The callback's signature is not the provider's.")
        if abs(now.timestamp() - int(found[1])) > TOLERANCE:
            raise Unauthenticated("signature_too_old", "The callback was signed too long ago.")

    def _call(self, method: str, path: str, body: Any = None, key: str | None = None) -> dict[str, Any]:
        headers = {"Idempotency-Key": key} if key else {}
        try:
            answer = self._session.request(method, self._url + path, json=body, headers=headers, timeout=TIMEOUT, allow_redirects=False)
            content = answer.json()
        except requests.RequestException as error:  # no answer, half of one, or one that is not JSON
            raise ProviderUnavailable(type(error).__name__) from error
        if answer.ok:
            return content  # type: ignore[no-any-return]
        if answer.status_code == 402:
            raise Declined(content["code"] if content["code"] in REASONS else "declined")
        if answer.status_code == 429 or answer.status_code >= 500:
            raise ProviderUnavailable(str(answer.status_code))
        raise ProviderRefused(f"{method} {path}: {answer.status_code} {content}")


def _payment(answer: Mapping[str, Any]) -> ProviderPayment:
    currency = answer["currency"]
    return ProviderPayment(answer["id"], answer["state"], Money(answer["amount"], currency), Money(answer["refunded"], currency), answer["reason"])


def _refund(answer: Mapping[str, Any]) -> ProviderRefund:
    return ProviderRefund(answer["id"], answer["payment"], answer["state"], Money(answer["amount"], answer["currency"]), answer["reason"])
