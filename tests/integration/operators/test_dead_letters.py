"""`tradelane dead-letters`: what is dead is shown wherever it is, and replayed or dropped as the operator says; nothing else is touched."""

from __future__ import annotations

import io
import subprocess
import sys
from typing import Any

import pytest
from sqlalchemy import insert, select

from shared.kit.clock import utc_now
from shared.platform.records import inbox
from tests.integration.operators.scene import USED, Consumer, Operator
from tradelane import dead_queues
from tradelane.broker import channel

KEYS = "service place id type subject version state attempts waiting since next_attempt_at error ok".split()


@pytest.fixture
def dead(operator: Operator, consumer: Consumer) -> str:
    """Event 2 is dead in the catalog's inbox, 3 and 4 wait behind it."""
    return consumer.receive(1, 2, 3, 4, failing=2)[1]


def listed(operator: Operator, *words: str) -> list[dict[str, Any]]:
    return operator.run("dead-letters", "list", "--json", *words).rows


def outcomes(operator: Operator, *words: str) -> list[tuple[str | None, str | None, str]]:
    return [(row["service"], row["place"], row["outcome"]) for row in operator.run("dead-letters", *words, "--json").rows]


def test_where_nothing_is_dead_it_says_so(operator: Operator) -> None:
    done = operator.run("dead-letters", "list")
    assert (done.status, done.out) == (0, "no event is dead\n")
    assert operator.run("dead-letters", "list", "--json").rows == []
    assert operator.run("dead-letters", "replay", "--all").status == 0


def test_a_dead_event_is_listed_with_its_error_and_how_many_wait_behind_it(operator: Operator, dead: str) -> None:
    done = operator.run("dead-letters", "list", "--json")
    (row,) = done.rows
    assert list(row) == KEYS
    told = {key: row[key] for key in ("service", "place", "id", "version", "state", "attempts", "waiting", "error")}
    assert told == {
        "service": "catalog", "place": "inbox", "id": dead, "version": 2, "state": "dead", "attempts": 1, "waiting": 2, "error": "RuntimeError: the handler failed",
    }  # fmt: skip
    assert (row["ok"], done.status) == (False, 1)
    table = operator.run("dead-letters", "list")
    assert table.status == 1
    assert dead in table.out
    assert "the handler failed" in table.out


def test_what_waits_is_listed_when_asked_for_and_no_problem(operator: Operator, dead: str) -> None:
    done = operator.run("dead-letters", "list", "--json", "--state", "pending")
    assert [(row["version"], row["ok"]) for row in done.rows] == [(3, True), (4, True)]
    assert (done.status, done.err) == (0, "")
    some = operator.run("dead-letters", "list", "--json", "--state", "pending", "--state", "dead", "--limit", "2")
    assert [row["version"] for row in some.rows] == [2, 3]
    assert some.err == "Of some places only the oldest 2 are shown; --limit takes more.\n"


def test_a_service_sees_its_own(operator: Operator, dead: str) -> None:
    assert listed(operator, "--service", "orders") == []
    assert [row["id"] for row in listed(operator, "--service", "catalog")] == [dead]


def test_an_event_is_shown_whole(operator: Operator, dead: str) -> None:
    done = operator.run("dead-letters", "show", dead, "--json")
    (row,) = done.rows
    assert done.status == 0
    assert list(row) == [*KEYS, "content"]
    assert row["content"]["data"] == {"version": 2}
    assert row["content"]["context"] == {"correlation_id": "correlation"}
    assert '"version": 2' in operator.run("dead-letters", "show", dead).out


def test_what_is_unknown_is_named(operator: Operator, dead: str) -> None:
    done = operator.run("dead-letters", "show", dead, "nothing-of-the-kind")
    assert (done.status, done.err) == (1, "unknown: nothing-of-the-kind\n")
    assert outcomes(operator, "replay", "nothing-of-the-kind") == [(None, None, "unknown")]
    assert operator.run("dead-letters", "drop", "--yes", "nothing-of-the-kind").status == 1


def test_a_replayed_event_is_handled_and_those_behind_it_follow(operator: Operator, consumer: Consumer, dead: str) -> None:
    assert outcomes(operator, "replay", dead) == [("catalog", "inbox", "replayed")]
    assert consumer.work() == [1, 2, 3, 4]
    assert outcomes(operator, "replay", dead) == [("catalog", "inbox", "left: it is done")]


def test_a_dropped_event_is_not_handled_and_those_behind_it_are(operator: Operator, consumer: Consumer, dead: str) -> None:
    done = operator.run("dead-letters", "drop", "--all", "--yes")
    assert done.status == 0
    assert "dropped" in done.out
    assert consumer.work() == [1, 3, 4]
    assert [row["id"] for row in listed(operator, "--state", "dropped")] == [dead]


def test_an_event_is_replayed_only_where_it_is_dead(operator: Operator, consumer: Consumer, dead: str) -> None:
    with operator.databases["payments"].transaction() as tx:
        row = {"id": dead, "type": USED, "source": "orders", "subject": "order-1", "version": 2, "state": "done", "received_at": utc_now(), "attempts": 0}
        tx.execute(insert(inbox).values(row))
    assert {row["state"] for row in operator.run("dead-letters", "show", dead, "--json").rows} == {"dead", "done"}
    assert outcomes(operator, "replay", dead) == [("catalog", "inbox", "replayed")]
    with operator.databases["payments"].transaction() as tx:
        assert tx.execute(select(inbox.c.state)).scalar_one() == "done"


@pytest.mark.parametrize(("answer", "status", "state"), [("y\n", 0, "dropped"), ("n\n", 1, "dead"), ("", 1, "dead")])
def test_dropping_asks_first(operator: Operator, consumer: Consumer, dead: str, answer: str, status: int, state: str) -> None:
    operator.environment.setattr(sys, "stdin", io.StringIO(answer))
    done = operator.run("dead-letters", "drop", dead)
    assert "Events that will take no effect: 1. Drop them?" in done.err
    assert (done.status, consumer.state(dead)) == (status, state)


WRONG = (
    "replay",
    "replay some-id --all",
    "drop --yes",
    "show",
    "list --service gateway",
    "list --service accounts",
    "list --state done",
    "list --limit 0",
    "bury",
)


def test_wrong_usage_is_told_and_does_nothing(operator: Operator, consumer: Consumer, dead: str) -> None:
    told = [operator.run("dead-letters", *words.split()) for words in WRONG]
    assert [done.status for done in told] == [2] * len(WRONG)
    assert all("Usage:" in done.err for done in told)
    assert consumer.state(dead) == "dead"


def test_a_letter_on_the_broker_is_listed_and_shown(operator: Operator) -> None:
    operator.poison(message_id="letter-1")
    (row,) = listed(operator)
    assert list(row) == KEYS
    told = {key: row[key] for key in ("service", "place", "id", "type", "attempts", "error", "ok")}
    assert told == {"service": "catalog", "place": "catalog.dead", "id": "letter-1", "type": USED, "attempts": 1, "error": "rejected", "ok": False}
    (whole,) = operator.run("dead-letters", "show", "letter-1", "--json").rows
    assert whole["content"]["body"] == "�no event"
    assert whole["content"]["headers"]["ce-type"] == USED


def test_a_letter_without_an_id_is_found_by_a_digest_of_it(operator: Operator) -> None:
    operator.poison(b"one")
    operator.poison(b"two")
    first, second = listed(operator, "--service", "catalog")
    assert first["id"] != second["id"]
    assert outcomes(operator, "drop", second["id"], "--yes") == [("catalog", "catalog.dead", "dropped")]
    assert [letter.body for letter in operator.taken("catalog.dead")] == [b"one"]


def test_looking_at_a_letter_however_often_loses_it_never(operator: Operator) -> None:
    operator.poison(message_id="letter-1")
    operator.poison(message_id="letter-2")
    handed_out = []
    for _ in range(2 * dead_queues.WORN + 5):
        with channel(operator.broker.broker) as bus:
            dead_queues.find(bus, "catalog", (), None)
        with channel(operator.broker.broker) as bus:
            handed_out.append(bus.basic_get("catalog.dead").headers.get("x-delivery-count", 0))
    assert max(handed_out) < 20, "where RabbitMQ 4 throws a message away"
    assert sorted(row["id"] for row in listed(operator)) == ["letter-1", "letter-2"]


def test_a_replayed_letter_is_in_the_inbox_queue_byte_for_byte_and_others_stay(operator: Operator) -> None:
    operator.poison(b"\xff\x00body", message_id="letter-1")
    operator.poison(b"other", message_id="letter-2")
    assert outcomes(operator, "replay", "letter-1") == [("catalog", "catalog.dead", "replayed")]
    (message,) = operator.taken("catalog.inbox")
    assert (message.body, message.headers["ce-type"], message.properties["message_id"]) == (b"\xff\x00body", USED, "letter-1")
    assert [row["id"] for row in listed(operator)] == ["letter-2"]


def test_all_letters_of_a_queue_are_replayed_in_their_order(operator: Operator) -> None:
    for number in range(5):
        operator.poison(str(number).encode(), message_id=f"letter-{number}")
    assert operator.run("dead-letters", "replay", "--all").status == 0
    assert [message.body for message in operator.taken("catalog.inbox")] == [b"0", b"1", b"2", b"3", b"4"]
    assert operator.taken("catalog.dead") == []


def test_a_letter_that_no_queue_takes_stays_where_it_is(operator: Operator) -> None:
    operator.poison(message_id="letter-1")
    with channel(operator.broker.broker) as bus:
        bus.queue_delete("catalog.inbox")
    done = operator.run("dead-letters", "replay", "letter-1")
    assert done.status == 1
    assert "NO_ROUTE" in done.err
    assert "Traceback" not in done.err
    assert [row["id"] for row in listed(operator)] == ["letter-1"]


def test_a_letter_that_its_queue_refuses_stays_where_it_is(operator: Operator) -> None:
    operator.poison(message_id="letter-1")
    with channel(operator.broker.broker) as bus:
        bus.queue_delete("catalog.inbox")
        bus.queue_declare("catalog.inbox", durable=True, auto_delete=False, arguments={"x-max-length": 1, "x-overflow": "reject-publish"})
    operator.publish(b"fills it", "catalog.inbox")
    assert operator.run("dead-letters", "replay", "letter-1").status == 1
    assert [row["id"] for row in listed(operator)] == ["letter-1"]


@pytest.mark.parametrize("act", ["replay", "list"])
def test_a_letter_survives_that_the_command_is_killed(operator: Operator, act: str) -> None:
    """Killed where it would acknowledge what it has published, or when it has the letter in its hands."""
    operator.poison(message_id="letter-1")
    words = ["replay", "letter-1"] if act == "replay" else ["list"]
    where = "basic_ack" if act == "replay" else "basic_get"
    code = f"""
import os, sys
from amqp import Channel
act = Channel.{where}
Channel.{where} = lambda *args, **options: ("{where}" == "basic_get" and act(*args, **options), os._exit(9))
sys.argv = ["tradelane", "dead-letters", *{words!r}]
from tradelane.cli import main
main()
"""
    assert subprocess.run([sys.executable, "-W", "ignore", "-c", code], check=False, timeout=60).returncode == 9
    assert len(operator.taken("catalog.inbox")) == (1 if act == "replay" else 0)
    assert [letter.properties["message_id"] for letter in operator.taken("catalog.dead")] == ["letter-1"]


def test_what_was_unrouted_goes_where_it_was_meant_to_go_once_that_is_bound(operator: Operator) -> None:
    with channel(operator.broker.broker) as bus:
        for queue in ("event-log", "catalog.inbox"):
            bus.queue_unbind(queue, exchange="accounts.events", routing_key="#")
    operator.publish(b"{}", exchange="accounts.events", routing_key="accounts.account_registered.v1", message_id="letter-1")
    (row,) = listed(operator)
    assert (row["service"], row["place"], row["error"]) == (None, "unrouted", "no queue was bound to accounts.events")
    assert outcomes(operator, "replay", "--all") == [(None, "unrouted", "left: it changed meanwhile, or no queue takes it")]
    assert len(listed(operator)) == 1
    with channel(operator.broker.broker) as bus:
        bus.queue_bind("catalog.inbox", exchange="accounts.events", routing_key="#")
    assert outcomes(operator, "replay", "--all") == [(None, "unrouted", "replayed")]
    (message,) = operator.taken("catalog.inbox")
    assert message.delivery_info["routing_key"] == "accounts.account_registered.v1"


def test_a_database_that_is_away_is_told_in_a_sentence(operator: Operator) -> None:
    operator.environment.setenv("DATABASE_PAYMENTS", "postgresql://payments:secret@127.0.0.1:1/payments")
    for words in (("list",), ("show", "x"), ("replay", "--all"), ("drop", "--all", "--yes"), ("list", "--json")):
        done = operator.run("dead-letters", *words)
        assert (done.status, done.out) == (1, "")
        assert done.err.startswith("The database of payments does not answer as it should: ")
        assert "secret" not in done.err
        assert "Traceback" not in done.err
    assert operator.run("dead-letters", "list", "--service", "catalog").status == 0, "the others can be looked at"


def test_a_database_that_is_not_migrated_is_told_in_a_sentence(operator: Operator, database_url: str) -> None:
    operator.environment.setenv("DATABASE_PAYMENTS", database_url)
    done = operator.run("dead-letters", "list")
    assert done.status == 1
    assert done.err == 'The database of payments does not answer as it should: relation "inbox" does not exist\n'


def test_a_broker_that_is_away_or_bare_is_told_in_a_sentence(operator: Operator, dead: str) -> None:
    with channel(operator.broker.broker) as bus:
        bus.queue_delete("unrouted")
    done = operator.run("dead-letters", "list")
    assert (done.status, done.out) == (1, "")
    assert "no queue 'unrouted'" in done.err
    operator.environment.setenv("BROKER", "amqp://me:secret@127.0.0.1:1//")
    done = operator.run("dead-letters", "list")
    assert (done.status, done.out) == (1, "")
    assert done.err.startswith("The broker does not answer as it should: ")
    assert "secret" not in done.err
