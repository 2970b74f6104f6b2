"""HTTP in: `@http(endpoints)` makes a service's method answer requests, one worker each."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, Protocol

from nameko.containers import WorkerContext
from nameko.extensions import Entrypoint, register_entrypoint
from werkzeug.routing import Rule
from werkzeug.wrappers import Response

from shared.platform import context
from shared.platform.web.problems import problem
from shared.platform.web.request import Request
from shared.platform.web.server import WebServer


class Endpoint(Protocol):
    """What a route must tell to be found: its method and its path in Werkzeug's notation."""

    @property
    def method(self) -> str: ...

    @property
    def rule(self) -> str: ...


class Http(Entrypoint):
    server = WebServer()

    def __init__(self, endpoints: Callable[[], Iterable[Endpoint]]) -> None:
        super().__init__()
        self.endpoints = endpoints

    def setup(self) -> None:
        self.server.register_provider(self)

    def stop(self) -> None:
        self.server.drain()
        self.server.unregister_provider(self)

    def rules(self) -> list[Rule]:
        return [Rule(each.rule, methods=[each.method], endpoint=partial(self.handle, each)) for each in self.endpoints()]

    def handle(self, endpoint: Endpoint, request: Request) -> Response:
        """Have a worker answer, in the connection's greenlet: what Nameko does for a worker, without a greenlet and a pool of its own."""
        answers: list[Response] = []

        def keep(_worker: Any, result: Any, exc_info: Any) -> tuple[Any, Any]:
            answers.append(result)
            return result, exc_info

        worker = WorkerContext(self.container, self.container.service_cls(), self, (endpoint, request))
        self.container._run_worker(worker, keep)  # noqa: SLF001  (Nameko has no public way)
        return answers[0]


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
