"""Couriers that are asked at their own interfaces: DHL Express (MyDHL API), FedEx (Track API v1) and UPS (Tracking API v1).

What their codes mean stands in `data/courier_codes.csv`; a code that is not there is kept and means `unknown`, which moves no parcel.
"""

from __future__ import annotations

import csv
import json
import logging
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import resources
from typing import Any, ClassVar

import requests

from services.logistics.application.carriers.asking import ask_json
from services.logistics.application.carriers.port import CarrierUnavailable, Told
from services.logistics.application.carriers.standard import StandardCarrier
from services.logistics.domain.numbers import comparable
from shared.contracts.fields import COUNTRIES
from shared.kit.ids import derived_id

log = logging.getLogger(__name__)

Json = Mapping[str, Any]
Found = tuple[str, Json]  # a waybill number and an event of it

_ROWS = resources.files("services.logistics").joinpath("data/courier_codes.csv").read_text(encoding="utf-8").splitlines()
CODES = {(row["courier"], row["code"]): (row["status"], row["reason"] or None) for row in csv.DictReader(_ROWS, strict=True)}

_UNREADABLE = (LookupError, TypeError, ValueError, AttributeError)
_KNOWS_NOTHING = (requests.codes.bad_request, requests.codes.not_found)
"""What DHL and UPS answer for a number that is not theirs."""

_UPS_WORDS = (
    (re.compile(r"return.*\b(sender|shipper)\b", re.IGNORECASE), "return_to_sender"),
    (re.compile(r"out for delivery|delivery vehicle", re.IGNORECASE), "out_for_delivery"),
    (re.compile(r"\bdelivered\b.*access point", re.IGNORECASE), "ready_for_pickup"),
)


@dataclass(frozen=True, slots=True)
class Courier(StandardCarrier):
    """What couriers have in common. `key` holds the two parts of the access with a colon between: user and password, or client and secret."""

    courier: ClassVar[str]

    def track(self, waybills: Sequence[str]) -> list[Told]:
        told: list[Told] = []
        try:
            for waybill, event in self.events(waybills):
                try:
                    told.append(self.read_event(waybill, event))
                except _UNREADABLE as error:  # one event must not keep the others back
                    log.warning("%s tells of %s what cannot be read: %r", self.code, waybill, error)
        except (CarrierUnavailable, *_UNREADABLE) as error:
            if not told:
                raise CarrierUnavailable(f"{self.code} does not answer as agreed: {error}") from error
            log.warning("%s tells no more: %s", self.code, error)
        return told

    def events(self, waybills: Sequence[str]) -> Iterator[Found]:
        """What it answers, event by event."""
        raise NotImplementedError

    def read_event(self, waybill: str, event: Json) -> Told:
        """What the event means."""
        raise NotImplementedError

    @property
    def access(self) -> tuple[str, str]:
        first, _, second = self.key.partition(":")
        return first, second

    def bearer(self, path: str, **form: Any) -> dict[str, str]:
        """The header with a fresh token (OAuth 2 client credentials): one serves a whole round of questions."""
        answer = ask_json(self.code, "POST", self.url + path, **form)
        if "access_token" not in answer:
            raise CarrierUnavailable(f"{self.code} gives no access token")
        return {"Authorization": f"Bearer {answer['access_token']}"}

    def told(self, waybill: str, code: str, at: str, event: Json, description: Any, places: Sequence[Any], country: Any, says: str | None = None) -> Told:
        """The event with the status that it `says`, or else what its code means. Couriers' events have no id: that of code, moment and place serves."""
        status, reason = (says, None) if says else CODES.get((self.courier, code), ("unknown", None))
        location = ", ".join(words for each in places if (words := _words(each)))
        return Told(
            waybill_number=waybill,
            event_id=derived_id(code, at, location),
            status=status,
            reason=reason,
            occurred_at=datetime.fromisoformat(at).astimezone(UTC),
            raw=json.dumps(event, separators=(",", ":")),
            description=_words(description)[:300] or None,
            location=location[:120] or None,
            country=country if country in COUNTRIES else None,
        )


def plain(waybill: str) -> str:
    """The number as couriers take it in questions and addresses."""
    return comparable(waybill).upper()


def _words(text: Any) -> str:
    return "".join(letter for letter in str(text or "") if letter.isprintable()).strip()


@dataclass(frozen=True, slots=True)
class Dhl(Courier):
    courier = "dhl"

    def events(self, waybills: Sequence[str]) -> Iterator[Found]:
        for waybill in waybills:
            # Without the offset asked for, times come as local ones of nobody knows where.
            view = {"trackingView": "all-checkpoints", "levelOfDetail": "shipment", "requestGMTOffsetPerEvent": "true"}
            answer = ask_json(self.code, "GET", f"{self.url}/shipments/{plain(waybill)}/tracking", params=view, auth=self.access, empty=_KNOWS_NOTHING)
            for shipment in answer.get("shipments") or ():
                yield from ((waybill, event) for event in shipment.get("events") or ())

    def read_event(self, waybill: str, event: Json) -> Told:
        at = f"{event['date']}T{event['time']}{event['GMTOffset']}"
        places = [area.get("description") for area in event.get("serviceArea") or ()]
        return self.told(waybill, event["typeCode"], at, event, event.get("description"), places, None)


@dataclass(frozen=True, slots=True)
class FedEx(Courier):
    courier = "fedex"

    def events(self, waybills: Sequence[str]) -> Iterator[Found]:
        client, secret = self.access
        headers = self.bearer("/oauth/token", data={"grant_type": "client_credentials", "client_id": client, "client_secret": secret})
        numbers = [{"trackingNumberInfo": {"trackingNumber": plain(waybill)}} for waybill in waybills]
        question = {"includeDetailedScans": True, "trackingInfo": numbers}
        answer = ask_json(self.code, "POST", f"{self.url}/track/v1/trackingnumbers", json=question, headers=headers)
        for result in (answer.get("output") or {}).get("completeTrackResults") or ():
            for part in result.get("trackResults") or ():
                yield from ((result["trackingNumber"], event) for event in part.get("scanEvents") or ())

    def read_event(self, waybill: str, event: Json) -> Told:
        place = event.get("scanLocation") or {}
        known = (self.courier, event["eventType"]) in CODES
        code = event["eventType"] if known else event.get("derivedStatusCode") or event["eventType"]
        at, description = _with_offset(event["date"]), event.get("exceptionDescription") or event.get("eventDescription")
        return self.told(waybill, code, at, event, description, [place.get("city"), place.get("stateOrProvinceCode")], place.get("countryCode"))


@dataclass(frozen=True, slots=True)
class Ups(Courier):
    courier = "ups"

    def events(self, waybills: Sequence[str]) -> Iterator[Found]:
        headers = self.bearer("/security/v1/oauth/token", data={"grant_type": "client_credentials"}, auth=self.access)
        for waybill in waybills:
            headers |= {"transId": derived_id(waybill, headers["Authorization"]), "transactionSrc": "tradelane"}
            answer = ask_json(
                self.code, "GET", f"{self.url}/api/track/v1/details/{plain(waybill)}", params={"locale": "en_US"}, headers=headers, empty=_KNOWS_NOTHING
            )
            for shipment in (answer.get("trackResponse") or {}).get("shipment") or ():
                for package in shipment.get("package") or ():
                    yield from ((waybill, activity) for activity in package.get("activity") or ())

    def read_event(self, waybill: str, event: Json) -> Told:
        said, place = event["status"], (event.get("location") or {}).get("address") or {}
        at = datetime.strptime(event["gmtDate"] + event["gmtTime"].replace(":", "").zfill(6), "%Y%m%d%H%M%S").replace(tzinfo=UTC)
        words = _words(said.get("description"))
        places = [place.get("city"), place.get("stateProvince")]
        return self.told(waybill, said["type"], at.isoformat(), event, words, places, place.get("countryCode"), ups_words(said["type"], words))


def ups_words(type: str, words: str) -> str | None:
    """The status that is in UPS' words (asked for in English), None where its type says it: types tell no return, and D is also said of what is out
    for delivery."""
    sentence = words[:300]  # a longer text is none, and the patterns look through it again and again
    said = next((status for pattern, status in _UPS_WORDS if pattern.search(sentence)), None)
    return said or ("unknown" if type == "D" and "delivered" not in sentence.lower() else None)


def _with_offset(text: str) -> str:
    if datetime.fromisoformat(text).tzinfo is None:
        raise ValueError(f"{text} has no offset")
    return text
