"""What carriers tell is read in the documented format; and whose a parcel is."""

from __future__ import annotations

import json
from typing import Any

import pytest

from services.logistics.application.carriers.asking import LARGEST
from services.logistics.application.carriers.directory import DIRECTORY, carrier_of, may_have
from services.logistics.application.carriers.port import CarrierUnavailable
from services.logistics.application.carriers.standard import StandardCarrier
from services.logistics.domain.waybills import issue
from shared.kit.clock import utc_now
from shared.kit.errors import Invalid, Malformed, Unauthenticated
from tests.builders.carrier import SECRET, CarrierServer, body, event, signatures
from tests.servers.processes import free_port

DHL = StandardCarrier("dhl", secret=SECRET)


def read(text: str) -> Any:
    return DHL.read(text, signatures(text), utc_now())


def test_an_event_is_read_and_kept_as_it_came() -> None:
    sent = event("on_hold", reason="customs_inspection", code="CD", location="Leipzig", country="DE", description="Customs\u2019 \u00fcber")
    (told,) = read(body(sent))
    assert json.loads(told.raw) == sent
    assert (told.status, told.reason, told.location, told.country) == ("on_hold", "customs_inspection", "Leipzig", "DE")
    assert told.occurred_at.utcoffset() is not None


def test_what_it_does_not_say_is_unknown() -> None:
    (told,) = read(body(event()))
    assert (told.reason, told.description, told.location, told.country) == (None, None, None, None)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"status": "lost in space"}, "status"),
        ({"reason": "bad_luck"}, "reason"),
        ({"occurred_at": "2026-03-01T09:00:00"}, "occurred_at"),
        ({"occurred_at": "yesterday"}, "occurred_at"),
        ({"country": "Germany"}, "country"),
        ({"waybill_number": ""}, "waybill_number"),
        ({"event_id": "x" * 61}, "event_id"),
        ({"location": "Leip\x00zig"}, "location"),
        ({"colour": "blue"}, "colour"),
    ],
)
def test_a_wrong_value_is_told_by_its_field(changes: dict[str, Any], field: str) -> None:
    with pytest.raises(Invalid) as error:
        read(body(event(), event() | changes))
    assert list(error.value.errors) == [f"events.1.{field}"]


@pytest.mark.parametrize("text", ["", "{", "events", "[" * 100_000])
def test_a_body_that_is_no_json_is_told(text: str) -> None:
    with pytest.raises(Malformed):
        read(text)


@pytest.mark.parametrize("text", ["[]", "null", "{}", '{"events": null}', '{"events": [1]}', '{"events": {}}', '{"events": [null]}'])
def test_a_body_of_another_shape_is_told(text: str) -> None:
    with pytest.raises(Invalid):
        read(text)


def test_the_signature_is_checked_before_the_body_is_read() -> None:
    with pytest.raises(Unauthenticated):
        DHL.read("not JSON", signatures("something else"), utc_now())
    with pytest.raises(Unauthenticated, match="No callbacks are taken"):
        StandardCarrier("dhl").read(body(), signatures(body(), secret=""), utc_now())


def test_a_carrier_is_asked_for_the_numbers_with_its_key() -> None:
    with CarrierServer().serving() as server:
        server.text = body(event("delivered", waybill="W-2"))
        (told,) = StandardCarrier("dhl", url=server.url, key="k3y").track(["W-1", "W-2"])
        assert server.questions == [(["W-1", "W-2"], "Bearer k3y")]
    assert (told.waybill_number, told.status) == ("W-2", "delivered")


@pytest.mark.parametrize(
    ("status", "text"), [(500, ""), (302, ""), (404, body()), (200, "<html>"), (200, '{"events": [{"status": "delivered"}]}'), (200, "[]"), (204, "")]
)
def test_a_carrier_that_does_not_answer_as_agreed_is_unavailable(status: int, text: str) -> None:
    with CarrierServer().serving() as server:
        server.status, server.text = status, text
        with pytest.raises(CarrierUnavailable, match="dhl"):
            StandardCarrier("dhl", url=server.url).track(["W-1"])
        assert len(server.questions) == 1


def test_a_carrier_that_answers_without_end_is_unavailable() -> None:
    with CarrierServer().serving() as server:
        server.text = body(event("delivered")) + " " * LARGEST
        with pytest.raises(CarrierUnavailable, match="dhl answers without end"):
            StandardCarrier("dhl", url=server.url).track(["W-1"])


def test_a_carrier_that_is_not_there_is_unavailable() -> None:
    with pytest.raises(CarrierUnavailable, match="dhl cannot be reached"):
        StandardCarrier("dhl", url=f"http://127.0.0.1:{free_port()}/").track(["W-1"])


def test_a_parcel_is_the_channels_carriers_or_else_the_one_whose_number_it_is() -> None:
    ups = issue("ups", "express", 7, "CN")
    assert carrier_of("express", ups) == "ups"
    assert carrier_of("sea_freight_lcl", ups) is None, "a bill of lading may look like it"
    assert carrier_of("express", ups[:-1] + str((int(ups[-1]) + 1) % 10)) is None
    assert carrier_of("sea_freight_fcl", "COSU 6123456780") is None
    assert carrier_of("dhl_express", ups) == "dhl"


@pytest.mark.parametrize(
    ("channel", "waybill", "may"),
    [
        ("dhl_express", "whatever", {"dhl"}),
        ("express", issue("ups", "express", 7, "CN"), {"ups"}),
        ("express", "no courier's", {"shipping line"}),
        ("sea_freight_fcl", issue("ups", "express", 7, "CN"), {"shipping line"}),
    ],
)
def test_who_is_believed_about_a_shipment(channel: str, waybill: str, may: set[str]) -> None:
    assert {sender for sender in (*DIRECTORY, "shipping line") if may_have(sender, channel, waybill)} == may


def test_every_carrier_that_numbers_are_recognised_of_is_in_the_directory() -> None:
    assert {"dhl", "ups", "fedex", "tnt", "post"} == DIRECTORY.keys()
    assert DIRECTORY["ups"].page("1z 999-aa1").endswith("tracknum=1Z999AA1")
