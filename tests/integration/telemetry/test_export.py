"""The exporter's thread is a green one: it sends while the process goes on, and no collector holds up work or the process's end."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

from shared.platform.telemetry.opentelemetry import LAST_EXPORT
from tests.integration.telemetry.collector import Collector, running_collector

STILL = 5.0
"""Seconds: longer than a busy machine lets a process stand still, shorter than the collectors here do."""


@pytest.fixture
def collector() -> Iterator[Collector]:
    with running_collector() as running:
        yield running


def run(endpoint: str, spans: int, seconds: float, **environment: str) -> dict[str, float]:
    """What the green process tells."""
    given = os.environ | {"OTEL_EXPORTER_OTLP_ENDPOINT": endpoint, "OTEL_BSP_SCHEDULE_DELAY": "100", "PYTHONWARNINGS": "ignore"} | environment
    command = [sys.executable, "-m", "tests.integration.telemetry.green", str(spans), str(seconds)]
    done = subprocess.run(command, env=given, capture_output=True, text=True, timeout=60, check=True)
    told: dict[str, float] = json.loads(done.stdout)
    return told


def test_a_slow_collector_is_waited_for_without_standing_still(collector: Collector) -> None:
    collector.pause = STILL + 1
    told = run(collector.url, spans=50, seconds=STILL + 2)
    assert collector.exports >= 1
    assert {span.name for span in collector.spans} == {f"work {number}" for number in range(50)}
    assert told["longest_gap"] < STILL, "the hub waited for the collector"


def test_what_is_recorded_last_is_sent_before_the_process_ends(collector: Collector) -> None:
    told = run(collector.url, spans=5, seconds=0, OTEL_BSP_SCHEDULE_DELAY="60000")
    assert len(collector.spans) == 5
    assert told["stopped_in"] < LAST_EXPORT + STILL


def test_a_queue_that_is_full_drops_spans_and_holds_up_nobody(collector: Collector) -> None:
    collector.pause = 5
    run(collector.url, spans=400, seconds=0, OTEL_BSP_MAX_QUEUE_SIZE="50", OTEL_BSP_MAX_EXPORT_BATCH_SIZE="10")
    assert len(collector.spans) < 400


@pytest.mark.parametrize("gone", [True, False], ids=["not there", "does not answer"])
def test_a_collector_that_is_not_there_or_does_not_answer_does_not_keep_the_process(collector: Collector, gone: bool) -> None:
    collector.pause = 30
    told = run("http://127.0.0.1:9" if gone else collector.url, spans=5, seconds=0.5)
    assert told["longest_gap"] < STILL
    assert told["stopped_in"] < LAST_EXPORT + STILL
