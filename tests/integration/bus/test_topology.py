"""The declared topology keeps what nobody takes, and lets each service touch only what is its own."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import amqp
import pytest

from shared.contracts.events import EVENTS
from shared.platform import topology as description
from shared.platform.link import connect
from shared.platform.settings import Settings
from tradelane import topology

ROOT = Path(__file__).parents[3]


def publish(channel: Any, exchange: str, routing_key: str, body: bytes = b"{}") -> None:
    message = channel.prepare_message(body, content_type="application/json", properties={"delivery_mode": 2})
    channel.basic_publish_confirm(message, exchange=exchange, routing_key=routing_key)


def take(channel: Any, queue: str) -> Any:
    """The queue's next message, waited for a little."""
    for _ in range(100):
        if message := channel.basic_get(queue, no_ack=True):
            return message
        time.sleep(0.05)
    raise AssertionError(f"nothing came to {queue}")


def test_what_is_applied_checks_out_and_what_is_missing_is_named(broker: Settings) -> None:
    assert topology.check(broker) == []
    with connect(broker.broker) as connection:
        connection.channel().queue_delete("orders.inbox")
    assert [each for each in topology.check(broker) if "orders.inbox" in each]
    topology.apply(broker)
    assert topology.check(broker) == []


def test_an_event_nobody_is_bound_for_is_kept(broker: Settings) -> None:
    with connect(broker.broker) as connection:
        channel = connection.channel()
        for queue in ("event-log", "catalog.inbox"):
            channel.queue_unbind(queue, exchange="accounts.events", routing_key="#")
        publish(channel, "accounts.events", "accounts.account_registered.v1", b'{"kept": true}')
        assert take(channel, "unrouted").body == b'{"kept": true}'


def test_what_is_rejected_goes_to_the_consumers_dead_letters(broker: Settings) -> None:
    with connect(broker.broker) as connection:
        channel = connection.channel()
        publish(channel, "orders.events", "orders.order_placed.v1", b"not even JSON")
        message = channel.basic_get("catalog.inbox")
        channel.basic_reject(message.delivery_tag, requeue=False)
        assert take(channel, "catalog.dead").body == b"not even JSON"


def test_the_event_log_is_read_from_its_beginning_as_often_as_one_likes(broker: Settings) -> None:
    with connect(broker.broker) as connection:
        channel = connection.channel()
        for number in range(3):
            publish(channel, "orders.events", "orders.order_placed.v1", str(number).encode())
    for _ in range(2):
        bodies: list[bytes] = []
        with connect(broker.broker) as connection:
            channel = connection.channel()
            channel.basic_qos(0, 10, False)
            seen = lambda message, channel=channel, bodies=bodies: (bodies.append(message.body), channel.basic_ack(message.delivery_tag))  # noqa: E731
            channel.basic_consume("event-log", callback=seen, arguments={"x-stream-offset": "first"})
            while len(bodies) < 3:
                connection.drain_events(timeout=30)
        assert bodies == [b"0", b"1", b"2"]


@pytest.fixture
def users(broker: Settings) -> dict[str, str]:
    """Each user's own address, after they were made."""
    parts = urlsplit(broker.broker)
    names = (*description.SUBSCRIPTIONS, "gateway", "observer")
    addresses = {name: f"amqp://{parts.path[1:]}-{name}:secret-{name}@{parts.hostname}:{parts.port}{parts.path}" for name in names}
    topology.apply(replace(broker, overrides={f"BROKER_{name.upper()}": address for name, address in addresses.items()}))
    return addresses


@pytest.mark.parametrize(
    ("user", "exchange", "key"),
    [("catalog", "catalog.events", "catalog.product_added.v1"), ("orders", "", "catalog.rpc"), ("gateway", "", "orders.rpc")],
)
def test_a_service_may_publish_what_is_its_own(users: dict[str, str], user: str, exchange: str, key: str) -> None:
    with connect(users[user]) as connection:
        publish(connection.channel(), exchange, key)


@pytest.mark.parametrize(("user", "exchange"), [("catalog", "orders.events"), ("gateway", "orders.events"), ("observer", "orders.events")])
def test_nobody_may_publish_as_somebody_else(users: dict[str, str], user: str, exchange: str) -> None:
    with connect(users[user]) as connection, pytest.raises(amqp.exceptions.AccessRefused):
        publish(connection.channel(), exchange, "orders.order_placed.v1")


@pytest.mark.parametrize(("user", "queue"), [("catalog", "orders.inbox"), ("gateway", "orders.rpc"), ("observer", "orders.inbox"), ("orders", "event-log")])
def test_nobody_may_read_what_is_not_theirs(users: dict[str, str], user: str, queue: str) -> None:
    with connect(users[user]) as connection, pytest.raises(amqp.exceptions.AccessRefused):
        connection.channel().basic_consume(queue)


@pytest.mark.parametrize("user", ["catalog", "observer"])
def test_no_service_may_declare(users: dict[str, str], user: str) -> None:
    with connect(users[user]) as connection, pytest.raises(amqp.exceptions.AccessRefused):
        connection.channel().queue_declare("mine", durable=True)


def test_every_source_that_is_taken_publishes_and_every_publisher_is_declared() -> None:
    sources = {each.source for each in EVENTS.values()}
    assert sources == set(description.SUBSCRIPTIONS)
    assert {source for taken in description.SUBSCRIPTIONS.values() for source in taken} <= sources


def test_the_definitions_file_is_the_description() -> None:
    assert json.loads((ROOT / "deploy/rabbitmq/definitions.json").read_text()) == description.definitions()
