"""One transaction holds the change, its events and the command's answer: all of them or none."""

from __future__ import annotations

import threading
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, cast

import pytest
from sqlalchemy import func, select

from shared.contracts.accounts import REGISTER
from shared.contracts.fields import Shape, Text
from shared.contracts.operations import Operation
from shared.kit.errors import Conflict, Invalid, Unavailable
from shared.kit.ids import new_id
from shared.platform import commands, records
from shared.platform.calls import Call, fingerprint
from shared.platform.database import Transaction, begin, make_engine, run
from shared.platform.records import outbox
from shared.platform.store import Handle
from tests.builders.database import TestDatabase, call, settings_for


class Greeting(Shape):
    text = Text(required=True)


GREET = Operation("platform", "greet", Greeting, Greeting, writes=True)


def emit(tx: Transaction, subject: str = "account-1") -> None:
    tx.emit("accounts.account_registered.v1", subject, {"account_id": new_id(), "name": "A", "roles": ["buyer"], "country": "DE"})


def greet(tx: Transaction, call: Any) -> dict[str, str]:
    emit(tx)
    return {"text": f"{call.data['text']} {tx.now.isoformat()}"}


def write(database: TestDatabase, asked: Call, handler: Callable[..., Any]) -> Any:
    return Handle(cast("Any", database)).write(asked, handler)


def events(database: TestDatabase) -> int:
    with database.transaction() as tx:
        return tx.execute(select(func.count()).select_from(outbox)).scalar_one()


def test_what_does_not_commit_is_not_published(database: TestDatabase) -> None:
    def fail_after_emitting() -> None:
        with database.transaction() as tx:
            emit(tx)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail_after_emitting()
    assert events(database) == 0


def test_versions_count_from_one_without_gaps_under_concurrency(database: TestDatabase) -> None:
    def work(number: int) -> None:
        for turn in range(10):
            try:
                with database.transaction() as tx:
                    emit(tx, "shared")
                    if (turn + number) % 3 == 0:
                        raise RuntimeError("rolled back")
            except RuntimeError:
                pass

    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with database.transaction() as tx:
        versions = tx.execute(select(outbox.c.version).order_by(outbox.c.position)).scalars().all()
    assert versions == list(range(1, len(versions) + 1))
    assert len(versions) == 40


def test_an_event_that_does_not_fit_its_contract_is_a_defect(database: TestDatabase) -> None:
    with pytest.raises(ValueError, match="does not fit its contract"), database.transaction() as tx:
        tx.emit("accounts.account_registered.v1", "a", {"name": "no id"})
    assert events(database) == 0


def test_a_retried_command_gets_the_first_answer_and_is_done_once(database: TestDatabase) -> None:
    asked = call(GREET, None, {"text": "Hello"}, command_id="one")
    first = write(database, asked, greet)
    second = write(database, asked, greet)
    assert first == second
    assert events(database) == 1


def test_a_command_that_was_done_has_its_answer_though_others_who_are_asked_before_it_fail_now(database: TestDatabase) -> None:
    handle = Handle(cast("Any", SimpleNamespace(service="accounts", run=database.run)))

    def ask() -> tuple[Any, ...]:
        raise Unavailable("service_timeout", "It does not answer.")

    asked = call(GREET, None, {"text": "Hello"}, command_id="one")
    first = handle.ask_and_write(asked, tuple, greet)
    assert handle.ask_and_write(asked, ask, greet) == first
    with pytest.raises(Unavailable):
        handle.ask_and_write(call(GREET, None, {"text": "Hello"}, command_id="two"), ask, greet)
    with pytest.raises(Invalid) as reused:
        handle.ask_and_write(call(GREET, None, {"text": "Bye"}, command_id="one"), ask, greet)
    assert reused.value.code == "idempotency_key_reused"


def test_a_command_id_used_for_something_else_is_refused(database: TestDatabase) -> None:
    write(database, call(GREET, None, {"text": "Hello"}, command_id="one"), greet)
    with pytest.raises(Invalid) as refused:
        write(database, call(GREET, None, {"text": "Bye"}, command_id="one"), greet)
    assert refused.value.code == "idempotency_key_reused"
    assert events(database) == 1


def test_a_command_that_is_still_at_work_elsewhere_is_a_conflict(database: TestDatabase) -> None:
    asked = call(GREET, None, {"text": "Hello"}, command_id="one")
    with database.transaction() as first:
        commands.once(first, asked, greet)
        with pytest.raises(Conflict) as refused:
            write(database, asked, greet)
    assert refused.value.code == "still_running"
    assert events(database) == 1


def test_a_command_that_another_worker_did_between_our_look_and_our_lock_gets_its_answer(database: TestDatabase) -> None:
    asked = call(GREET, None, {"text": "Hello"}, command_id="one")

    def greet_too_late(tx: Transaction, call: Any) -> dict[str, str]:
        with database.transaction() as other:
            if not other.execute(select(records.commands.c.id)).first():
                row = {"id": "one", "fingerprint": asked.fingerprint, "answer": {"text": "faster"}, "created_at": tx.now}
                other.add(records.commands, row)
        return greet(tx, call)

    assert write(database, asked, greet_too_late) == {"text": "faster"}
    assert events(database) == 0


def test_a_command_that_another_worker_did_right_behind_our_look_gets_its_answer_though_ours_is_in_the_way(database: TestDatabase) -> None:
    asked = call(GREET, None, {"text": "Hello"}, command_id="one")
    name = {"subject": "a name", "version": 1}

    def greet_by_name(tx: Transaction, call: Any) -> dict[str, str]:
        tx.flush()  # nobody has begun it
        with database.transaction() as other:
            other.add(records.commands, {"id": "one", "fingerprint": asked.fingerprint, "answer": {"text": "faster"}, "created_at": tx.now})
            other.add(records.streams, name)
        tx.add(records.streams, name)
        return greet(tx, call)

    assert write(database, asked, greet_by_name) == {"text": "faster"}
    assert events(database) == 0


def test_a_command_that_was_done_has_its_answer_though_it_could_not_be_done_again(database: TestDatabase) -> None:
    asked = call(GREET, None, {"text": "Hello"}, command_id="one")

    def greet_once(tx: Transaction, call: Any) -> dict[str, str]:
        if tx.execute(select(func.count()).select_from(outbox)).scalar_one():
            raise Conflict("greeted_already", "Once is enough.")
        return greet(tx, call)

    def refuse_without_a_look(_tx: Transaction, _call: Any) -> dict[str, str]:
        raise Conflict("out_of_stock", "No greetings left.")

    first = write(database, asked, greet_once)
    assert write(database, asked, greet_once) == first
    assert write(database, asked, refuse_without_a_look) == first
    assert events(database) == 1


def test_a_failed_command_keeps_nothing_and_may_be_tried_again(database: TestDatabase) -> None:
    asked = call(GREET, None, {"text": "Hello"}, command_id="one")

    def fail(tx: Transaction, call: Any) -> None:
        emit(tx)
        raise Conflict("not_now", "Not now.")

    with pytest.raises(Conflict):
        write(database, asked, fail)
    assert events(database) == 0
    assert write(database, asked, greet)["text"].startswith("Hello")


def test_a_deadlock_is_run_again(database: TestDatabase) -> None:
    meet = threading.Barrier(2)
    tries: list[str] = []

    def work(one: str, other: str) -> None:
        def both(tx: Transaction) -> None:
            tries.append(one)
            emit(tx, one)
            tx.flush()
            if len(tries) <= 2:
                meet.wait(30)
            emit(tx, other)

        run(database.engine, both)

    threads = [threading.Thread(target=work, args=pair) for pair in (("a", "b"), ("b", "a"))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(tries) > 2, "the two never deadlocked, so the test shows nothing"
    assert events(database) == 4


def test_a_database_that_is_away_is_unavailable_and_its_address_stays_inside(database_url: str) -> None:
    nowhere = settings_for("postgresql://somebody:secret@127.0.0.1:1/nothing")
    with pytest.raises(Unavailable) as refused, begin(make_engine("catalog", nowhere)):
        pass
    assert "127.0.0.1" not in str(refused.value)
    assert "secret" not in str(refused.value)


def test_no_hash_of_a_password_is_kept_beside_a_command() -> None:
    request = {"email": "a@example.org", "name": "A", "country": "DE", "role": "buyer"}
    one, other = (fingerprint(REGISTER, None, request | {"password": password}) for password in ("correct horse battery", "staple correct horse"))
    assert one == other
    assert one != fingerprint(REGISTER, None, request | {"name": "B", "password": "correct horse battery"})
