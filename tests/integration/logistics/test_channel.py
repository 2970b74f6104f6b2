"""An order is placed, confirmed or refused by its channel, and may end before its time."""

from __future__ import annotations

from typing import Any

import pytest

from shared.kit.errors import NotFound
from tests.integration.logistics.scene import Scene, Trade
from tests.unit.logistics import sample


def with_terms(**changes: Any) -> Trade:
    return Trade(sample.order(terms=sample.terms(**changes)))


def test_a_channel_that_can_carry_the_goods_is_confirmed(scene: Scene) -> None:
    trade = Trade()
    scene.happen(trade.placed())
    assert scene.told(trade) == [("channel_confirmed", {"order_id": trade.order_id, "channel": "sea_freight_fcl"})]
    shipment = scene.shipment(trade)
    assert (shipment["state"], shipment["waybill_number"], shipment["tracking_status"]) == ("planned", None, "pending")
    assert shipment["number"].startswith("SH-")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"channel": "pigeon_post"}, "channel_unknown"),
        ({"channel": "air_freight"}, "mode_mismatch"),
        ({"channel": "postal_parcel", "incoterm": "DAP"}, "too_heavy"),
        ({"channel": "rail_freight", "incoterm": "DAP", "ship_to": sample.terms()["ship_to"] | {"country": "BR"}}, "destination_not_served"),
    ],
)
def test_a_channel_that_cannot_carry_the_goods_is_refused(scene: Scene, changes: dict[str, Any], reason: str) -> None:
    trade = with_terms(**changes)
    scene.happen(trade.placed(), trade.event("order_rejected", "rejected"))
    assert scene.told_names(trade) == ["channel_refused"]
    assert scene.refused(trade)[1] == reason
    assert scene.shipment(trade)["state"] == "refused"


def test_special_goods_of_any_line_count(scene: Scene) -> None:
    lines = sample.order()["lines"]
    lines[1]["special_goods"] = ["battery", "liquid"]
    trade = Trade(sample.order(lines=lines, terms=sample.terms(channel="air_freight", incoterm="CIP")))
    scene.happen(trade.placed())
    assert scene.refused(trade) == ("channel_refused", "special_goods_not_taken", "Air freight does not take: liquid.")


@pytest.mark.parametrize("end", ["order_rejected", "order_cancelled"])
def test_an_order_that_ends_before_shipping_has_no_waybill_to_void(scene: Scene, end: str) -> None:
    trade = Trade()
    scene.happen(trade.placed(), trade.cancelled() if end == "order_cancelled" else trade.event(end, "rejected"))
    assert scene.told_names(trade) == ["channel_confirmed"]
    assert scene.shipment(trade)["state"] == "voided"


def test_an_event_about_an_order_that_was_never_placed_fails_and_leaves_nothing(scene: Scene) -> None:
    trade = Trade()
    for event in (trade.export_submitted(), trade.shipping_submitted(), trade.insurance_submitted(), trade.import_submitted(), trade.cancelled()):
        with pytest.raises(NotFound):
            scene.happen(event)
    assert scene.told(trade) == []
