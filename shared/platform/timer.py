"""`@every(seconds)`: a method called again and again while the service runs, never twice at a time in one process; sooner where its `Bell` is rung."""

from __future__ import annotations

import logging
from typing import Any

from eventlet.event import Event
from nameko.extensions import Entrypoint

from shared.kit.errors import Unavailable

log = logging.getLogger(__name__)


class Bell:
    """For a timer that has seldom something to do, but then somebody waits for it: who makes work rings; the pause is for work that others left."""

    def __init__(self) -> None:
        self._rung: Event = Event()

    def ring(self) -> None:
        """The next turn comes at once."""
        if not self._rung.ready():
            self._rung.send(True)

    def wait(self, seconds: float) -> None:
        """Returns when it is rung, or after so long."""
        self._rung.wait(seconds)
        self._rung = Event()


class Every(Entrypoint):
    def __init__(self, seconds: float, bell: Bell | None = None) -> None:
        super().__init__(expected_exceptions=(Unavailable,))
        self.seconds, self.bell = seconds, bell or Bell()

    def start(self) -> None:
        self.stopping = False
        self.thread = self.container.spawn_managed_thread(self._run, f"every {self.seconds} s")

    def stop(self) -> None:
        self.stopping = True

    def _run(self) -> None:
        while not self.stopping:
            done: Event = Event()
            self.container.spawn_worker(self, (), {}, handle_result=lambda _worker, result, exc_info, done=done: self._finish(done, result, exc_info))
            done.wait()
            self.bell.wait(self.seconds)

    def _finish(self, done: Event, result: Any, exc_info: Any) -> tuple[Any, Any]:
        if exc_info is not None:
            log.warning("%s will be tried again: %s", self.method_name, exc_info[1])
        done.send(True)
        return result, None


every = Every.decorator
