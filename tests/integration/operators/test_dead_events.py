"""Replaying and dropping events of an inbox: what is dropped takes no effect, what is replayed does, and the aggregate's order stands."""

from __future__ import annotations

import threading

import pytest

from shared.platform import inbox
from shared.platform.database import Transaction
from shared.platform.wire import Event
from tests.integration.operators.scene import UNUSED, Consumer, event


def drop(consumer: Consumer, id: str) -> bool:
    return bool(consumer.database.run(lambda tx: inbox.drop(tx, id)))


def replay(consumer: Consumer, id: str) -> bool:
    return bool(consumer.database.run(lambda tx: inbox.replay(tx, id)))


@pytest.fixture
def dead(consumer: Consumer) -> str:
    """Event 2 is dead, 3 and 4 wait behind it."""
    ids = consumer.receive(1, 2, 3, 4, failing=2)
    assert consumer.work() == [1]
    return ids[1]


def test_after_a_drop_those_behind_it_are_handled_in_order(consumer: Consumer, dead: str) -> None:
    assert drop(consumer, dead)
    assert consumer.work() == [1, 3, 4]
    consumer.receive(5)
    consumer.inbox.receive(event(6, type=UNUSED))
    consumer.receive(7)
    assert consumer.work() == [1, 3, 4, 5, 7], "and those that come later at once"


def test_after_a_replay_it_and_those_behind_it_are_handled_in_order(consumer: Consumer, dead: str) -> None:
    assert replay(consumer, dead)
    assert consumer.work() == [1, 2, 3, 4]
    assert consumer.state(dead) == "done"


def test_a_replay_that_fails_again_is_dead_again_and_those_behind_it_still_wait(consumer: Consumer, dead: str) -> None:
    consumer.failing = {2}
    assert replay(consumer, dead)
    assert consumer.work() == [1]
    assert consumer.state(dead) == "dead"


def test_what_was_dropped_can_be_replayed_and_takes_effect_late(consumer: Consumer, dead: str) -> None:
    drop(consumer, dead)
    consumer.work()
    assert replay(consumer, dead)
    assert consumer.work() == [1, 3, 4, 2]


def test_what_was_dropped_and_is_delivered_once_more_stays_dropped(consumer: Consumer) -> None:
    failing = event(1)
    consumer.failing = {1}
    consumer.inbox.receive(failing)
    drop(consumer, failing.id)
    consumer.failing = set()
    consumer.inbox.receive(failing)
    assert consumer.work() == []
    assert consumer.state(failing.id) == "dropped"


def test_an_event_dropped_before_its_turn_is_passed_over_when_the_gap_before_it_closes(consumer: Consumer) -> None:
    second, third, _ = consumer.receive(2, 3, 4)
    assert drop(consumer, third)
    assert drop(consumer, second)
    assert consumer.work() == [], "event 1 may still come"
    consumer.receive(1)
    assert consumer.work() == [1, 4]
    consumer.receive(5)
    assert consumer.work() == [1, 4, 5]


def test_an_event_dropped_behind_a_dead_one_is_passed_over_when_that_one_is_done_with(consumer: Consumer, dead: str) -> None:
    fifth, _ = consumer.receive(5, 6)
    drop(consumer, fifth)
    assert consumer.work() == [1], "event 2 is still dead"
    drop(consumer, dead)
    assert consumer.work() == [1, 3, 4, 6]


def test_a_drop_after_the_gap_before_it_was_given_up_loses_nothing_of_that_gap(consumer: Consumer) -> None:
    (third,) = consumer.receive(3)
    consumer.failing = {3}
    consumer.let_time_pass()
    consumer.work()
    assert consumer.state(third) == "dead"
    drop(consumer, third)
    consumer.receive(4, 1, 2)
    assert consumer.work() == [1, 2, 4]


def test_an_event_that_is_being_handled_is_not_dropped_too(consumer: Consumer, monkeypatch: pytest.MonkeyPatch) -> None:
    handling, go_on = threading.Event(), threading.Event()
    (waiting,) = consumer.receive(2)
    original = consumer.inbox._handle

    def slowly(tx: Transaction, event: Event) -> None:
        handling.set()
        go_on.wait(30)
        original(tx, event)

    monkeypatch.setattr(consumer.inbox, "_handle", slowly)
    consumer.let_time_pass()
    service = threading.Thread(target=consumer.inbox.attempt_due)
    service.start()
    handling.wait(30)
    dropped: list[bool] = []
    operator = threading.Thread(target=lambda: dropped.append(drop(consumer, waiting)))
    operator.start()
    go_on.set()
    service.join()
    operator.join()
    assert (dropped, consumer.state(waiting), consumer.work()) == ([False], "done", [2])


def test_what_is_done_or_unknown_is_neither_replayed_nor_dropped(consumer: Consumer) -> None:
    (done,) = consumer.receive(1)
    assert [act(consumer, id) for act in (replay, drop) for id in (done, "unknown")] == [False] * 4
    assert consumer.state(done) == "done"


def test_what_waits_is_not_replayed(consumer: Consumer) -> None:
    (parked,) = consumer.receive(2)
    assert not replay(consumer, parked), "its gap is not given up by accident"
    assert consumer.work() == []
