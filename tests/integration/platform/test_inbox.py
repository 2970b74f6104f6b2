"""Each event takes effect once and in its aggregate's order, whatever the order, the number and the outcome of its deliveries."""

from __future__ import annotations

import random
import threading
import time
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event as events, select, text, update

from shared.kit.clock import utc_now
from shared.kit.errors import Unavailable
from shared.kit.ids import new_id
from shared.platform import settings as settings_module
from shared.platform.audit import depth
from shared.platform.context import Context
from shared.platform.inbox import Inbox
from shared.platform.records import inbox, outbox, positions
from shared.platform.wire import Event
from tests.builders.database import TestDatabase

USED, UNUSED = "orders.order_placed.v1", "orders.goods_insured.v1"


def event(version: int, subject: str = "order-1", type: str = USED) -> Event:
    return Event(new_id(), type, "orders", subject, version, utc_now(), Context("correlation"), {"version": version})


class Consumer:
    """An inbox whose reaction writes down what it handled, in the event's own transaction, and fails where it is told to."""

    def __init__(self, database: TestDatabase, together: tuple[str, ...] = ()) -> None:
        self.database = database
        self.failing: set[int] = set()
        self.locked: list[list[Event]] = []
        self.inbox = Inbox("tests", database.run, {USED: self.react}, together, lambda _tx, events: self.locked.append(list(events)))

    def react(self, tx: Any, event: Event) -> None:
        tx.emit("accounts.account_registered.v1", event.subject, {"account_id": new_id(), "name": str(event.version), "roles": [], "country": "DE"})
        if event.version in self.failing:
            raise RuntimeError("the handler failed")

    @property
    def handled(self) -> list[int]:
        """The versions whose effects are in the database, in the order they took effect."""
        with self.database.transaction() as tx:
            return [int(row.data["name"]) for row in tx.execute(select(outbox.c.data).order_by(outbox.c.position))]

    def depth(self) -> dict[str, int]:
        with self.database.transaction() as tx:
            return depth(tx)

    def let_time_pass(self) -> None:
        """All waiting times are over."""
        with self.database.transaction() as tx:
            tx.execute(update(inbox).values(next_attempt_at=utc_now() - timedelta(seconds=1)).where(inbox.c.state == "pending"))


@pytest.fixture
def consumer(database: TestDatabase) -> Consumer:
    return Consumer(database)


@pytest.fixture
def sharing(database: TestDatabase) -> Consumer:
    """One whose events of use may share a transaction."""
    return Consumer(database, together=(USED,))


@pytest.fixture
def two_attempts(monkeypatch: pytest.MonkeyPatch) -> None:
    changed = replace(settings_module.read(), retry_attempts=2)
    monkeypatch.setattr("shared.platform.inbox.settings", lambda: changed)


def test_an_event_delivered_many_times_takes_effect_once(consumer: Consumer) -> None:
    first = event(1)
    for _ in range(3):
        consumer.inbox.receive(first)
    assert consumer.handled == [1]
    assert consumer.depth() == {"done": 1, "duplicates": 2}


def test_the_same_event_at_two_replicas_at_once_takes_effect_once(consumer: Consumer) -> None:
    events = [event(version) for version in range(1, 11)]
    replicas = [threading.Thread(target=lambda: [consumer.inbox.receive(each) for each in events]) for _ in range(4)]
    for replica in replicas:
        replica.start()
    for replica in replicas:
        replica.join()
    assert consumer.handled == list(range(1, 11))


@pytest.mark.parametrize("seed", range(5))
def test_reordered_and_repeated_deliveries_take_effect_in_order(consumer: Consumer, seed: int) -> None:
    deliveries = [event(version, type=USED if version % 3 else UNUSED) for version in range(1, 13)] * 2
    random.Random(seed).shuffle(deliveries)
    for each in deliveries:
        consumer.inbox.receive(each)
    assert consumer.handled == [version for version in range(1, 13) if version % 3]
    assert consumer.depth().get("pending") is None


def test_a_gap_is_waited_for_and_passed_over_only_when_patience_is_over(consumer: Consumer) -> None:
    consumer.inbox.receive(event(7))
    consumer.inbox.receive(event(8))
    assert consumer.inbox.attempt_due() == 0
    assert consumer.handled == []
    consumer.let_time_pass()
    consumer.inbox.attempt_due()
    assert consumer.handled == [7, 8]
    late = event(6)
    consumer.inbox.receive(late)
    consumer.inbox.receive(late)
    assert consumer.handled == [7, 8, 6], "what comes after all is late, not lost, and counts once"
    consumer.inbox.receive(event(9))
    assert consumer.handled == [7, 8, 6, 9]


def test_a_failed_event_leaves_nothing_behind_waits_and_those_after_it_wait_too(consumer: Consumer) -> None:
    consumer.failing = {2}
    for version in (1, 2, 3, 4):
        consumer.inbox.receive(event(version))
    consumer.inbox.receive(event(1, subject="order-2"))
    assert consumer.handled == [1, 1], "the failure rolled back, other aggregates go on"
    assert consumer.inbox.attempt_due() == 0, "its next attempt is not due yet"
    consumer.failing = set()
    consumer.let_time_pass()
    consumer.inbox.attempt_due()
    assert consumer.handled == [1, 1, 2, 3, 4]


def test_after_its_last_attempt_an_event_is_dead_and_holds_back_its_aggregate_alone(consumer: Consumer, two_attempts: None, database: TestDatabase) -> None:
    consumer.failing = {1}
    for version in (1, 2):
        consumer.inbox.receive(event(version))
    for _ in range(3):
        consumer.let_time_pass()
        consumer.inbox.attempt_due()
    with database.transaction() as tx:
        dead = tx.execute(select(inbox).where(inbox.c.state == "dead")).one()
        position = tx.execute(select(positions.c.version)).scalar_one()
    assert (dead.version, dead.attempts, dead.error) == (1, 2, "RuntimeError: the handler failed")
    assert dead.event["data"] == {"version": 1}, "it is kept whole, to be replayed"
    assert position == 0
    assert consumer.handled == []


def test_types_without_use_cost_no_row_and_keep_the_order(consumer: Consumer) -> None:
    for each in (event(1, type=UNUSED), event(2, type=UNUSED), event(3)):
        consumer.inbox.receive(each)
    assert consumer.handled == [3]
    assert consumer.depth() == {"done": 1, "duplicates": 0}


def passed(consumer: Consumer, *given: Event) -> list[bool]:
    """What is taken over together; the others are received, as the platform does it."""
    done = consumer.inbox.take_together(given)
    for each, over in zip(given, done, strict=True):
        if not over:
            consumer.inbox.receive(each)
    return done


def reached(database: TestDatabase) -> dict[str, int]:
    with database.transaction() as tx:
        return {row.subject: row.version for row in tx.execute(select(positions))}


def test_what_has_no_use_is_passed_over_together_as_far_as_its_turn_has_come(consumer: Consumer, database: TestDatabase) -> None:
    early, twice = event(3, "order-2", UNUSED), event(1, "order-3", UNUSED)
    given = (event(1, type=UNUSED), early, twice, event(2, type=UNUSED), event(3), twice, event(4, type=UNUSED))
    assert passed(consumer, *given) == [True, False, True, True, False, True, False]
    assert reached(database) == {"order-1": 4, "order-2": 0, "order-3": 1}
    assert consumer.handled == [3]
    assert consumer.depth() == {"done": 1, "pending": 1, "duplicates": 0}, "what is early waits as ever"
    assert passed(consumer, event(1, "order-2", UNUSED), event(2, "order-2", UNUSED)) == [False, False], "nothing is passed over where something waits"
    assert reached(database)["order-2"] == 3
    assert consumer.depth() == {"done": 2, "duplicates": 0}


def test_one_event_without_use_is_received_by_itself(consumer: Consumer) -> None:
    assert consumer.inbox.take_together([event(1, type=UNUSED), event(2)]) == [False, False]


def test_what_fails_holds_back_what_has_no_use_after_it(consumer: Consumer, database: TestDatabase) -> None:
    consumer.failing = {1}
    consumer.inbox.receive(event(1))
    assert passed(consumer, event(2, type=UNUSED), event(3, type=UNUSED)) == [False, False]
    assert reached(database) == {"order-1": 0}
    consumer.failing = set()
    consumer.let_time_pass()
    consumer.inbox.attempt_due()
    assert reached(database) == {"order-1": 3}


def test_events_of_use_share_a_transaction_as_far_as_their_turn_has_come(sharing: Consumer, database: TestDatabase) -> None:
    commits: list[Any] = []
    events.listen(database.engine, "commit", commits.append)
    first, early, twice = event(1, "order-2"), event(3, "order-3"), event(2)
    given = [first, event(1), early, twice, event(3, type=UNUSED), twice, event(4)]
    assert sharing.inbox.take_together(given) == [True, True, False, True, True, True, True]
    assert len(commits) == 1
    assert sharing.handled == [1, 2, 4, 1], "aggregate by aggregate"
    assert sharing.locked == [[given[1], twice, given[6], first]], "before them all"
    assert reached(database) == {"order-1": 4, "order-2": 1}
    commits.clear()
    assert sharing.inbox.take_together(given) == [True, True, False, True, True, True, True], "they came before, all but the early one"
    assert len(commits) == 1
    for each in given:
        sharing.inbox.receive(each)
    assert sharing.handled == [1, 2, 4, 1], "none twice"
    assert sharing.depth() == {"done": 4, "pending": 1, "duplicates": 10}


def test_what_comes_after_its_gap_was_given_up_has_not_come_before(sharing: Consumer, database: TestDatabase) -> None:
    with database.transaction() as tx:
        tx.execute(positions.insert().values(source="orders", subject="order-1", version=5))
    late = event(3)
    assert sharing.inbox.take_together([event(1, "order-2"), late, event(2, "order-2")]) == [True, False, True]
    sharing.inbox.receive(late)
    assert sorted(sharing.handled) == [1, 2, 3]


def test_where_one_fails_nothing_is_left_of_those_that_shared_its_transaction(sharing: Consumer, database: TestDatabase) -> None:
    sharing.failing = {2}
    given = [event(1), event(2), event(3), event(1, "order-2")]
    with pytest.raises(RuntimeError):
        sharing.inbox.take_together(given)
    assert (sharing.handled, reached(database), sharing.depth()) == ([], {}, {"duplicates": 0})
    for each in given:
        sharing.inbox.receive(each)
    assert sharing.handled == [1, 1]
    assert sharing.depth() == {"done": 2, "pending": 2, "duplicates": 0}
    sharing.failing = set()
    assert sharing.inbox.take_together([event(4), event(2, "order-2"), event(3, "order-2")]) == [False, True, True], "what waits holds back its aggregate alone"


def test_what_may_share_no_transaction_holds_back_what_comes_after_it(consumer: Consumer, database: TestDatabase) -> None:
    given = [event(1, type=UNUSED), event(2), event(3, type=UNUSED), event(1, "order-2", UNUSED)]
    assert consumer.inbox.take_together(given) == [True, False, False, True]
    assert reached(database) == {"order-1": 1, "order-2": 1}


def test_events_that_share_a_transaction_wait_but_briefly_for_others(sharing: Consumer, database: TestDatabase) -> None:
    sharing.inbox.receive(event(1))
    with database.transaction() as tx:
        tx.execute(select(positions).with_for_update())
        begun = time.monotonic()
        with pytest.raises(Unavailable):
            sharing.inbox.take_together([event(2), event(1, "order-2")])
        assert time.monotonic() - begun < 10, "far less than a statement may take"
    assert sharing.inbox.take_together([event(2), event(1, "order-2")]) == [True, True]


@pytest.mark.parametrize("type", [USED, UNUSED])
def test_replicas_that_take_the_same_events_at_once_lose_none_and_come_to_an_end(sharing: Consumer, database: TestDatabase, type: str) -> None:
    versions = [[event(version, f"order-{number}", type) for number in range(5)] for version in range(1, 7)]

    def take(seed: int) -> None:
        for each in versions:
            given = random.Random(seed).sample(each, k=5)
            try:
                passed(sharing, *given)
            except Unavailable:  # it had waited for long enough
                for one in given:
                    sharing.inbox.receive(one)

    replicas = [threading.Thread(target=take, args=[seed]) for seed in range(4)]
    for replica in replicas:
        replica.start()
    for replica in replicas:
        replica.join()
    assert reached(database) == {f"order-{number}": 6 for number in range(5)}
    assert sharing.depth() == ({"duplicates": 0} if type == UNUSED else {"done": 30, "duplicates": 90})
    assert sorted(sharing.handled) == ([] if type == UNUSED else [version for version in range(1, 7) for _ in range(5)])


def test_what_another_replica_keeps_while_the_one_before_it_waits_for_it_follows_at_once(consumer: Consumer, database: TestDatabase) -> None:
    first = threading.Thread(target=consumer.inbox.receive, args=[event(2, type=UNUSED)])
    consumer.inbox.receive(event(1))
    with database.transaction() as tx:
        consumer.inbox._take(tx, event(3))
        tx.flush()
        first.start()
        deadline = time.monotonic() + 30
        while not _somebody_waits(database):
            assert time.monotonic() < deadline
            time.sleep(0.01)
    first.join()
    assert consumer.handled == [1, 3]


def _somebody_waits(database: TestDatabase) -> bool:
    with database.transaction() as tx:
        return bool(tx.execute(text("SELECT count(*) FROM pg_locks WHERE NOT granted")).scalar_one())
