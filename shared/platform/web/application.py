"""The WSGI application: finds the route, has it answered, and puts on every answer what every answer carries. One access log line each."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import quote

from werkzeug.routing import Map, Rule
from werkzeug.wrappers import Response

from shared.platform import context
from shared.platform.web.problems import problem
from shared.platform.web.request import Request

access = logging.getLogger("tradelane.access")

HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
}
"""On every answer that does not say otherwise."""


class Application:
    """Each rule's endpoint is a function from Request to Response; what it raises becomes a problem document."""

    def __init__(self, rules: Iterable[Rule], stopping: Callable[[], bool] = lambda: False) -> None:
        self._routes = Map(rules, merge_slashes=False).bind("localhost")
        self._stopping = stopping

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        started = time.perf_counter()
        request = Request(environ)
        request.stopping = self._stopping
        context.enter(request.context)
        response = self._answer(request)
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        response.headers["X-Correlation-ID"] = request.context.correlation_id
        response.headers["traceparent"] = request.context.traceparent
        if self._stopping() or not request.whole:
            response.headers["Connection"] = "close"
        took = (time.perf_counter() - started) * 1000
        access.info("%s %s %s %d %.1f ms", request.remote_addr, request.method, quote(request.path), response.status_code, took)
        return response(environ, start_response)

    def _answer(self, request: Request) -> Response:
        try:
            request.receive()  # whatever the answer: the connection's next request begins where this one ends
            endpoint, request.path_values = self._routes.match(request.path, request.method)
            return endpoint(request)  # type: ignore[no-any-return]
        except Exception as error:
            return problem(error, request.context.correlation_id)
