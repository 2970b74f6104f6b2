"""DHL, FedEx and UPS at their own interfaces: asked as they document it, and their answers, in their documented form, told in the common words."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from services.logistics.application.carriers.couriers import CODES, Dhl, FedEx, Ups, ups_words
from services.logistics.application.carriers.directory import APIS
from services.logistics.application.carriers.port import CarrierUnavailable, Told
from services.logistics.domain.tracking import Sighting, status
from shared.contracts.tracking import INCIDENT_REASONS, TRACKING_STATUSES
from shared.platform.settings import CARRIER_APIS
from tests.builders.carrier import CarrierServer

TOKEN = '{"access_token": "t0ken", "token_type": "bearer", "expires_in": 3600}'
BASIC = "Basic " + b64encode(b"client:s:cret").decode()


@pytest.fixture
def server() -> Iterator[CarrierServer]:
    with CarrierServer().serving() as running:
        running.url = running.url.removesuffix("/tracking")
        yield running


def utc(*moment: int) -> datetime:
    return datetime(*moment, tzinfo=UTC)  # type: ignore[misc]


def stands(told: list[Told]) -> str:
    return status(Sighting(each.status, each.occurred_at, each.event_id, each.reason) for each in told)


def test_the_codes_speak_the_common_vocabulary_and_the_settings_know_the_interfaces() -> None:
    assert {status for status, _ in CODES.values()} <= set(TRACKING_STATUSES)
    assert {reason for _, reason in CODES.values() if reason} <= set(INCIDENT_REASONS)
    assert {courier for courier, _ in CODES} == {"dhl", "fedex", "ups"}
    assert set(CARRIER_APIS) == APIS.keys()


# DHL


def dhl_event(code: str, date: str = "2026-03-10", time: str = "15:00:00", offset: str = "+08:00", **more: Any) -> dict[str, Any]:
    event = {"date": date, "time": time, "GMTOffset": offset, "typeCode": code, "description": f"It is {code}"}
    return event | {"serviceArea": [{"code": "SHA", "description": "Shanghai-CN"}]} | more


def dhl(server: CarrierServer, *events: dict[str, Any], waybills: tuple[str, ...] = ("1234567890",)) -> list[Told]:
    for waybill in waybills:
        answer = {"shipments": [{"shipmentTrackingNumber": waybill, "status": "Success", "events": events}]}
        server.answers.setdefault(f"/shipments/{waybill}/tracking", (200, json.dumps(answer)))
    return Dhl("dhl", url=server.url, key="client:s:cret").track(waybills)


def test_dhl_is_asked_for_each_number_with_the_offset_of_each_time(server: CarrierServer) -> None:
    (told,) = dhl(server, dhl_event("PU"))
    assert "requestGMTOffsetPerEvent=true" in server.asked[0]
    assert server.questions[0][1] == BASIC
    assert (told.status, told.occurred_at, told.location, told.description) == ("picked_up", utc(2026, 3, 10, 7), "Shanghai-CN", "It is PU")
    assert json.loads(told.raw)["GMTOffset"] == "+08:00"


def test_what_dhl_gives_back_to_its_sender_is_not_delivered(server: CarrierServer) -> None:
    told = dhl(server, dhl_event("OK", "2026-03-12"), dhl_event("RT", "2026-03-11"), dhl_event("NH"))
    assert stands(told) == "return_to_sender"
    assert [(each.status, each.reason) for each in told][2] == ("delivery_failed", "consignee_not_home")


def test_dhl_knows_nothing_of_a_number_that_is_not_its_own(server: CarrierServer) -> None:
    server.answers["/shipments/1111111111/tracking"] = (404, '{"status": 404, "title": "Not Found"}')
    server.answers["/shipments/2222222222/tracking"] = (400, '{"status": 400, "title": "Bad request"}')
    told = dhl(server, dhl_event("OK"), waybills=("1111111111", "2222222222", "1234567890"))
    assert [(each.waybill_number, each.status) for each in told] == [("1234567890", "delivered")]


def test_an_event_that_cannot_be_read_keeps_no_other_back(server: CarrierServer, caplog: pytest.LogCaptureFixture) -> None:
    bare = dhl_event("PU")
    del bare["GMTOffset"]
    told = dhl(server, bare, dhl_event("PU", date="soon"), dhl_event("ZZ"), dhl_event("OK", serviceArea=None))
    assert [each.status for each in told] == ["unknown", "delivered"]
    assert caplog.text.count("cannot be read") == 2


def test_what_was_told_before_dhl_went_away_counts(server: CarrierServer, caplog: pytest.LogCaptureFixture) -> None:
    server.answers["/shipments/9999999999/tracking"] = (500, "")
    assert len(dhl(server, dhl_event("OK"), waybills=("1234567890", "9999999999"))) == 1
    assert "dhl tells no more" in caplog.text
    with pytest.raises(CarrierUnavailable):
        dhl(server, waybills=("9999999999",))


def test_the_same_event_has_the_same_id_whenever_it_is_told(server: CarrierServer) -> None:
    first, again = dhl(server, dhl_event("PU"), dhl_event("PU", description="Picked up, in other words"))
    (other,) = dhl(server, waybills=("1234567890",))[:1]
    assert first.event_id == again.event_id == other.event_id
    assert len({each.event_id for each in dhl(server, dhl_event("PL"), dhl_event("PL", time="15:00:01"), waybills=("2345678901",))}) == 2


# FedEx


def fedex_event(kind: str, date: str = "2026-03-10T15:00:00-07:00", derived: str = "IT", **more: Any) -> dict[str, Any]:
    place = {"streetLines": [""], "city": "CLOVIS", "stateOrProvinceCode": "CA", "postalCode": "93612", "countryCode": "US", "residential": False}
    event = {"date": date, "eventType": kind, "eventDescription": "At local FedEx facility", "exceptionCode": "", "exceptionDescription": ""}
    return event | {"scanLocation": place, "derivedStatusCode": derived, "derivedStatus": "In transit"} | more


def fedex(server: CarrierServer, *events: dict[str, Any]) -> list[Told]:
    server.answers["/oauth/token"] = (200, TOKEN)
    results = [
        {"trackingNumber": "776094337676", "trackResults": [{"scanEvents": events}]},
        {"trackingNumber": "1", "trackResults": [{"error": {"code": "TRACKING.TRACKINGNUMBER.NOTFOUND"}}]},
    ]
    server.answers["/track/v1/trackingnumbers"] = (200, json.dumps({"output": {"completeTrackResults": results}}))
    return FedEx("fedex", url=server.url, key="client:s:cret").track(["7760 9433 7676", "1"])


def test_fedex_gives_a_token_and_is_asked_for_all_numbers_at_once(server: CarrierServer) -> None:
    (told,) = fedex(server, fedex_event("AR"))
    assert server.sent[0] == "grant_type=client_credentials&client_id=client&client_secret=s%3Acret"
    assert [each["trackingNumberInfo"]["trackingNumber"] for each in json.loads(server.sent[1])["trackingInfo"]] == ["776094337676", "1"]
    assert server.questions[1][1] == "Bearer t0ken"
    assert (told.waybill_number, told.status, told.occurred_at) == ("776094337676", "in_transit", utc(2026, 3, 10, 22))
    assert (told.location, told.country, told.description) == ("CLOVIS, CA", "US", "At local FedEx facility")


def test_a_fedex_event_of_an_unknown_kind_means_what_its_status_says_or_nothing(server: CarrierServer) -> None:
    told = fedex(server, fedex_event("AE", derived="IT"), fedex_event("QQ", derived="QQ"), fedex_event("RS"), fedex_event("DL"))
    assert [each.status for each in told] == ["in_transit", "unknown", "return_to_sender", "delivered"]
    assert stands(told) == "return_to_sender"


def test_fedexs_exceptions_are_told_in_their_own_words(server: CarrierServer) -> None:
    (told,) = fedex(server, fedex_event("CD", exceptionDescription="Clearance delay - Import\x00"))
    assert (told.status, told.reason, told.description) == ("on_hold", "customs_delay", "Clearance delay - Import")


@pytest.mark.parametrize(("status", "token"), [(401, "{}"), (200, "{}"), (200, "[]"), (200, "no")])
def test_without_a_token_fedex_is_unavailable(server: CarrierServer, status: int, token: str) -> None:
    server.answers["/oauth/token"] = (status, token)
    with pytest.raises(CarrierUnavailable, match="fedex"):
        FedEx("fedex", url=server.url, key="client:s:cret").track(["1"])


@pytest.mark.parametrize(
    "answer", ['{"output": []}', '{"output": {"completeTrackResults": ["x"]}}', '{"output": {"completeTrackResults": [{"trackResults": [1]}]}}']
)
def test_fedex_answering_in_another_shape_is_unavailable(server: CarrierServer, answer: str) -> None:
    server.answers |= {"/oauth/token": (200, TOKEN), "/track/v1/trackingnumbers": (200, answer)}
    carrier = FedEx("fedex", url=server.url, key="client:s:cret")
    if answer == '{"output": []}':
        assert carrier.track(["1"]) == []
        return
    with pytest.raises(CarrierUnavailable, match="fedex does not answer as agreed"):
        carrier.track(["1"])


# UPS


def ups_event(kind: str, words: str, gmt: str = "74700", **more: Any) -> dict[str, Any]:
    address = {"city": "Wayne", "country": "US", "countryCode": "US", "postalCode": "07470", "stateProvince": "NJ"}
    event = {
        "date": "20260310",
        "time": "024700",
        "gmtDate": "20260310",
        "gmtTime": gmt,
        "gmtOffset": "-05:00",
        "location": {"address": address, "slic": "8566"},
    }
    return event | {"status": {"type": kind, "code": "SR", "description": words, "statusCode": "003"}} | more


def ups(server: CarrierServer, *events: dict[str, Any]) -> list[Told]:
    server.answers["/security/v1/oauth/token"] = (200, TOKEN)
    answer = {"trackResponse": {"shipment": [{"inquiryNumber": "1Z023E2X0214323462", "package": [{"activity": events}]}]}}
    server.answers["/api/track/v1/details/1Z023E2X0214323462"] = (200, json.dumps(answer))
    nothing = {"trackResponse": {"shipment": [{"warnings": [{"code": "TW0001", "message": "Tracking Information Not Found"}]}]}}
    server.answers["/api/track/v1/details/1Z2"] = (200, json.dumps(nothing))
    return Ups("ups", url=server.url, key="client:s:cret").track(["1Z 023E2X 0214323462", "1Z2"])


def test_ups_gives_a_token_and_is_asked_for_each_number(server: CarrierServer) -> None:
    (told,) = ups(server, ups_event("X", "Your package was released by the customs agency."))
    assert [authorization for _, authorization in server.questions] == [BASIC, "Bearer t0ken", "Bearer t0ken"]
    assert "locale=en_US" in server.asked[1]
    assert (told.waybill_number, told.status, told.occurred_at) == ("1Z 023E2X 0214323462", "on_hold", utc(2026, 3, 10, 7, 47))
    assert (told.location, told.country) == ("Wayne, NJ", "US")


@pytest.mark.parametrize("gmt", ["74700", "074700", "07:47:00"])
def test_ups_writes_its_times_in_more_than_one_way(server: CarrierServer, gmt: str) -> None:
    assert [each.occurred_at for each in ups(server, ups_event("I", "Arrived at Facility", gmt))] == [utc(2026, 3, 10, 7, 47)]


@pytest.mark.parametrize(
    ("kind", "words", "expected"),
    [
        ("M", "Shipper created a label, UPS has not received the package yet.", "pending"),
        ("P", "Pickup Scan", "picked_up"),
        ("I", "Departed from Facility", "in_transit"),
        ("I", "Out for Delivery", "out_for_delivery"),
        ("D", "Loaded on Delivery Vehicle", "out_for_delivery"),
        ("D", "DELIVERED", "delivered"),
        ("D", "Delivered to UPS Access Point™ Awaiting Customer Pickup", "ready_for_pickup"),
        ("D", "Delivery information", "unknown"),
        ("D", "Returned to Sender", "return_to_sender"),
        ("X", "The package will be returned to the sender.", "return_to_sender"),
        ("X", "There is an embargo on the destination country, and the package will be returned to the sender.", "return_to_sender"),
        ("I", "Returning to Sender: In Transit", "return_to_sender"),
        ("X", "The receiver was not available for delivery. We'll make a second attempt the next business day.", "on_hold"),
        ("I", "Return service shipping label was left with the shipment's receiver.", "in_transit"),
        ("MV", "Manifest cancelled and shipment voided", "cancelled"),
        ("NA", "", "unknown"),
    ],
)
def test_what_ups_says_means(server: CarrierServer, kind: str, words: str, expected: str) -> None:
    assert [each.status for each in ups(server, ups_event(kind, words))] == [expected]


def test_ups_words_say_nothing_where_its_type_does() -> None:
    assert ups_words("X", "Severe weather conditions have delayed delivery.") is None
