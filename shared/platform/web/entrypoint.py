"""HTTP in: `@http(endpoints)` makes a service's method answer requests, each in its connection's greenlet."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, Protocol

from nameko.extensions import Entrypoint, register_entrypoint
from werkzeug.routing import Rule
from werkzeug.wrappers import Response

from shared.platform import context, workers
from shared.platform.web.problems import problem
from shared.platform.web.request import Request
from shared.platform.web.server import WebServer


class Endpoint(Protocol):
    """What a route must tell to be found: its method and its path in Werkzeug's notation."""

    @property
    def method(self) -> str: ...

    @property
    def rule(self) -> str: ...

    @property
    def body_limit(self) -> int | None:
        """Bytes, where it takes more than others."""


class BoundRule(Rule):
    """An endpoint as the application finds it."""

    def __init__(self, endpoint: Endpoint, answer: Callable[[Endpoint, Request], Response]) -> None:
        super().__init__(endpoint.rule, methods=[endpoint.method], endpoint=partial(answer, endpoint))
        self.body_limit = endpoint.body_limit


class Http(Entrypoint):
    server = WebServer()

    def __init__(self, endpoints: Callable[[], Iterable[Endpoint]]) -> None:
        super().__init__()
        self.endpoints = endpoints

    def setup(self) -> None:
        workers.check(self.container)
        self.server.register_provider(self)

    def stop(self) -> None:
        self.server.drain()
        self.server.unregister_provider(self)

    def rules(self) -> list[Rule]:
        return [BoundRule(each, self.handle) for each in self.endpoints()]

    def handle(self, endpoint: Endpoint, request: Request) -> Response:
        """Called in the connection's greenlet."""
        return workers.run(self, endpoint, request)  # type: ignore[no-any-return]


def http(endpoints: Callable[[], Iterable[Endpoint]]) -> Callable[[Callable[..., Response]], Callable[..., Response]]:
    """The decorated method takes an endpoint and the request and returns the response. Its errors become problem documents."""

    def decorate(method: Callable[..., Response]) -> Callable[..., Response]:
        def answer(service: Any, endpoint: Endpoint, request: Request) -> Response:
            context.enter(request.context)
            try:
                return method(service, endpoint, request)
            except Exception as error:
                return problem(error, request.context.correlation_id)

        answer.__name__ = method.__name__
        register_entrypoint(answer, Http(endpoints))
        return answer

    return decorate
