"""A shipment under its waybill, followed until it is delivered or void."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from services.logistics.models import shipments
from tests.integration.logistics.parcels import CARTON, Parcel, add_tariff, parcel
from tests.integration.logistics.scene import Scene, Trade
from tests.unit.logistics import sample


def test_a_dispatched_shipment_has_its_waybill_and_keeps_the_notice(scene: Scene) -> None:
    trade = Trade()
    scene.happen(trade.placed(), trade.shipping_submitted())
    shipment = scene.shipment(trade)
    assert (shipment["state"], shipment["waybill_number"]) == ("dispatched", "COSU 6123456780")
    assert scene.told(trade)[-1] == ("shipment_created", {"order_id": trade.order_id, "number": shipment["number"]})
    notice = scene.database.run(lambda tx: tx.execute(select(shipments.c.notice)).scalar_one())
    assert notice == sample.shipping_form()


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"logistics_channel": "sea_freight_lcl"}, "channel_changed"),
        ({"shipping_notice": sample.shipping_form()["shipping_notice"] | {"mode": "air"}}, "mode_mismatch"),
        ({"packages": [sample.package(), sample.package(weight_kg="28000.5")]}, "package_too_heavy"),
        ({"packages": [sample.package(height_cm="1200.001")]}, "package_too_long"),
        ({"packages": [sample.package(count=10**6)]}, "too_heavy"),
    ],
)
def test_a_shipment_that_the_channel_cannot_carry_is_refused(scene: Scene, changes: dict[str, Any], reason: str) -> None:
    trade = Trade()
    scene.happen(trade.placed(), trade.shipping_submitted(**changes))
    assert scene.refused(trade)[:2] == ("shipment_refused", reason)
    shipment = scene.shipment(trade)
    assert (shipment["state"], shipment["waybill_number"]) == ("planned", None)


def test_bulky_packages_are_refused_by_their_volume(scene: Scene) -> None:
    terms = sample.terms(channel="air_freight", incoterm="CIP")
    trade = Trade(sample.order(terms=terms))
    notice = sample.shipping_form()["shipping_notice"] | {"mode": "air"}
    by_air: dict[str, Any] = {"logistics_channel": "air_freight", "shipping_notice": notice}
    scene.happen(trade.placed(), trade.shipping_submitted(**by_air, packages=[sample.package(count=120)]))
    assert scene.refused(trade) == (
        "shipment_refused",
        "too_heavy",
        "By their volume the packages count as 21,120 kg; Air freight takes up to 20,000 kg.",
    )
    scene.happen(trade.shipping_submitted(**by_air, packages=[sample.package(count=110)]))
    assert scene.told_names(trade)[-1] == "shipment_created"


def test_special_goods_told_at_shipping_or_known_from_the_order_are_refused_alike(scene: Scene) -> None:
    terms = sample.terms(channel="rail_freight", incoterm="DAP")
    trade = Trade(sample.order(terms=terms))
    notice = sample.shipping_form()["shipping_notice"] | {"mode": "rail"}
    scene.happen(trade.placed(), trade.shipping_submitted(logistics_channel="rail_freight", shipping_notice=notice, special_goods=["battery"]))
    assert scene.refused(trade)[:2] == ("shipment_refused", "special_goods_not_taken")


@pytest.mark.parametrize("written", ["COSU 6123456780", "cosu-612-345-678-0"])
def test_a_waybill_is_used_once_in_a_channel_however_it_is_written(scene: Scene, written: str) -> None:
    one, other = Trade(), Trade()
    scene.happen(one.placed(), other.placed(), one.shipping_submitted(), other.shipping_submitted(written))
    assert scene.refused(other) == ("shipment_refused", "waybill_taken", f"Waybill {written} of sea_freight_fcl is used for another order.")
    scene.happen(other.shipping_submitted("COSU 6123456781"))
    assert scene.told_names(other)[-1] == "shipment_created"


def test_a_voided_waybill_is_not_used_again(scene: Scene) -> None:
    one, other = Trade(), Trade()
    scene.happen(one.placed(), other.placed(), one.shipping_submitted(), one.cancelled(), other.shipping_submitted())
    assert scene.refused(other)[1] == "waybill_taken"


def test_other_channels_may_have_the_same_waybill_number(scene: Scene) -> None:
    one, other = Trade(), Trade(sample.order(terms=sample.terms(channel="sea_freight_lcl")))
    scene.happen(
        one.placed(),
        other.placed(),
        one.shipping_submitted(),
        other.shipping_submitted(logistics_channel="sea_freight_lcl", packages=[sample.package(count=4)]),
    )
    assert scene.told_names(other)[-1] == "shipment_created"


def test_shipping_handed_in_again_replaces_the_waybill_and_frees_the_old_one(scene: Scene) -> None:
    one, other = Trade(), Trade()
    scene.happen(one.placed(), other.placed(), one.shipping_submitted("OLD-1"), one.shipping_submitted("NEW-1"), other.shipping_submitted("OLD-1"))
    assert scene.shipment(one)["waybill_number"] == "NEW-1"
    assert scene.told_names(other)[-1] == "shipment_created"


def test_a_shipment_follows_its_order_to_the_end(scene: Scene) -> None:
    trade = Trade()
    scene.happen(*trade.in_transit())
    assert scene.shipment(trade)["state"] == "dispatched"
    scene.happen(trade.event("goods_arrived", "arrived_in_customs"))
    assert scene.shipment(trade)["state"] == "arrived"
    scene.happen(trade.event("goods_received", "completed"))
    assert scene.shipment(trade)["state"] == "delivered"
    assert scene.told_names(trade) == ["channel_confirmed", "shipment_created"]


def test_a_cancelled_order_voids_its_waybill(scene: Scene) -> None:
    trade = Trade()
    scene.happen(*trade.in_transit(), trade.event("exception_raised", "transport_exception"), trade.cancelled())
    assert scene.told(trade)[-1] == ("waybill_voided", {"order_id": trade.order_id, "number": "COSU 6123456780"})
    assert scene.shipment(trade)["state"] == "voided"


# A channel that is booked online.


@pytest.fixture
def parcel_trade(scene: Scene) -> Parcel:
    add_tariff(scene)
    return parcel(scene)


def test_without_a_logistics_order_an_online_channel_is_refused_with_what_to_do(scene: Scene, parcel_trade: Parcel) -> None:
    scene.happen(parcel_trade.shipped("0000000011"))
    assert scene.refused(parcel_trade) == (
        "shipment_refused",
        "logistics_order_missing",
        f"DHL Express is booked online: do so (POST /v1/orders/{parcel_trade.order_id}/logistics-order), and put the waybill issued into the shipping notice.",
    )
    parcel_trade.book()
    scene.happen(parcel_trade.refused_freight(), parcel_trade.shipped("0000000011"))
    assert scene.refused(parcel_trade)[1] == "logistics_order_missing", "one that is refused books nothing"
    assert scene.shipment(parcel_trade)["state"] == "planned"


def test_while_freight_is_being_charged_an_online_channel_is_refused(scene: Scene, parcel_trade: Parcel) -> None:
    number = parcel_trade.book()["number"]
    scene.happen(parcel_trade.shipped("0000000011"))
    assert scene.refused(parcel_trade) == (
        "shipment_refused",
        "freight_unpaid",
        f"The freight of {number} is being charged: hand this in again once its waybill is issued.",
    )


def test_an_online_channel_takes_the_waybill_issued_and_no_other(scene: Scene, parcel_trade: Parcel) -> None:
    parcel_trade.book()
    scene.happen(parcel_trade.charged(), parcel_trade.shipped("0000000022"))
    assert scene.refused(parcel_trade) == (
        "shipment_refused",
        "waybill_mismatch",
        "The waybill issued for this order is 0000000011, not 0000000022: put it into the shipping notice.",
    )
    scene.happen(parcel_trade.shipped("00 0000-0011"))
    assert scene.told_names(parcel_trade)[-1] == "shipment_created"
    assert scene.shipment(parcel_trade)["state"] == "dispatched"


def test_as_many_packages_are_shipped_as_are_booked(scene: Scene, parcel_trade: Parcel) -> None:
    number = parcel_trade.book()["number"]
    scene.happen(parcel_trade.charged(), parcel_trade.shipped("0000000011", packages=[CARTON | {"count": 3}]))
    assert scene.refused(parcel_trade) == (
        "shipment_refused",
        "packages_mismatch",
        f"2 packages are booked, 3 are shipped: mend the form, or void {number} and book it anew.",
    )


def test_a_parcel_in_the_warehouse_already_is_shipped_all_the_same(scene: Scene, parcel_trade: Parcel) -> None:
    parcel_trade.book()
    scene.happen(parcel_trade.charged())
    parcel_trade.scan()
    parcel_trade.weigh()
    scene.happen(parcel_trade.shipped())
    assert scene.told_names(parcel_trade)[-1] == "shipment_created"
