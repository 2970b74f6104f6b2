"""A container's one database engine, shared by the store, the relay and the consumers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from nameko.extensions import SharedExtension
from sqlalchemy import Engine, text

from shared.platform.database import ClockOffset, Transaction, make_engine, run
from shared.platform.settings import settings
from shared.platform.telemetry.figures import WATCH, Count


class Base(SharedExtension):
    """A container's one engine, and who wants to hear of commits."""

    engine: Engine
    clock: ClockOffset | None = None
    census: Mapping[str, Count] = {}

    def setup(self) -> None:
        self.service = self.container.service_name
        self.engine = make_engine(self.service, settings())
        self.on_commit: list[Callable[[], None]] = []
        WATCH.databases[self.service] = self

    def stop(self) -> None:
        del WATCH.databases[self.service]
        self.engine.dispose()

    def run(self, work: Callable[[Transaction], Any]) -> Any:
        """One transaction; a commit that published something wakes the relay."""
        result, emitted = run(self.engine, work, self.clock)
        if emitted:
            for wake in self.on_commit:
                wake()
        return result

    def ping(self) -> None:
        """Raises Unavailable where the database does not answer."""
        self.run(lambda tx: tx.execute(text("SELECT 1")))
