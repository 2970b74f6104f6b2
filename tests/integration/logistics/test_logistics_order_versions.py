"""A logistics order counts its changes, and is changed only from the version that was seen where one is named."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from services.logistics.application import online_shipping, warehouses
from shared.contracts import logistics_orders as contract
from shared.contracts.operations import Operation
from shared.kit.actor import Actor
from shared.kit.errors import NotFound, PreconditionFailed
from shared.kit.ids import new_id
from tests.integration.logistics.parcels import CARTON, WAREHOUSE, Parcel, add_tariff, parcel, sent_from_jingdezhen
from tests.integration.logistics.scene import Scene

MEASURED = {"packages": [{name: value for name, value in CARTON.items() if name != "kind"}]}


@pytest.fixture(autouse=True)
def tariff(scene: Scene) -> None:
    add_tariff(scene)


def test_each_change_is_a_version(scene: Scene) -> None:
    trade = parcel(scene)
    assert trade.book()["version"] == 1
    scene.happen(trade.charged())
    assert trade.booked()["version"] == 2
    scanned = trade.scan()
    assert (scanned["version"], trade.scan()["version"]) == (3, 3), "scanned again, nothing has changed"
    assert trade.weigh()["version"] == 4


def in_warehouse(scene: Scene) -> Parcel:
    trade = parcel(scene, booked=True)
    trade.scan()
    return trade


def over(scene: Scene) -> Parcel:
    trade = in_warehouse(scene)
    trade.weigh()
    scene.happen(trade.shipped())
    return trade


def returning(scene: Scene) -> Parcel:
    trade = over(scene)
    trade.hand_over()
    trade.undeliverable()
    return trade


def sent(scene: Scene) -> Parcel:
    trade = parcel(scene)
    trade.book(**sent_from_jingdezhen(domestic_waybill="SF 1"))
    scene.happen(trade.charged())
    return trade


@pytest.mark.parametrize(
    ("begun", "operation", "handler", "more"),
    [
        (sent, contract.TELL_DOMESTIC_WAYBILL, online_shipping.tell_domestic_waybill, {"domestic_waybill": "SF 2"}),
        (sent, contract.VOID_LOGISTICS_ORDER, online_shipping.void, {}),
        (in_warehouse, contract.WEIGH_PARCEL, warehouses.weigh, MEASURED),
        (over, contract.HAND_OVER_PARCEL, warehouses.hand_over, {}),
        (returning, contract.CONFIRM_RETURN, warehouses.confirm_return, {}),
    ],
    ids=lambda value: value.name if isinstance(value, Operation) else "",
)
def test_it_is_changed_only_from_the_version_that_was_seen(
    scene: Scene, begun: Callable[[Scene], Parcel], operation: Operation, handler: Any, more: dict[str, Any]
) -> None:
    trade = begun(scene)
    actor = WAREHOUSE if handler.__module__ == warehouses.__name__ else trade.supplier
    before = trade.booked()
    data = {"id": before["id"], **more}
    with pytest.raises(PreconditionFailed) as refused:
        trade.ask(operation, handler, actor, data | {"if_match": before["version"] - 1})
    assert (refused.value.code, refused.value.data) == ("version_changed", {"version": before["version"]})
    assert trade.booked() == before
    assert trade.ask(operation, handler, actor, data | {"if_match": before["version"]})["version"] == before["version"] + 1


def test_who_may_not_see_it_is_not_told_its_version(scene: Scene) -> None:
    trade = parcel(scene, booked=True)
    with pytest.raises(NotFound):
        trade.ask(contract.VOID_LOGISTICS_ORDER, online_shipping.void, Actor(new_id(), frozenset({"supplier"})), {"id": trade.booked()["id"], "if_match": 99})
