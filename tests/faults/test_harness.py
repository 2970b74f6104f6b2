"""A short run of the fault harness on every change, and the harness itself put to the test: with a safety switched off it must find something."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.faults import applicable
from tests.faults.harness import Plan, run, servers
from tests.faults.servers import Server

pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="module")
def own() -> Iterator[dict[str, Server]]:
    with servers() as started:
        yield started


def test_nothing_is_lost_or_done_twice_whatever_breaks(own: dict[str, Server], tmp_path: Path) -> None:
    report = run(Plan(orders=80, seed="short", faults=len(applicable(1)), pace=0.15), own, tmp_path, print)
    assert not report.examples, "\n".join(report.examples)
    assert report.sound
    assert report.figures["faults"].keys() >= set(applicable(1))
    assert report.figures["acknowledged"] == report.figures["trades"] == 80


# What each safety is there for: deliveries that come again, and a broker that goes away between a commit and its event.
_HARD_ON = {"without_inbox": ("deliver_again",), "without_outbox": ("kill_the_broker",)}


@pytest.mark.parametrize("mutant", _HARD_ON)
def test_the_harness_notices_when_a_safety_is_switched_off(mutant: str, own: dict[str, Server], tmp_path: Path) -> None:
    command = (sys.executable, "-m", "tests.faults.mutants", mutant)
    # A fault meets nothing to harm once in a while: then another chance.
    plans = (Plan(12, f"{mutant} {chance}", 2, _HARD_ON[mutant], replicas=1, pace=0.3, patience=15, command=command) for chance in range(3))
    assert not all(run(plan, own, tmp_path / plan.seed, print).sound for plan in plans)
