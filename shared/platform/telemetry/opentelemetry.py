"""Spans recorded and sent by OpenTelemetry's SDK, over OTLP/HTTP. Everything it can be told is told by the standard OTEL_* environment."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from functools import cache
from typing import Any

import eventlet
from opentelemetry.context import Context as Baggage
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Span, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import SpanKind, StatusCode, Tracer, set_span_in_context
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from shared.platform.context import Context
from shared.platform.telemetry.tracing import OK, Kind

log = logging.getLogger(__name__)

BATCH = 128
"""Spans sent at a time. Encoding one takes some 30 µs, in which nothing else runs: the SDK's 512 would be felt."""
LAST_EXPORT = 3.0
"""Seconds a process that stops waits for the collector to take its last spans."""

_W3C = TraceContextTextMapPropagator()


class OpenTelemetry:
    """One queue and one exporter a process; a tracer a service, so that all services of one process keep their names."""

    def __init__(self) -> None:
        batch = int(os.environ.get("OTEL_BSP_MAX_EXPORT_BATCH_SIZE") or BATCH)
        self._processor = BatchSpanProcessor(OTLPSpanExporter(), max_export_batch_size=batch)
        self._tracer = cache(self._make_tracer)

    def _make_tracer(self, service: str) -> Tracer:
        resource = {"service.namespace": "tradelane", "service.name": os.environ.get("OTEL_SERVICE_NAME") or service}
        provider = TracerProvider(resource=Resource.create(resource), shutdown_on_exit=False)
        provider.add_span_processor(self._processor)
        return provider.get_tracer("tradelane")

    def begin(self, service: str, name: str, kind: Kind, parent: Context, attributes: Mapping[str, Any]) -> tuple[Any, str]:
        # Parents are handed over, never OpenTelemetry's own "current span": each piece of work has its context in `shared.platform.context`.
        above = _W3C.extract({"traceparent": parent.traceparent}, Baggage())
        told = {**attributes, "tradelane.correlation_id": parent.correlation_id}
        span = self._tracer(service).start_span(name, above, SpanKind[kind.upper()], told)
        carrier: dict[str, str] = {}
        _W3C.inject(carrier, set_span_in_context(span, Baggage()))
        return span, carrier["traceparent"]

    def end(self, span: Span, outcome: str, failed: bool) -> None:
        if outcome != OK and not outcome.isdigit():  # an HTTP status is told already
            span.set_attribute("tradelane.outcome", outcome)
        if failed:
            span.set_status(StatusCode.ERROR, outcome)
        span.end()

    def close(self) -> None:
        try:
            with eventlet.Timeout(LAST_EXPORT):
                self._processor.shutdown()
        except eventlet.Timeout:
            log.warning("the last spans did not reach the collector")
