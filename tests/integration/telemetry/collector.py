"""A collector of spans: an HTTP server that takes OTLP as OpenTelemetry's exporters send it, and knows which span is below which."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest


@dataclass(frozen=True)
class Span:
    trace: str
    id: str
    parent: str
    service: str
    name: str
    kind: str
    failed: bool
    seconds: float
    attributes: dict[str, Any] = field(hash=False)

    @property
    def what(self) -> tuple[str, str, str]:
        return self.service, self.kind, self.name


@dataclass
class Collector:
    """`pause`: seconds it takes its time for each export."""

    url: str = ""
    pause: float = 0.0
    spans: list[Span] = field(default_factory=list)
    exports: int = 0

    def take(self, body: bytes) -> None:
        self.exports += 1
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
            service = {each.key: each.value.string_value for each in resource.resource.attributes}["service.name"]
            self.spans += [_read(service, span) for scope in resource.scope_spans for span in scope.spans]

    def trace(self, id: str) -> list[Span]:
        return [span for span in self.spans if span.trace == id]

    def way_to(self, span: Span) -> list[tuple[str, str, str]]:
        """What the span came from, first cause first, down to the span itself."""
        above = {each.id: each for each in self.trace(span.trace)}
        way = [span]
        while way[0].parent in above:
            way.insert(0, above[way[0].parent])
        return [each.what for each in way]

    def wait_for(self, trace: str, what: tuple[str, str, str], seconds: float = 60.0) -> Span:
        """The trace's span that is `what`, once it has arrived."""
        deadline = time.monotonic() + seconds
        while True:
            if found := [span for span in self.trace(trace) if span.what == what]:
                return found[0]
            assert time.monotonic() < deadline, f"no {what} among {sorted(span.what for span in self.trace(trace))}"
            time.sleep(0.1)


def _read(service: str, span: Any) -> Span:
    return Span(
        trace=span.trace_id.hex(),
        id=span.span_id.hex(),
        parent=span.parent_span_id.hex(),
        service=service,
        name=span.name,
        kind=type(span).SpanKind.Name(span.kind).removeprefix("SPAN_KIND_").lower(),
        failed=span.status.code == span.status.STATUS_CODE_ERROR,
        seconds=(span.end_time_unix_nano - span.start_time_unix_nano) / 1e9,
        attributes={each.key: each.value.string_value or each.value.int_value for each in span.attributes},
    )


@contextmanager
def running_collector() -> Iterator[Collector]:
    """On a free port of this machine, in a thread."""
    collector = Collector()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            assert self.path == "/v1/traces"
            body = self.rfile.read(int(self.headers["Content-Length"]))
            time.sleep(collector.pause)
            collector.take(body)
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    collector.url = f"http://127.0.0.1:{server.server_address[1]}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield collector
    finally:
        server.shutdown()
        server.server_close()
