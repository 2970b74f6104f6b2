"""The carrier that speaks our own format (`docs/tracking.md`): signed callbacks, and polls that are answered with the same body."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from services.logistics.application.carriers import signature
from services.logistics.application.carriers.asking import ask_json
from services.logistics.application.carriers.port import CarrierUnavailable, Told
from shared.contracts.tracking import CarrierReport
from shared.contracts.validation import instance, load
from shared.kit.errors import Invalid, Malformed, Unauthenticated


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
        try:
            return _events(json.loads(body))
        except (ValueError, RecursionError) as error:
            raise Malformed("json_malformed", "The body is not JSON.") from error

    def track(self, waybills: Sequence[str]) -> list[Told]:
        headers = {"Authorization": f"Bearer {self.key}"} if self.key else {}
        answer = ask_json(self.code, "GET", self.url, params={"waybill_number": list(waybills)}, headers=headers)
        try:
            return _events(answer)
        except Invalid as error:
            raise CarrierUnavailable(f"{self.code} does not answer as agreed: {error.errors}") from error


def _events(given: Any) -> list[Told]:
    loaded = load(instance(CarrierReport), given)["events"]
    return [_told(event, raw) for event, raw in zip(loaded, given["events"], strict=True)]


def _told(event: dict[str, Any], raw: Any) -> Told:
    event.pop("code", None)  # its own code is for whoever reads what it said
    return Told(**event, raw=json.dumps(raw, separators=(",", ":")))
