"""Deliveries come to the inbox in an order that spares work, and are acknowledged only when it has them; whatever fails, each takes effect once."""

from __future__ import annotations

import random
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import eventlet
import pytest
from sqlalchemy import event as events, select

from shared.kit.errors import Unavailable
from shared.platform import intake as module
from shared.platform.inbox import Inbox
from shared.platform.intake import Intake
from shared.platform.records import outbox, positions
from shared.platform.wire import Event
from tests.builders.database import TestDatabase
from tests.integration.platform.test_inbox import UNUSED, USED, Consumer, event


class Replica:
    """An intake whose messages are the events themselves."""

    def __init__(self, inbox: Inbox, settle: Callable[[Event], None], at_a_time: int = 3) -> None:
        self.intake = Intake(inbox, settle, lambda work, _name: eventlet.spawn(work), at_a_time)

    def deliver(self, *given: Event) -> None:
        for each in given:
            self.intake.take(each, each)

    def rest(self) -> None:
        with eventlet.Timeout(30):
            while self.intake._taken:
                eventlet.sleep(0.001)


@pytest.fixture(params=[(), (USED,)], ids=["alone", "together"])
def effects(database: TestDatabase, request: pytest.FixtureRequest) -> Consumer:
    """Its events of use may share a transaction, or not."""
    return Consumer(database, together=request.param)


@pytest.fixture
def settled() -> list[Event]:
    return []


@pytest.fixture
def replica(effects: Consumer, settled: list[Event]) -> Replica:
    return Replica(effects.inbox, settled.append)


@pytest.fixture
def for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is let go because it was held for long enough."""
    monkeypatch.setattr(module, "HOLD", 60.0)


def unused(*versions: int, subject: str = "order-1") -> list[Event]:
    return [event(version, subject, UNUSED) for version in versions]


def reached(database: TestDatabase) -> dict[str, int]:
    with database.transaction() as tx:
        return {row.subject: row.version for row in tx.execute(select(positions))}


def handled(database: TestDatabase) -> dict[str, list[int]]:
    """The versions that took effect, in their order, by subject."""
    found: dict[str, list[int]] = {}
    with database.transaction() as tx:
        for row in tx.execute(select(outbox.c.subject, outbox.c.data).order_by(outbox.c.position)):
            found.setdefault(row.subject, []).append(int(row.data["name"]))
    return found


def test_events_without_use_are_taken_over_in_one_transaction_and_acknowledged_after_it(effects: Consumer, database: TestDatabase) -> None:
    commits: list[Any] = []
    events.listen(database.engine, "commit", commits.append)
    settled: list[tuple[Event, int]] = []
    replica = Replica(effects.inbox, lambda each: settled.append((each, len(commits))))
    given = [*unused(1, 2), *unused(1, subject="order-2")]
    replica.deliver(*given)
    assert settled == []
    replica.rest()
    assert settled == [(each, 1) for each in given]
    assert reached(database) == {"order-1": 2, "order-2": 1}


def test_an_event_of_use_takes_along_what_is_held(replica: Replica, settled: list[Event], effects: Consumer, for_ever: None) -> None:
    given = [*unused(1, 2), *unused(1, subject="order-2"), event(3)]
    replica.deliver(*given)
    replica.rest()
    assert settled == given
    assert effects.handled == [3]


def test_as_many_as_may_be_held_are_not_held_for_longer(replica: Replica, settled: list[Event], for_ever: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_HELD", 5)
    given = unused(*range(1, 6))
    replica.deliver(*given)
    replica.rest()
    assert settled == given


@pytest.mark.parametrize(("at_first", "transactions"), [(1, [1]), (2, [2, 2])], ids=["one", "several"])
def test_after_several_at_once_the_next_gather_for_a_moment_and_after_one_alone_they_do_not(
    replica: Replica, effects: Consumer, settled: list[Event], monkeypatch: pytest.MonkeyPatch, at_first: int, transactions: list[int]
) -> None:
    sizes: list[int] = []
    take = effects.inbox.take_together
    given = [event(1, f"order-{number}") for number in range(sum(transactions))]
    meanwhile = given[at_first:]

    def breathe(seconds: float) -> None:
        assert seconds == module.BREATH
        while meanwhile:
            replica.deliver(meanwhile.pop(0))
        eventlet.sleep(0)

    monkeypatch.setattr(module, "eventlet", SimpleNamespace(sleep=breathe))
    monkeypatch.setattr(effects.inbox, "take_together", lambda together: sizes.append(len(together)) or take(together))
    replica.deliver(*given[:at_first])
    replica.rest()
    assert settled == given
    assert sizes == transactions


def test_where_they_cannot_be_taken_together_they_are_one_by_one(
    replica: Replica, effects: Consumer, settled: list[Event], database: TestDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_events: object) -> list[bool]:
        raise RuntimeError("as if by a defect")

    monkeypatch.setattr(effects.inbox, "take_together", fail)
    given = unused(1, 2, 3)
    replica.deliver(*given)
    replica.rest()
    assert settled == given
    assert reached(database) == {"order-1": 3}


def test_no_more_are_worked_on_at_a_time_than_is_set(replica: Replica, effects: Consumer, monkeypatch: pytest.MonkeyPatch) -> None:
    at_work: list[Event] = []
    most = 0

    def receive(each: Event) -> None:
        nonlocal most
        at_work.append(each)
        most = max(most, len(at_work))
        eventlet.sleep(0.001)
        at_work.remove(each)

    monkeypatch.setattr(effects.inbox, "take_together", lambda events: [False] * len(events))
    monkeypatch.setattr(effects.inbox, "receive", receive)
    replica.deliver(*(event(1, f"order-{number}") for number in range(40)))
    replica.rest()
    assert most == 3


def test_what_is_held_is_taken_over_before_the_service_stops(replica: Replica, settled: list[Event]) -> None:
    given = unused(1, 2)
    replica.deliver(*given)
    replica.intake.finish(30)
    assert settled == given


def test_while_the_database_is_away_nothing_is_acknowledged_and_a_service_can_stop(
    replica: Replica, effects: Consumer, settled: list[Event], monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(_work: object) -> None:
        raise Unavailable("database_unavailable", "It is away.")

    monkeypatch.setattr(module, "PAUSE", 0.01)
    monkeypatch.setattr(effects.inbox, "run", away)
    replica.deliver(*unused(1, 2), event(3))
    eventlet.sleep(0.1)
    assert (settled, replica.intake._taken) == ([], 3)
    replica.intake.finish(30)
    assert (settled, replica.intake._taken) == ([], 0)


@pytest.mark.parametrize("seed", range(8))
def test_whatever_fails_and_whoever_dies_each_takes_effect_once_and_in_order(
    effects: Consumer, database: TestDatabase, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Transactions fail before they commit or after it, acknowledgements get lost, and replicas die with all that they hold."""
    monkeypatch.setattr(module, "PAUSE", 0.0)
    draw = random.Random(seed)
    left = [
        event(version, subject, USED if version == 12 else draw.choice((USED, UNUSED, UNUSED)))
        for version in range(1, 13)
        for subject in ("order-1", "order-2", "order-3")
    ]
    used = {subject: [each.version for each in left if (each.subject, each.type) == (subject, USED)] for subject in ("order-1", "order-2", "order-3")}

    def run(work: Callable[[Any], Any]) -> Any:
        if draw.random() < 0.1:
            raise Unavailable("database_unavailable", "It was away.")
        result = database.run(work)
        if draw.random() < 0.1:
            raise Unavailable("database_unavailable", "It went away when the commit was done.")
        return result

    monkeypatch.setattr(effects.inbox, "run", run)
    while left:
        settled: list[Event] = []
        replica = Replica(effects.inbox, lambda each, settled=settled: settled.append(each) if draw.random() < 0.8 else None)
        given = [*left, *draw.sample(left, k=len(left) // 4)]
        draw.shuffle(given)
        for each in given:
            replica.deliver(each)
            if draw.random() < 0.2:
                eventlet.sleep(draw.choice((0, 0.03)))
        replica.rest()
        left = [each for each in left if not any(each is one for one in settled)]
    monkeypatch.setattr(effects.inbox, "run", database.run)
    effects.let_time_pass()
    while effects.inbox.attempt_due():
        pass  # what waited for an event after which its replica died
    assert reached(database) == dict.fromkeys(used, 12)
    assert handled(database) == used
    assert set(effects.depth()) <= {"done", "duplicates"}
