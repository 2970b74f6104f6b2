"""What follows one request through HTTP, RPC, outbox and events: correlation id, cause and trace. Tracing only, never identity."""

from __future__ import annotations

from contextvars import ContextVar, Token
from dataclasses import dataclass

from shared.kit.ids import new_id


@dataclass(frozen=True, slots=True)
class Context:
    correlation_id: str = ""
    causation_id: str = ""
    traceparent: str = ""

    def as_data(self) -> dict[str, str]:
        data = {"correlation_id": self.correlation_id, "causation_id": self.causation_id, "traceparent": self.traceparent}
        return {name: value for name, value in data.items() if value}


_current: ContextVar[Context] = ContextVar("tradelane_context")


def current() -> Context:
    """The running request's context; a fresh correlation id where there is none."""
    context = _current.get(None)
    if context is None:
        context = Context(correlation_id=new_id())
        _current.set(context)
    return context


def enter(context: Context) -> Token[Context]:
    """Make it this greenlet's context (each worker is a greenlet of its own); what comes back leads to the one before."""
    return _current.set(context)


def leave(entered: Token[Context]) -> None:
    """Back to the context before."""
    _current.reset(entered)
