"""The commands that look at a system: ping, topology, reconcile. Each has a table and JSON, and an exit status that says how things stand."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, delete, insert
from werkzeug.serving import make_server

from shared.kit.clock import utc_now
from shared.kit.errors import Unavailable
from shared.kit.ids import new_id
from shared.platform.database import address
from shared.platform.records import inbox
from shared.platform.settings import EMBEDDED_BROKER, SERVICES
from shared.platform.topology import VERSION
from shared.platform.web.problems import problem
from tests.builders.system import System, embedded_system
from tests.integration.operators.scene import UNUSED, Operator
from tradelane.broker import channel
from tradelane.ping import ping_all


def rows(system: System, *words: str) -> tuple[int, list[dict[str, Any]]]:
    done = system.command(*words, "--json")
    return done.returncode, json.loads(done.stdout)


def test_every_service_of_a_running_system_answers_with_its_latency(system: System) -> None:
    status, answers = rows(system, "ping")
    assert status == 0
    assert [answer["service"] for answer in answers] == list(SERVICES)
    assert all(answer["ok"] and answer["error"] is None and 0 < answer["milliseconds"] < 3000 for answer in answers)
    table = system.command("ping", "catalog")
    assert table.returncode == 0
    assert "catalog" in table.stdout
    assert "orders" not in table.stdout


def test_a_service_that_is_not_there_fails_alone(system: System) -> None:
    done = system.command("ping", "gateway", "orders", "--json", HTTP_PORT="1")
    gateway, orders = json.loads(done.stdout)
    assert (done.returncode, gateway["ok"], orders["ok"]) == (1, False, True)
    assert gateway["error"] == "The gateway does not answer at 127.0.0.1:1 (ConnectionError)."
    assert gateway["milliseconds"] is None


def test_silence_and_errors_are_told_with_their_reason(operator: Operator) -> None:
    silent = operator.run("ping", "catalog", "--json")
    assert (silent.status, silent.rows[0]["error"]) == (1, "It did not answer within 3 s.")
    assert "catalog does not answer: It did not answer within 3 s." in operator.run("health", "catalog").err

    def answer_with_an_error() -> None:
        with channel(operator.broker.broker) as bus:

            def reply(request: Any) -> None:
                failed = bus.prepare_message(b'{"error": {"code": "database_unavailable", "message": "No database."}}')
                bus.basic_publish(failed, exchange="", routing_key=request.properties["reply_to"])
                answered.set()

            bus.basic_consume("orders.rpc", no_ack=True, callback=reply)
            while not answered.is_set():
                bus.connection.drain_events(timeout=30)

    answered = threading.Event()
    service = threading.Thread(target=answer_with_an_error)
    service.start()
    assert operator.run("ping", "orders", "--json").rows == [{"service": "orders", "milliseconds": None, "error": "No database.", "ok": False}]
    service.join()


def test_embedded_the_gateway_tells_which_service_does_not_answer(operator: Operator) -> None:
    states = {"catalog": "ok", "orders": "database_unavailable"}
    gateway = make_server("127.0.0.1", 0, problem(Unavailable("not_ready", "Not all services answer.", services=states), "1"))
    threading.Thread(target=gateway.serve_forever).start()
    embedded = replace(operator.broker, broker=EMBEDDED_BROKER, http_port=gateway.server_port)
    catalog, orders = ping_all(["catalog", "orders"], embedded)
    gateway.shutdown()
    gateway.server_close()
    assert catalog["ok"]
    assert (orders["ok"], orders["error"]) == (False, "The gateway gets no answer: database_unavailable.")


def test_a_broker_that_is_away_fails_the_services_behind_it(operator: Operator) -> None:
    operator.environment.setenv("BROKER", "amqp://me:secret@127.0.0.1:1//")
    done = operator.run("ping", "catalog")
    assert done.status == 1
    assert "The broker does not answer as it should" in done.out
    assert "secret" not in done.out + done.err
    assert operator.run("ping", "nobody").status == 2


def test_the_topology_is_applied_and_checked(operator: Operator) -> None:
    assert operator.run("topology", "apply", "--json").rows == [{"done": f"topology version {VERSION} declared", "ok": True}]
    good = operator.run("topology", "check")
    assert (good.status, good.out) == (0, "the broker stands as described\n")
    assert operator.run("topology", "check", "--json").rows == []
    with channel(operator.broker.broker) as bus:
        bus.queue_delete("orders.dead")
    bad = operator.run("topology", "check", "--json")
    assert bad.status == 1
    assert bad.rows[0] == {"problem": "queue orders.dead is missing", "ok": False}
    assert "queue orders.dead is missing" in operator.run("topology", "check").out


def test_a_queue_that_stands_differently_is_named_and_left(operator: Operator) -> None:
    with channel(operator.broker.broker) as bus:
        bus.queue_delete("orders.dead")
        bus.queue_declare("orders.dead", durable=True, auto_delete=False)
    done = operator.run("topology", "apply")
    assert done.status == 1
    assert "orders.dead" in done.err
    assert "Traceback" not in done.err


def test_a_management_api_that_is_away_or_refuses_is_told_without_its_password(operator: Operator) -> None:
    operator.environment.setenv("BROKER_MANAGEMENT", "http://me:secret@127.0.0.1:1")
    away = operator.run("topology", "check")
    assert (away.status, away.err) == (1, "RabbitMQ's management API cannot be reached (ConnectionError).\n")
    host = operator.broker.broker_management.partition("@")[2]
    operator.environment.setenv("BROKER_MANAGEMENT", f"http://me:secret@{host}")
    refused = operator.run("topology", "check")
    assert refused.status == 1
    assert "401" in refused.err
    assert "secret" not in refused.err


def test_what_adds_up_and_what_does_not_is_one_row_each(operator: Operator) -> None:
    done = operator.run("reconcile", "--json", "--wait", "0")
    assert done.status == 0
    assert list(done.rows[0]) == ["service", "check", "subject", "figures", "difference", "ok"]
    assert {row["service"] for row in done.rows} == {"catalog", "orders", "payments", "logistics", "trade"}
    assert all(row["ok"] and row["difference"] == 0 for row in done.rows)


@pytest.fixture
def dead_event(system: System) -> Iterator[str]:
    """An event that the catalog has no use for, dead in its inbox."""
    engine = create_engine(address(system.environment["DATABASE"]).update_query_dict({"options": "-csearch_path=catalog"}))
    row = {"id": new_id(), "type": UNUSED, "source": "orders", "subject": new_id(), "version": 1, "received_at": utc_now()}
    kept = {"time": utc_now().isoformat(), "context": {}, "data": {}}
    with engine.begin() as connection:
        connection.execute(insert(inbox).values(**row, state="dead", attempts=10, event=kept))
    yield row["id"]
    with engine.begin() as connection:
        connection.execute(delete(inbox).where(inbox.c.id == row["id"]))
    engine.dispose()


def test_a_running_service_takes_up_what_is_replayed(system: System, dead_event: str) -> None:
    assert rows(system, "dead-letters", "replay", dead_event)[0] == 0
    states = []
    for _ in range(20):
        states.append(rows(system, "dead-letters", "show", dead_event)[1][0]["state"])
        if states[-1] == "done":
            return
    raise AssertionError(states)


def test_a_running_relay_is_named_and_left_its_work(system: System) -> None:
    status, outboxes = rows(system, "outbox", "status")
    assert status == 0
    assert all(" pid " in each["holder"] for each in outboxes)
    status, sent = rows(system, "outbox", "flush")
    assert (status, {each["sent"] for each in sent}) == (0, {0})


def test_dead_letters_of_a_running_system(system: System) -> None:
    with channel(system.environment["BROKER"]) as bus:
        message = bus.prepare_message(b"no event", properties={"message_id": "a-poison"})
        bus.basic_publish_confirm(message, exchange="", routing_key="logistics.inbox")
    for _ in range(20):
        status, letters = rows(system, "dead-letters", "list", "--service", "logistics")
        if letters:
            break
    assert (status, [letter["id"] for letter in letters]) == (1, ["a-poison"])
    assert rows(system, "dead-letters", "replay", "a-poison")[0] == 0
    for _ in range(20):
        status, letters = rows(system, "dead-letters", "list", "--service", "logistics")
        if letters:
            break
    assert [letter["attempts"] for letter in letters] == [2], "the service refused it once more"
    assert rows(system, "dead-letters", "drop", "a-poison", "--yes") == (
        0,
        [{"service": "logistics", "place": "logistics.dead", "id": "a-poison", "outcome": "dropped", "ok": True}],
    )
    assert rows(system, "dead-letters", "list", "--service", "logistics") == (0, [])


def test_the_embedded_system_is_looked_after_from_another_process(tmp_path: Path) -> None:
    with embedded_system(tmp_path) as embedded:
        status, answers = rows(embedded, "ping")
        assert (status, [answer["service"] for answer in answers]) == (0, list(SERVICES))
        assert rows(embedded, "dead-letters", "list") == (0, [])
        status, outboxes = rows(embedded, "outbox", "status")
        assert (status, len(outboxes)) == (0, 5)
        flush = embedded.command("outbox", "flush")
        assert (flush.returncode, flush.stderr.startswith("The embedded system's bus is inside its own process")) == (1, True)
        embedded.stop()
        status, answers = rows(embedded, "ping", "gateway", "orders")
        assert (status, [answer["ok"] for answer in answers]) == (1, [False, False])
