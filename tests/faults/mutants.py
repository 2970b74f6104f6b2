"""Services with one safety switched off: the harness must notice, or it would prove nothing. `python -m tests.faults.mutants NAME run SERVICE`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from uuid import uuid4

import tradelane.up  # first of all: it makes the standard library green
from services.payments.application.asking import Task
from shared.platform import relay
from shared.platform.database import Transaction
from shared.platform.inbox import Inbox
from shared.platform.telemetry.tracing import OK
from shared.platform.wire import Event
from tradelane.cli import main


def without_inbox() -> None:
    """Each delivery takes effect, whatever came before it."""

    def take(self: Inbox, tx: Transaction, event: Event) -> tuple[str, None]:
        if reaction := self.reactions.get(event.type):
            reaction(tx, event)
        return OK, None

    Inbox._take = take  # type: ignore[method-assign]
    Inbox.take_together = lambda _self, events: [False] * len(events)  # type: ignore[method-assign]


def without_outbox() -> None:
    """Events are told once, when their change has committed; whether they arrive is not looked at, and nothing is doubted afterwards."""
    unsent, sent = relay.oldest_unsent, relay.mark_sent

    def forget(tx: Transaction, besides: Sequence[int] = ()) -> list[relay.Any]:
        rows = unsent(tx, besides)
        sent(tx, [row.position for row in rows])
        return rows

    relay.oldest_unsent = forget
    relay.send_again = lambda _tx, _since: None


def without_keys() -> None:
    """The payment provider is asked the same under another key each time, and so does it each time."""
    Task.key = property(lambda _task: str(uuid4()))  # type: ignore[assignment,method-assign]


MUTANTS = {each.__name__: each for each in (without_inbox, without_outbox, without_keys)}

if __name__ == "__main__":
    assert tradelane.up
    MUTANTS[sys.argv.pop(1)]()
    main()
