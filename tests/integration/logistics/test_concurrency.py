"""Many at once on PostgreSQL: a number is used once, an arrival is told once."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from sqlalchemy.exc import IntegrityError

from tests.integration.logistics.scene import Scene, Trade

pytestmark = pytest.mark.parametrize("database", ["postgresql"], indirect=True)


def at_once(*works: Callable[[], Any]) -> list[Any]:
    """Their results, or the IntegrityErrors they raised; all start together."""
    start = Barrier(len(works))

    def run(work: Callable[[], Any]) -> Any:
        start.wait()
        try:
            return work()
        except IntegrityError as error:
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
