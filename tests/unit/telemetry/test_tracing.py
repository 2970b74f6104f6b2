"""A span is the context its work is done in; it is recorded only where tracing is on, and what it tells is what came of the work."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from shared.kit.errors import Conflict, Unavailable
from shared.platform import context
from shared.platform.context import Context
from shared.platform.telemetry import tracing
from shared.platform.telemetry.tracing import Span

TRACE = "0af7651916cd43dd8448eb211c80319c"
CALLER = f"00-{TRACE}-b7ad6b7169203331-01"


@dataclass
class Recorder:
    """Numbers the spans; each is [name, parent's traceparent, outcome, failed]."""

    spans: list[list[Any]] = field(default_factory=list)
    closed: bool = False

    def begin(self, service: str, name: str, kind: str, parent: Context, attributes: Mapping[str, Any]) -> tuple[Any, str]:
        self.spans.append([name, parent.traceparent, None, None])
        return self.spans[-1], f"00-{TRACE}-{len(self.spans):016x}-01"

    def end(self, span: Any, outcome: str, failed: bool) -> None:
        span[2:] = [outcome, failed]

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def recorder(monkeypatch: pytest.MonkeyPatch) -> Recorder:
    made = Recorder()
    monkeypatch.setattr(tracing, "_recorder", made)
    return made


@pytest.fixture(autouse=True)
def somewhere() -> None:
    context.enter(Context("somewhere"))


def test_without_tracing_work_is_done_in_the_context_it_is_given() -> None:
    given = Context("c", "e", CALLER)
    with Span("orders", "work", "server", given, {}) as span:
        assert span.context is context.current() is given
    assert context.current() == Context("somewhere")


def test_work_within_work_is_below_it_and_what_comes_after_is_not(recorder: Recorder) -> None:
    with Span("orders", "outer", "server", Context("c", "", CALLER), {}):
        outer = context.current().traceparent
        with Span("orders", "inner", "client", context.current(), {}):
            assert context.current().traceparent not in (outer, CALLER)
        assert context.current().traceparent == outer
        with Span("orders", "next", "client", context.current(), {}):
            pass
    assert [span[:2] for span in recorder.spans] == [["outer", CALLER], ["inner", outer], ["next", outer]]
    assert context.current() == Context("somewhere")


def test_correlation_and_cause_stay_with_the_work(recorder: Recorder) -> None:
    with Span("orders", "work", "consumer", Context("c", "e", CALLER), {}):
        assert (context.current().correlation_id, context.current().causation_id) == ("c", "e")


@pytest.mark.parametrize(
    ("error", "outcome", "failed"),
    [(Conflict("not_now", "Not now."), "conflict", False), (Unavailable("gone", "Gone."), "unavailable", True), (KeyError("x"), "internal", True)],
)
def test_an_error_is_the_outcome_and_only_a_defect_or_an_outage_is_a_failure(recorder: Recorder, error: Exception, outcome: str, failed: bool) -> None:
    with pytest.raises(type(error)), Span("orders", "work", "server", Context("c"), {}):
        raise error
    assert recorder.spans == [["work", "", outcome, failed]]
    assert context.current() == Context("somewhere")


def test_an_outcome_that_is_set_is_told(recorder: Recorder) -> None:
    with Span("orders", "work", "consumer", Context("c"), {}) as span:
        span.outcome = "dead"
    assert recorder.spans == [["work", "", "dead", True]]


def test_work_that_begins_no_trace_is_recorded_only_below_another(recorder: Recorder) -> None:
    for parent in (Context("c"), Context("c", "", CALLER)):
        with Span("orders", "transaction", "internal", parent, {}, begins=False):
            pass
    assert recorder.spans == [["transaction", CALLER, "ok", False]]


ENDPOINT = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318"}


@pytest.mark.parametrize(
    ("environment", "on"),
    [
        ({}, False),
        (ENDPOINT, True),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://127.0.0.1:4318/v1/traces"}, True),
        (ENDPOINT | {"OTEL_SDK_DISABLED": "true"}, False),
        (ENDPOINT | {"OTEL_SDK_DISABLED": "false"}, True),
        (ENDPOINT | {"OTEL_TRACES_EXPORTER": "none"}, False),
        (ENDPOINT | {"OTEL_TRACES_EXPORTER": "otlp"}, True),
    ],
)
def test_the_standard_environment_switches_tracing(monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], on: bool) -> None:
    made = Recorder()
    monkeypatch.setattr(tracing, "_recorder", None)
    monkeypatch.setattr("shared.platform.telemetry.opentelemetry.OpenTelemetry", lambda: made)
    for name in ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_SDK_DISABLED", "OTEL_TRACES_EXPORTER"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    tracing.set_up()
    assert tracing.is_on() is on
    tracing.shut_down()
    assert made.closed is on


def test_who_does_not_trace_does_not_even_import_it() -> None:
    script = "import sys, tradelane.up; tradelane.up.service_class('orders'); print([name for name in sys.modules if name.startswith('opentelemetry')])"
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", script], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "[]\n"
