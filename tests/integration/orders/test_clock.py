"""The test clock."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from services.orders.application import clock, deadlines
from shared.contracts import orders as contract
from shared.kit.errors import Forbidden, Invalid, NotFound, Unauthenticated
from shared.platform.database import begin
from shared.platform.settings import settings
from tests.builders.database import call
from tests.integration.orders.scene import BUYER, OPERATOR, Scene


class Clocked(Scene):
    """A scene whose time is that of the service's own clock."""

    def run(self, work: Any) -> Any:
        with begin(self.database.engine, clock.ahead) as tx:
            return work(tx)

    def now(self) -> datetime:
        return datetime.fromisoformat(self.do(contract.GET_CLOCK, OPERATOR)["now"])

    def advance(self, **by: Any) -> datetime:
        return datetime.fromisoformat(self.do(contract.ADVANCE_CLOCK, OPERATOR, **by)["now"])


@pytest.fixture
def clocked(scene: Scene) -> Clocked:
    return Clocked(scene.database)


@pytest.fixture
def in_production(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "settings", lambda: replace(settings(), production=True))


def test_it_goes_forward_by_seconds_or_to_a_time_and_goes_on_from_there(clocked: Clocked) -> None:
    start = clocked.now()
    advanced = clocked.advance(seconds=86400)
    assert timedelta(0) <= advanced - start - timedelta(days=1) < timedelta(seconds=30)
    goal = start + timedelta(days=40, microseconds=1)
    assert clocked.advance(to=goal.isoformat()) == goal
    assert timedelta(0) < clocked.now() - goal < timedelta(seconds=30)


def test_deadlines_strike_by_it(clocked: Clocked) -> None:
    order = clocked.confirmed()
    clocked.advance(seconds=8 * 86400)
    assert clocked.run(deadlines.sweep)
    assert clocked.order(order["id"])["state"] == "cancelled"


@pytest.mark.parametrize(
    ("by", "fields"),
    [
        ({}, ["seconds", "to"]),
        ({"seconds": 1, "to": "2090-01-01T00:00:00Z"}, ["seconds", "to"]),
        ({"to": "2020-01-01T00:00:00Z"}, ["to"]),
        ({"to": "2999-01-01T00:00:00Z"}, ["to"]),
    ],
)
def test_it_goes_neither_back_nor_out_of_sight(clocked: Clocked, by: Any, fields: list[str]) -> None:
    with pytest.raises(Invalid) as refused:
        clocked.advance(**by)
    assert list(refused.value.errors) == fields


def test_many_steps_do_not_lead_out_of_sight_either(clocked: Clocked) -> None:
    for _ in range(10):
        clocked.advance(seconds=10 * 365 * 86400)
    with pytest.raises(Invalid):
        clocked.advance(seconds=10 * 365 * 86400)
    assert clocked.now().year < 2200


def test_it_is_the_operators_alone(clocked: Clocked) -> None:
    for operation, data in ((contract.GET_CLOCK, {}), (contract.ADVANCE_CLOCK, {"seconds": 1})):
        with pytest.raises(Forbidden):
            clocked.do(operation, BUYER, **data)
        with pytest.raises(Unauthenticated):
            clocked.do(operation, None, **data)


def test_in_production_there_is_none_and_an_old_one_has_no_effect(clocked: Clocked, request: pytest.FixtureRequest) -> None:
    clocked.advance(seconds=86400)
    ahead = clocked.now()
    request.getfixturevalue("in_production")
    for operation, data in ((contract.GET_CLOCK, {}), (contract.ADVANCE_CLOCK, {"seconds": 1})):
        with pytest.raises(NotFound), begin(clocked.database.engine) as tx:
            (clock.get_clock if operation is contract.GET_CLOCK else clock.advance_clock)(tx, call(operation, OPERATOR, data))
    assert clocked.run(lambda tx: tx.now) < ahead - timedelta(hours=23)
