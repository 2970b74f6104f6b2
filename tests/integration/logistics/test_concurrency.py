"""Many at once on PostgreSQL: a number is used once, an arrival is told once."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from threading import Barrier
from typing import Any

import pytest
from sqlalchemy.exc import IntegrityError

from shared.kit.errors import Conflict
from tests.builders.carrier import event
from tests.integration.logistics.parcels import WAREHOUSE, add_tariff, handed_over, parcel, rows, serials
from tests.integration.logistics.scene import Scene, Trade

pytestmark = pytest.mark.parametrize("database", ["postgresql"], indirect=True)


def at_once(*works: Callable[[], Any]) -> list[Any]:
    """Their results, or the IntegrityErrors and Conflicts they raised; all start together."""
    start = Barrier(len(works))

    def run(work: Callable[[], Any]) -> Any:
        start.wait()
        try:
            return work()
        except (IntegrityError, Conflict) as error:
            return error

    with ThreadPoolExecutor(len(works)) as pool:
        return list(pool.map(run, works))


@pytest.mark.parametrize("step", ["shipping_submitted", "insurance_submitted", "import_submitted"])
def test_one_number_is_used_by_one_order_however_many_try(scene: Scene, step: str) -> None:
    trades = [Trade() for _ in range(6)]
    scene.happen(*(trade.placed() for trade in trades))
    events = {trade.order_id: getattr(trade, step)() for trade in trades}
    results = at_once(*(lambda event=event: scene.happen(event) for event in events.values()))
    failed = [trade for trade, result in zip(trades, results, strict=True) if result is not None]
    scene.happen(*(events[trade.order_id] for trade in failed))  # as the inbox tries again
    refused = [trade for trade in trades if scene.told_names(trade)[-1].endswith("_refused")]
    assert len(refused) == 5


def test_one_event_reported_by_many_tells_one_arrival(scene: Scene) -> None:
    trade = Trade()
    scene.happen(*trade.in_transit())
    answers = at_once(*(lambda: scene.track("delivered", "e-1") for _ in range(8)))
    assert {answer["tracking_status"] for answer in answers} == {"delivered"}
    assert scene.told_names(trade).count("parcel_arrived") == 1
    assert len(scene.shipment(trade)["tracking"]) == 1


def test_an_arrival_is_not_missed_while_the_order_comes_to_wait_for_it(scene: Scene) -> None:
    for number in range(8):
        trade = Trade()
        *before, insured = trade.in_transit(f"W-{number}")
        scene.happen(*before)
        results = at_once(
            lambda insured=insured: scene.happen(insured), lambda number=number: scene.track("delivered", "e-1", waybill=f"W-{number}")["tracking_status"]
        )
        assert results == [None, "delivered"]
        assert scene.told_names(trade).count("parcel_arrived") == 1


def test_one_order_is_booked_once_however_many_try(scene: Scene) -> None:
    add_tariff(scene)
    trade = parcel(scene)
    results = at_once(*(trade.book for _ in range(6)))
    refused = [each for each in results if isinstance(each, Conflict)]
    assert [each.code for each in refused] == ["logistics_order_exists"] * 5
    assert rows(scene, "state") == [("awaiting_freight",)]
    assert len(trade.money()) == 1


def test_each_waybill_number_is_issued_once_and_none_is_lost(scene: Scene) -> None:
    add_tariff(scene)
    trades = [parcel(scene) for _ in range(8)]
    for trade in trades:
        trade.book()
    charged = [(trade.charged(), trade.charged()) for trade in trades]  # each twice
    assert at_once(*(lambda event=event: scene.happen(event) for pair in charged for event in pair)) == [None] * 16
    assert len({trade.booked()["waybill_number"] for trade in trades}) == 8
    assert serials(scene) == {"dhl_express": 8}
    assert not any(line.difference for line in scene.audit())


def test_freight_is_given_back_once_when_the_order_ends_while_it_is_charged_and_voided(scene: Scene) -> None:
    add_tariff(scene)
    for _ in range(6):
        trade = parcel(scene)
        trade.book()
        at_once(partial(scene.happen, trade.charged()), partial(scene.happen, trade.cancelled()), trade.void)
        assert trade.booked()["state"] == "voided"
        assert trade.money()[1:] == [("freight_credited", trade.supplier.id, {"freight": "38.50", "return_fee": "3.00"})]
        assert trade.booked()["paid"]["amount"] == "0.00"


def test_a_parcel_is_reported_undeliverable_once_however_many_do(scene: Scene) -> None:
    add_tariff(scene)
    trade = parcel(scene, booked=True)
    handed_over(trade)
    answers = at_once(*(lambda: trade.undeliverable("refused", WAREHOUSE) for _ in range(6)))
    assert {answer["state"] for answer in answers} == {"returning"}
    assert scene.told_names(trade).count("parcel_undeliverable") == 1


def test_one_callback_sent_by_many_at_once_has_one_effect(scene: Scene, access: Callable[..., None]) -> None:
    trade = Trade()
    scene.happen(*trade.in_transit())
    events = [event("on_hold", "e-1"), event("delivered", "e-2", hours=1), event("in_transit", "e-0", waybill="UNKNOWN-1")]
    answers = at_once(*(lambda turn=turn: scene.callback(*events[turn % 3 :], *events[: turn % 3]) for turn in range(8)))
    assert sorted(answer["new"] for answer in answers) == [0] * 7 + [3]
    assert scene.told_names(trade).count("parcel_arrived") == 1
    assert len(scene.shipment(trade)["tracking"]) == 2


def test_a_callback_is_not_lost_while_its_waybill_becomes_known(scene: Scene, access: Callable[..., None]) -> None:
    for number in range(6):
        trade = Trade()
        placed, shipped, *after = trade.in_transit(f"W-{number}")
        scene.happen(placed)
        at_once(lambda shipped=shipped: scene.happen(shipped), lambda number=number: scene.callback(event("delivered", waybill=f"W-{number}")))
        scene.happen(*after)
        scene.look(later=timedelta(minutes=2))
        assert scene.shipment(trade)["tracking_status"] == "delivered"
        assert scene.told_names(trade).count("parcel_arrived") == 1


def test_a_silence_that_many_replicas_see_is_told_once(scene: Scene) -> None:
    trades = [Trade() for _ in range(3)]
    for number, trade in enumerate(trades):
        scene.happen(*trade.in_transit(f"W-{number}"))
    looks = at_once(*(lambda: scene.look(later=timedelta(days=30)) for _ in range(4)))
    assert sum(looks) == 3
    assert [scene.told_names(trade).count("tracking_noticed") for trade in trades] == [1, 1, 1]
