"""The dependency through which a service's methods reach its database; it connects lazily and never fails a worker's set-up."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from nameko.extensions import DependencyProvider
from sqlalchemy.exc import DataError, IntegrityError

from shared.kit.errors import TradeError, Unavailable
from shared.platform import commands, context
from shared.platform.calls import Call
from shared.platform.database import ClockOffset, Transaction
from shared.platform.relay import Relay
from shared.platform.store_base import Base
from shared.platform.telemetry.figures import Census, Count
from shared.platform.telemetry.tracing import Span


class Handle:
    """What a service's method works with."""

    def __init__(self, base: Base) -> None:
        self._base = base

    def write(self, call: Call, handler: Callable[..., Any], *args: Any) -> commands.Answer:
        """`handler(tx, call, *args)` once per command id, in one transaction with its answer and events."""
        try:
            return self._in_span(handler, lambda tx: commands.first(tx, call, handler, *args))  # type: ignore[no-any-return]
        except Unavailable:
            raise
        except (TradeError, DataError, IntegrityError):  # perhaps since it was done before
            return self._in_span(handler, lambda tx: commands.once(tx, call, handler, *args))  # type: ignore[no-any-return]

    def ask_and_write(self, call: Call, ask: Callable[[], tuple[Any, ...]], handler: Callable[..., Any]) -> commands.Answer:
        """As `write`, with what `ask` answers of others before the transaction begins: none waits for them. Where they fail for a command that was
        done before, its first answer is given all the same."""
        try:
            args = ask()
        except TradeError:
            if (before := self.run(commands.kept, call)) is not None:
                return before  # type: ignore[no-any-return]
            raise
        return self.write(call, handler, *args)

    def read(self, call: Call, query: Callable[..., Any], *args: Any) -> Any:
        """`query(tx, call, *args)`."""
        return self._in_span(query, lambda tx: query(tx.each_alone(), call, *args))

    def run(self, work: Callable[..., Any], *args: Any) -> Any:
        """`work(tx, *args)` in one transaction that is no command."""
        return self._in_span(work, lambda tx: work(tx, *args))

    def _in_span(self, named: Callable[..., Any], work: Callable[[Transaction], Any]) -> Any:
        """A transaction shows in the trace of the call that it is part of; work by the clock begins none."""
        with Span(self._base.service, f"transaction {named.__name__}", "internal", context.current(), {}, begins=False):
            return self._base.run(work)


class Store(DependencyProvider):
    """`store = Store()` on a service class. `clock` gives the test clock's offset where the service has one; `census` counts aggregates for the metrics."""

    base = Base()
    relay = Relay()

    def __init__(self, clock: ClockOffset | None = None, census: Mapping[str, Count] | None = None) -> None:
        super().__init__()
        self.clock = clock
        self.census = census or {}

    def setup(self) -> None:
        self.base.clock = self.clock
        self.base.census = {kind: Census(count) for kind, count in self.census.items()}

    def get_dependency(self, worker_ctx: Any) -> Handle:
        return Handle(self.base)
