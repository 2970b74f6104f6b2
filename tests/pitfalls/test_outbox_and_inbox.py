"""What outbox and inbox are for: the same without them."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import func, select, text

from shared.platform.database import Transaction
from shared.platform.inbox import Inbox
from shared.platform.records import outbox
from shared.platform.relay import mark_sent, oldest_unsent
from shared.platform.telemetry.tracing import OK
from tests.builders.database import TestDatabase
from tests.integration.platform.test_inbox import Consumer, event
from tests.pitfalls.bus import Bus
from tests.pitfalls.children import Children, wait_until


def emit(tx: Transaction, subject: str) -> None:
    tx.emit("accounts.account_registered.v1", subject, {"account_id": "0" * 32, "name": "A", "roles": [], "country": "DE"})


def seen_by(database: TestDatabase, look: Callable[[Transaction], list[str]]) -> list[str]:
    """The subjects that `look` finds, each time it looks, of two events that commit in the opposite order of their positions."""
    with database.transaction() as slow:
        emit(slow, "first by position")
        slow.flush()
        with database.transaction() as quick:
            emit(quick, "first to commit")
        seen: list[str] = database.run(look)
    for _ in range(3):
        seen += database.run(look)
    return seen


def test_polling_for_positions_after_the_last_skips_what_commits_late(database: TestDatabase) -> None:
    last = 0

    def poll(tx: Transaction) -> list[str]:
        nonlocal last
        rows = tx.execute(select(outbox).where(outbox.c.position > last).order_by(outbox.c.position)).all()
        last = max([last, *(row.position for row in rows)])
        return [row.subject for row in rows]

    assert seen_by(database, poll) == ["first to commit"]


def test_our_relay_sends_what_commits_late(database: TestDatabase) -> None:
    def relay(tx: Transaction) -> list[str]:
        rows = oldest_unsent(tx)
        mark_sent(tx, [row.position for row in rows])
        return [row.subject for row in rows]

    assert seen_by(database, relay) == ["first to commit", "first by position"]


def test_without_the_inbox_an_event_that_comes_again_takes_effect_again(database: TestDatabase, monkeypatch: pytest.MonkeyPatch) -> None:
    def handle_at_once(inbox: Inbox, tx: Transaction, event: Any) -> tuple[str, None]:
        inbox._handle(tx, event)
        return OK, None

    monkeypatch.setattr(Inbox, "_take", handle_at_once)
    consumer, once = Consumer(database), event(1)
    for _ in range(2):
        consumer.inbox.receive(once)
    assert consumer.handled == [1, 1]


@pytest.fixture
def till(database: TestDatabase) -> Iterator[Callable[[], int]]:
    """A table outside the service's schema; how many rows are in it."""
    with database.engine.begin() as connection:
        connection.execute(text("CREATE TABLE public.till (id serial)"))

    def rows() -> int:
        with database.transaction() as tx:
            return int(tx.execute(text("SELECT count(*) FROM public.till")).scalar_one())

    yield rows
    with database.engine.begin() as connection:
        connection.execute(text("DROP TABLE public.till"))


def test_without_the_outbox_a_crash_after_the_commit_loses_the_event_and_its_repetition_counts_twice(
    bus: Bus, children: Children, till: Callable[[], int]
) -> None:
    service = children.stock("Till", dies=True)
    bus.channel.queue_declare("paid", auto_delete=False)
    bus.channel.queue_bind("paid", "stock.events", "paid")
    bus.ask_stock("pay")
    assert service.ended() == -signal.SIGKILL
    assert (till(), bus.depth("paid")) == (1, 0)
    children.stock("Till", dies=False).wait_for("paid")  # the call that was never acknowledged
    assert (till(), bus.depth("paid")) == (2, 1)


def test_with_it_the_event_is_sent_by_the_next_process_and_the_repetition_changes_nothing(bus: Bus, children: Children, database: TestDatabase) -> None:
    bus.channel.queue_declare("emitted", auto_delete=False)
    bus.channel.queue_bind("emitted", "catalog.events", "#")
    service = children.ours(CRASH_POINT="after_commit:1:1")
    call = bus.ask("emit", command_id="once")
    assert service.ended() == -signal.SIGKILL
    assert bus.depth("emitted") == 0
    children.ours()
    assert bus.result(call) == {"value": "emitted"}
    wait_until(lambda: bus.depth("emitted"), "the event is sent")
    with database.transaction() as tx:
        assert tx.execute(select(func.count()).select_from(outbox)).scalar_one() == 1
    assert bus.depth("emitted") == 1
