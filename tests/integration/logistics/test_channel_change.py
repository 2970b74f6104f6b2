"""Another channel that both parties agreed on: checked like the first, and refused while something is booked or on its way."""

from __future__ import annotations

import pytest

from tests.integration.logistics.parcels import add_tariff, parcel
from tests.integration.logistics.scene import Scene
from tests.unit.logistics import sample


@pytest.fixture(autouse=True)
def tariffs(scene: Scene) -> None:
    add_tariff(scene)
    add_tariff(scene, channel="fedex_express")


def test_the_goods_go_by_the_channel_agreed_on(scene: Scene) -> None:
    trade = parcel(scene)
    scene.happen(trade.agreed_on("fedex_express"))
    assert scene.told(trade)[-1] == ("channel_changed", {"order_id": trade.order_id, "channel": "fedex_express"})
    assert scene.shipment(trade)["channel"] == "fedex_express"
    assert (trade.book()["channel"], trade.booked()["carrier"]) == ("fedex_express", "fedex")


def test_the_same_agreement_twice_changes_nothing_more(scene: Scene) -> None:
    trade = parcel(scene)
    scene.happen(trade.agreed_on("fedex_express"), trade.agreed_on("fedex_express"))
    assert scene.told_names(trade)[-2:] == ["channel_changed", "channel_changed"]
    assert scene.shipment(trade)["channel"] == "fedex_express"


@pytest.mark.parametrize(
    ("channel", "reason", "words"),
    [
        ("pigeon_post", "channel_unknown", "There is no logistics channel pigeon_post."),
        ("postal_packet", "too_heavy", "The goods weigh 5 kg; Postal small packet takes up to 2 kg."),
        ("tnt_express", "special_goods_not_taken", "TNT Express does not take: battery."),
    ],
)
def test_a_channel_that_cannot_carry_the_goods_is_refused(scene: Scene, channel: str, reason: str, words: str) -> None:
    trade = parcel(
        scene, lines=[sample.order_line(sample.DRILL, "D", "Drill", 2, "C62", "58.50", "117.00", "84671100", "4", "5") | {"special_goods": ["battery"]}]
    )
    if reason == "too_heavy":
        trade = parcel(scene)
    scene.happen(trade.agreed_on(channel))
    assert scene.refused(trade) == ("channel_change_refused", reason, words)
    assert scene.shipment(trade)["channel"] == "dhl_express"


def test_a_channel_that_the_incoterm_forbids_is_refused(scene: Scene) -> None:
    trade = parcel(scene, terms=sample.terms())
    scene.happen(trade.agreed_on("air_freight"))
    assert scene.refused(trade)[1] == "mode_mismatch"


def test_while_a_logistics_order_stands_it_is_voided_first(scene: Scene) -> None:
    trade = parcel(scene, booked=True)
    scene.happen(trade.agreed_on("fedex_express"))
    number = trade.booked()["number"]
    assert scene.refused(trade) == ("channel_change_refused", "logistics_order_exists", f"{number} books dhl_express for this order: void it first.")
    trade.void()
    scene.happen(trade.agreed_on("fedex_express"))
    assert scene.told_names(trade)[-1] == "channel_changed"


def test_goods_on_their_way_keep_their_channel(scene: Scene) -> None:
    trade = parcel(scene, booked=True)
    scene.happen(trade.shipped(), trade.agreed_on("fedex_express"))
    assert scene.refused(trade) == ("channel_change_refused", "already_shipped", "The goods are on their way by dhl_express.")
