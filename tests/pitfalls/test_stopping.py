"""SIGTERM while a worker is at its job, and another instance that would take it."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.pitfalls.bus import Bus
from tests.pitfalls.children import Child, Children, wait_until

WAYS = {
    "call": lambda bus, finish: bus.ask("work", word="job", after=finish),
    "event": lambda bus, finish: bus.emit("order-1", word="job", after=finish),
}


@pytest.fixture
def finish(tmp_path: Path) -> Path:
    """The job is at work until there is this file."""
    return tmp_path / "finish"


def stop_in_the_midst(start: Callable[[], Child], send: Callable[[], object]) -> tuple[Child, Child]:
    """The instance that has the job, and was told to stop; and another."""
    instances = [start(), start()]
    send()
    one: Child
    (one,) = wait_until(lambda: [each for each in instances if each.count("began job")], "the job is begun")
    one.process.terminate()
    (other,) = (each for each in instances if each is not one)
    return one, other


def test_a_stock_job_at_work_when_its_service_stops_is_done_again(bus: Bus, children: Children, finish: Path) -> None:
    one, other = stop_in_the_midst(lambda: children.stock("Stock"), lambda: bus.ask_stock("work", "job", 0, str(finish)))
    other.wait_for("began job")
    finish.touch()
    one.ended()
    other.wait_for("did job")
    assert one.count("did job") == 1


@pytest.mark.parametrize("way", WAYS)
def test_ours_finishes_the_job_and_it_is_done_once(bus: Bus, children: Children, finish: Path, way: str) -> None:
    one, other = stop_in_the_midst(children.ours, lambda: WAYS[way](bus, str(finish)))
    time.sleep(1.5)  # a stock one has let go by then
    assert one.runs
    finish.touch()
    assert one.ended() == 0
    other.stop()  # it finishes what it has
    assert (one.count("did job"), other.count("began job")) == (1, 0)
    assert (bus.depth("catalog.inbox"), bus.depth("catalog.rpc")) == (0, 0)
