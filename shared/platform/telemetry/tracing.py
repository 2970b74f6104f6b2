"""Spans: a piece of work as a trace shows it. Without tracing, which is the default, a span is only the context that the work is done in.

What follows a trade through HTTP, calls, outbox and events is the `traceparent` in `shared.platform.context`; a span puts its own there.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from types import TracebackType
from typing import Any, Literal, Protocol, Self

from shared.platform import context
from shared.platform.context import Context

Kind = Literal["server", "client", "internal", "producer", "consumer"]

OK = "ok"
FAILURES = frozenset(("internal", "unavailable", "failed", "dead", "500", "503"))
"""Outcomes that are a defect or an outage; any other that is not OK is an answer."""


class Recorder(Protocol):
    """What records spans, where tracing is on (`telemetry.opentelemetry`)."""

    def begin(self, service: str, name: str, kind: Kind, parent: Context, attributes: Mapping[str, Any]) -> tuple[Any, str]:
        """A span that has begun, and its traceparent."""

    def end(self, span: Any, outcome: str, failed: bool) -> None: ...

    def close(self) -> None:
        """Send what is recorded, as far as that is possible soon."""


_recorder: Recorder | None = None


def set_up() -> None:
    """Record and export spans where the standard environment asks for it: an OTLP endpoint is given, and nothing switches it off."""
    global _recorder  # noqa: PLW0603  (a process's one recorder, like its one root logger)
    endpoint = os.environ.get("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT") or os.environ.get("OTEL_EXPORTER_OTLP_ENDPOINT")
    disabled = os.environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true"
    if endpoint and not disabled and os.environ.get("OTEL_TRACES_EXPORTER", "otlp") == "otlp":
        from shared.platform.telemetry.opentelemetry import OpenTelemetry  # noqa: PLC0415  (only those who trace pay for the import)

        _recorder = OpenTelemetry()


def is_on() -> bool:
    """Whether spans are recorded."""
    return _recorder is not None


def shut_down() -> None:
    """Before the process ends: what is recorded goes out."""
    if _recorder:
        _recorder.close()


class Span:
    """Work below `parent`, done in `context`; set `outcome` before it ends, unless it ends by an error.

    As a context manager it is entered and left; or it is made, and ended by `end()`. Work that is only worth telling as part of something
    larger does not begin a trace (`begins`).
    """

    __slots__ = ("_entered", "_span", "context", "outcome")

    def __init__(self, service: str, name: str, kind: Kind, parent: Context, attributes: Mapping[str, Any], *, begins: bool = True) -> None:
        self.outcome = OK
        self.context = parent
        self._span = None
        if _recorder and (begins or parent.traceparent):
            self._span, traceparent = _recorder.begin(service, name, kind, parent, attributes)
            self.context = replace(parent, traceparent=traceparent)

    def tell(self, name: str, attributes: Mapping[str, Any]) -> None:
        """What became known only while it was under way."""
        if self._span is not None:
            self._span.update_name(name)
            self._span.set_attributes(attributes)

    @contextmanager
    def inside(self) -> Iterator[None]:
        """A part of its work, done in its context; it ends by `end()`."""
        entered = context.enter(self.context)
        try:
            yield
        finally:
            context.leave(entered)

    def end(self) -> None:
        if self._span is not None and _recorder:
            _recorder.end(self._span, self.outcome, self.outcome in FAILURES)

    def __enter__(self) -> Self:
        self._entered = context.enter(self.context)
        return self

    def __exit__(self, _type: type[BaseException] | None, error: BaseException | None, _traceback: TracebackType | None) -> None:
        if error is not None:
            self.outcome = outcome_of(error)
        self.end()
        context.leave(self._entered)


def outcome_of(error: BaseException) -> str:
    """A TradeError's kind; anything else is a defect."""
    return getattr(error, "kind", "internal")
