"""Buyer and supplier are told when tracking is not as it should be: of what came, by the clock of what did not, once each time."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from services.logistics.application import watch
from shared.kit.errors import NotFound
from tests.builders.carrier import event
from tests.integration.logistics.scene import OPERATOR, Scene, Trade

DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def the_shipping_line_has_a_secret(access: Callable[..., None]) -> None:
    pass


@pytest.fixture
def trade(scene: Scene) -> Trade:
    trade = Trade()
    scene.happen(*trade.in_transit())
    return trade


def noticed(scene: Scene, trade: Trade) -> list[dict[str, Any]]:
    return [data for name, data in scene.told(trade) if name == "tracking_noticed"]


def kinds(scene: Scene, trade: Trade) -> list[str]:
    return [each["kind"] for each in scene.shipment(trade)["notices"]]


def test_an_abnormal_event_raises_a_notice_to_both_parties_saying_whom_to_ask(scene: Scene, trade: Trade) -> None:
    scene.callback(event("in_transit"), event("on_hold", "e-2", reason="customs_documentation", hours=1))
    (told,) = noticed(scene, trade)
    assert (told["kind"], told["status"], told["reason"]) == ("abnormal", "on_hold", "customs_documentation")
    assert (told["buyer_id"], told["supplier_id"]) == (trade.buyer.id, trade.supplier.id)
    assert told["message"] == (
        "The parcel COSU 6123456780 is held up (customs documentation). "
        "The carrier knows what customs waits for: papers of the supplier, Ningbo Haitian Tools Co., Ltd., or duties of the recipient."
    )
    assert told["contact"] == {"carrier": None, "website": None, "supplier": "Ningbo Haitian Tools Co., Ltd."}
    for party in (trade.buyer, trade.supplier, OPERATOR):
        (shown,) = scene.shipment(trade, party)["notices"]
        assert shown.items() <= told.items()


def test_a_notice_is_raised_once_an_occasion_however_often_it_is_told(scene: Scene, trade: Trade) -> None:
    sent = event("delivery_failed", reason="consignee_not_home")
    for _ in range(3):
        scene.callback(sent)
    scene.track("delivery_failed", "by-hand", occurred_at=sent["occurred_at"], reason="consignee_not_home")
    assert kinds(scene, trade) == ["abnormal"]
    scene.callback(event("delivery_failed", "e-2", reason="consignee_not_home", hours=24))
    assert kinds(scene, trade) == ["abnormal", "abnormal"]
    assert len(noticed(scene, trade)) == 2


def test_a_normal_journey_raises_nothing(scene: Scene, trade: Trade) -> None:
    for number, status in enumerate(["picked_up", "in_transit", "out_for_delivery", "delivered"]):
        scene.callback(event(status, f"e-{number}", hours=number))
    scene.look(later=200 * DAY)
    assert kinds(scene, trade) == []


def test_a_silence_longer_than_the_mode_allows_is_told_once(scene: Scene, trade: Trade) -> None:
    assert scene.look(later=2 * timedelta(minutes=1)) == 1
    assert scene.look(later=20 * DAY) == 0
    scene.look(later=21 * DAY + timedelta(minutes=1))
    scene.look(later=22 * DAY)
    (told,) = noticed(scene, trade)
    assert told["kind"] == "silent"
    assert "has not been heard of since" in told["message"]


def test_a_word_of_the_carrier_puts_the_silence_off(scene: Scene, trade: Trade) -> None:
    scene.callback(event("in_transit"), later=15 * DAY)
    scene.look(later=22 * DAY)
    assert kinds(scene, trade) == []
    scene.look(later=15 * DAY + 21 * DAY + timedelta(hours=1))
    assert kinds(scene, trade) == ["silent"]


def test_a_new_silence_after_a_word_is_told_anew(scene: Scene, trade: Trade) -> None:
    scene.look(later=22 * DAY)
    scene.callback(event("in_transit"), later=23 * DAY)
    scene.look(later=44 * DAY)
    scene.look(later=51 * DAY)
    assert kinds(scene, trade) == ["silent", "silent"]


def test_what_has_not_arrived_by_the_end_of_the_channels_transit_time_is_overdue_once(scene: Scene, trade: Trade) -> None:
    for week in range(1, 11):
        scene.callback(event("in_transit", f"w-{week}"), later=timedelta(weeks=week))
        scene.look(later=timedelta(weeks=week, hours=1))
    assert kinds(scene, trade) == ["overdue"]
    assert "should have arrived by" in noticed(scene, trade)[0]["message"]


@pytest.mark.parametrize("end", ["cancelled", "goods_received", "goods_arrived"])
def test_nothing_is_awaited_of_an_order_that_does_not_wait_for_the_goods(scene: Scene, trade: Trade, end: str) -> None:
    scene.happen(trade.cancelled() if end == "cancelled" else trade.event(end, "receiving" if end == "goods_arrived" else "completed"))
    for days in (1, 100, 200):
        scene.look(later=days * DAY)
    assert kinds(scene, trade) == []
    if end != "goods_arrived":
        scene.callback(event("on_hold"))
        assert kinds(scene, trade) == []


def test_a_new_waybill_begins_anew(scene: Scene, trade: Trade) -> None:
    scene.callback(event("on_hold"))
    scene.happen(trade.shipping_submitted("NEW-1"))
    assert kinds(scene, trade) == []
    scene.callback(event("on_hold", waybill="NEW-1"))
    assert kinds(scene, trade) == ["abnormal"]


def test_a_look_that_fails_does_not_stop_the_others(scene: Scene, trade: Trade, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    other = Trade()
    scene.happen(*other.in_transit("OTHER-1"))
    tell = watch.notices.tell

    def fail(tx: Any, shipment: Any) -> None:
        if shipment.order_id == trade.order_id:
            raise ArithmeticError("one in a thousand")
        tell(tx, shipment)

    monkeypatch.setattr(watch.notices, "tell", fail)
    assert scene.look(later=22 * DAY) == 2
    assert trade.order_id in caplog.text
    assert (kinds(scene, trade), kinds(scene, other)) == ([], ["silent"])
    monkeypatch.undo()
    scene.look(later=22 * DAY + timedelta(hours=2))
    assert kinds(scene, trade) == ["silent"]


def test_notices_are_for_the_parties_only(scene: Scene, trade: Trade) -> None:
    scene.callback(event("on_hold"))
    with pytest.raises(NotFound):
        scene.shipment(trade, Trade({"buyer": {"id": "0"}, "supplier": {"id": "0"}}).buyer)
