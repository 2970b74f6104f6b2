"""The carrier that speaks our own format (`docs/tracking.md`): signed callbacks, and polls that are answered with the same body."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import requests

from services.logistics.application.carriers import signature
from services.logistics.application.carriers.port import CarrierUnavailable, Told
from shared.contracts.tracking import CarrierReport
from shared.contracts.validation import instance, load
from shared.kit.errors import Invalid, Malformed, Unauthenticated

TIMEOUT = (5.0, 20.0)
"""Seconds for the connection, and between two pieces of the answer."""


@dataclass(frozen=True, slots=True)
class StandardCarrier:
    """`secret` signs its callbacks, `url` answers polls, `key` goes along as bearer token; empty where there is none."""

    code: str
    secret: str = ""
    url: str = ""
    key: str = ""

    def read(self, body: str, signatures: Mapping[str, str], now: datetime) -> list[Told]:
        if not self.secret:
            raise Unauthenticated("sender_unknown", "No callbacks are taken from this sender.")
        signature.check(self.secret, body, signatures.get(signature.HEADER), now)
        return _events(body)

    def track(self, waybills: Sequence[str]) -> list[Told]:
        headers = {"Accept": "application/json"} | ({"Authorization": f"Bearer {self.key}"} if self.key else {})
        try:
            response = requests.get(self.url, params={"waybill_number": list(waybills)}, headers=headers, timeout=TIMEOUT, allow_redirects=False)
        except requests.RequestException as error:
            raise CarrierUnavailable(f"{self.code} cannot be reached: {type(error).__name__}") from error
        if response.status_code != requests.codes.ok:
            raise CarrierUnavailable(f"{self.code} answers {response.status_code}")
        try:
            return _events(response.content.decode())
        except (UnicodeDecodeError, Malformed, Invalid) as error:
            raise CarrierUnavailable(f"{self.code} does not answer as agreed: {error} {getattr(error, 'errors', '')}") from error


def _events(body: str) -> list[Told]:
    try:
        given = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Malformed("json_malformed", "The body is not JSON.") from error
    loaded = load(instance(CarrierReport), given)["events"]
    return [_told(event, raw) for event, raw in zip(loaded, given["events"], strict=True)]


def _told(event: dict[str, Any], raw: Any) -> Told:
    event.pop("code", None)  # its own code is for whoever reads what it said
    return Told(**event, raw=json.dumps(raw, separators=(",", ":")))
