"""Runs a service's method with its dependencies: Nameko's worker without its pool, its call ids and its hooks, which cost more than most methods do."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from nameko.extensions import DependencyProvider, Entrypoint

_HOOKS = ("worker_setup", "worker_result", "worker_teardown")


def check(container: Any) -> None:
    """A TypeError for a dependency that counts on hooks which are never called."""
    for provider in container.dependencies:
        if any(getattr(type(provider), hook) is not getattr(DependencyProvider, hook) for hook in _HOOKS):
            raise TypeError(f"{provider.attr_name} of {container.service_name}: dependencies are asked for, no more; {', '.join(_HOOKS)} are not called")


def run(entrypoint: Entrypoint, *args: Any) -> Any:
    """What the entrypoint's method returns; whatever it raises. In the greenlet that calls."""
    container = entrypoint.container
    service = container.service_cls()
    worker = SimpleNamespace(container=container, service_name=container.service_name, service=service, entrypoint=entrypoint, args=args, data={})
    for provider in container.dependencies:
        setattr(service, provider.attr_name, provider.get_dependency(worker))
    return getattr(service, entrypoint.method_name)(*args)
