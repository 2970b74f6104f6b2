"""What is answered about a waybill number: little to everybody, all to the order's parties, and whose number it may be."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from services.logistics.domain.waybills import issue
from shared.kit.errors import NotFound
from tests.builders.carrier import event
from tests.integration.logistics.scene import CARRIER, OPERATOR, Scene, Trade
from tests.unit.logistics import sample


@pytest.fixture
def trade(scene: Scene, access: Callable[..., None]) -> Trade:
    trade = Trade()
    scene.happen(*trade.in_transit())
    scene.callback(event("on_hold", reason="consignee_refused", description="Mr Müller would not have it", location="Überseeallee 12", country="NL"))
    return trade


def test_everybody_sees_how_far_the_parcel_is_and_nothing_of_whose_it_is(scene: Scene, trade: Trade) -> None:
    answer = scene.public("cosu 6123-456780")
    (parcel,) = answer["parcels"]
    (told,) = parcel.pop("events")
    assert (told.pop("occurred_at")[-1], told) == ("Z", {"status": "on_hold", "country": "NL"})
    assert parcel == {
        "order_id": None,
        "channel": "Sea freight, full container load",
        "carrier": None,
        "status": "on_hold",
        "estimated_arrival": "2026-05-01",
        "notices": [],
    }
    words = str(answer)
    for secret in (trade.order_id, trade.buyer.id, trade.supplier.id, "Müller", "Ningbo", "refused", "12"):
        assert secret not in words.replace("6123-456780", "")


@pytest.mark.parametrize("who", ["stranger", "carrier"])
def test_who_is_signed_in_but_no_party_sees_no_more(scene: Scene, trade: Trade, who: str) -> None:
    stranger = Trade(sample.order(buyer={"id": CARRIER.id, "name": "Somebody else"})).buyer
    assert scene.public("COSU6123456780", CARRIER if who == "carrier" else stranger) == scene.public("COSU6123456780")


@pytest.mark.parametrize("who", ["buyer", "supplier", "operator"])
def test_the_parties_and_operators_see_all_of_it(scene: Scene, trade: Trade, who: str) -> None:
    actor = {"buyer": trade.buyer, "supplier": trade.supplier, "operator": OPERATOR}[who]
    (parcel,) = scene.public("COSU6123456780", actor)["parcels"]
    (told,) = parcel["events"]
    assert parcel["order_id"] == trade.order_id
    assert (told["description"], told["location"], told["reason"]) == ("Mr Müller would not have it", "Überseeallee 12", "consignee_refused")
    assert [each["kind"] for each in parcel["notices"]] == ["abnormal"]


def test_the_estimated_arrival_is_the_shipping_notices_where_it_says_one(scene: Scene) -> None:
    trade = Trade()
    form = trade.shipping_submitted("ETA-1")
    form.raw["form"]["shipping_notice"]["estimated_arrival"] = "2026-04-05"
    scene.happen(trade.placed(), form)
    assert scene.public("ETA-1")["parcels"][0]["estimated_arrival"] == "2026-04-05"


def test_a_number_of_two_channels_is_two_parcels(scene: Scene, trade: Trade) -> None:
    other = Trade(sample.order(terms=sample.terms(channel="sea_freight_lcl")))
    scene.happen(other.placed(), other.shipping_submitted(logistics_channel="sea_freight_lcl", packages=[sample.package(count=4)]))
    parcels = scene.public("COSU6123456780", trade.buyer)["parcels"]
    assert [each["channel"] for each in parcels] == ["Sea freight, full container load", "Sea freight, less than container load"]


def test_a_number_that_is_not_ours_is_recognised_with_its_check_digit(scene: Scene) -> None:
    number = issue("dhl", "dhl_express", 123, "CN")
    (said,) = scene.public(number)["recognised"]
    assert (said["carrier"], said["name"], said["valid"]) == ("dhl", "DHL Express", True)
    assert said["website"].endswith(f"={number}")
    wrong = number[:-1] + str((int(number[-1]) + 1) % 10)
    assert scene.public(wrong) == {"number": wrong, "parcels": [], "recognised": [said | {"valid": False, "website": said["website"].replace(number, wrong)}]}


def test_a_number_that_looks_like_nothing_is_not_found(scene: Scene) -> None:
    with pytest.raises(NotFound) as error:
        scene.public("pigeon 7")
    assert error.value.code == "number_unknown"
