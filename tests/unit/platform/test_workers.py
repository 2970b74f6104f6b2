"""A service's methods get their dependencies; one that needs more of Nameko than it gets here is refused when the service starts."""

from __future__ import annotations

from typing import Any

import pytest
from nameko.containers import ServiceContainer
from nameko.extensions import DependencyProvider, Entrypoint

from shared.platform import workers


class Door(Entrypoint):
    def setup(self) -> None:
        workers.check(self.container)


door = Door.decorator


class Given(DependencyProvider):
    def get_dependency(self, worker_ctx: Any) -> str:
        return f"for {worker_ctx.service_name}"


class Hooked(DependencyProvider):
    def worker_result(self, worker_ctx: Any, result: Any = None, exc_info: Any = None) -> None: ...


class Plain:
    name = "plain"
    given = Given()

    @door
    def method(self, *words: str) -> list[str]:
        return [self.given, *words]


class Needy(Plain):
    hooked = Hooked()


def test_the_method_has_its_dependencies_and_each_call_a_service_of_its_own() -> None:
    container = ServiceContainer(Plain)
    container.start()
    (entrypoint,) = container.entrypoints
    assert workers.run(entrypoint, "a", "b") == ["for plain", "a", "b"]
    container.stop()


def test_a_dependency_that_counts_on_hooks_is_refused_at_the_start() -> None:
    with pytest.raises(TypeError, match="hooked of plain"):
        ServiceContainer(Needy).start()
