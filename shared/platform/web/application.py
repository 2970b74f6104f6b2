"""The application: finds the route, has it answered, and puts on every answer what every answer carries. One access log line each."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable, Collection, Iterable
from functools import cache, lru_cache, partial
from typing import Any
from urllib.parse import quote

from werkzeug.exceptions import HTTPException, NotFound
from werkzeug.routing import Map, Rule
from werkzeug.wrappers import Response

from shared.platform.telemetry.metrics import HTTP, Timed
from shared.platform.web import cors
from shared.platform.web.headers import protecting
from shared.platform.web.problems import problem
from shared.platform.web.request import Request

access = logging.getLogger("tradelane.access")

QUIET = frozenset(("/healthz", "/readyz", "/metrics"))
"""Asked all day by machines: no trace begins with them."""


class Application:
    """Each rule's endpoint is a function from Request to Response; what it raises becomes a problem document. `service` is whose it is."""

    def __init__(self, service: str, rules: Iterable[Rule], stopping: Callable[[], bool] = lambda: False, origins: Collection[str] = ()) -> None:
        self._service = service
        self._match = lru_cache(1024)(partial(Map(rules, merge_slashes=False).bind("localhost").match, return_rule=True))
        self._stopping = stopping
        self._origins = origins

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """As a WSGI application, for any server or test client."""
        request = Request(environ)
        request.content = request.get_data()
        return self.answer(request)(environ, start_response)

    def answer(self, request: Request) -> Response:
        """The answer to any request, whatever comes."""
        started = time.perf_counter()
        request.stopping = self._stopping
        asked = {"http.request.method": request.method, "url.path": request.path}
        with Timed(HTTP, (self._service, "", ""), "HTTP", "server", request.context, asked, begins=request.path not in QUIET) as work:
            request.context = work.context
            response = self._answer(request)
            if self._origins:
                cors.add_headers(request, response, self._origins)
            _add_headers(response, request)
            if access.isEnabledFor(logging.INFO):
                took = (time.perf_counter() - started) * 1000
                access.info("%s %s %s %d %.1f ms", request.remote_addr, request.method, quote(request.path), response.status_code, took)
            method, route = (request.method, request.route) if request.route else ("", "")
            work.labels, work.outcome = (self._service, method, route), str(response.status_code)
            work.tell(f"{method} {route}".strip() or "HTTP", {"http.route": route, "http.response.status_code": response.status_code})
        return response

    def body_limit(self, method: str, path: str) -> int | None:
        """How many bytes the body of a request may have, where its route says so."""
        try:
            rule, _values = self._match(path, method)
        except HTTPException:
            return None
        return getattr(rule, "body_limit", None)

    def _answer(self, request: Request) -> Response:
        try:
            if request.failure:
                raise request.failure
            if request.environ["PATH_INFO"].startswith("//"):  # Werkzeug would take it for one slash, and what guards paths before us for two
                raise NotFound
            if request.method == "OPTIONS" and (allowed := cors.preflight(request, self._origins)):
                return allowed
            rule, request.path_values = self._match(request.path, request.method)
            request.route = _template(rule.rule)
            return rule.endpoint(request)  # type: ignore[no-any-return]
        except Exception as error:
            return problem(error, request.context.correlation_id)


def _add_headers(response: Response, request: Request) -> None:
    context = request.context
    response.headers.extend(request.told)
    said = {name.lower() for name, _ in response.headers}
    response.headers.extend([(name, value) for name, value in protecting().items() if name.lower() not in said])
    response.headers.add("X-Correlation-ID", context.correlation_id)
    if context.traceparent:
        response.headers.add("traceparent", context.traceparent)


@cache
def _template(rule: str) -> str:
    """Werkzeug's notation of a path as OpenAPI's: `/v1/orders/{id}`."""
    return re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule)
