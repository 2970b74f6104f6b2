"""A link to a real broker whose network or memory fails: nothing that uses it waits beyond its deadline, and the link mends by itself."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import eventlet
import pytest
from eventlet.green import socket as green_socket

from shared.kit.errors import Unavailable
from shared.platform import connection
from shared.platform.link import Link, connect
from shared.platform.settings import Settings
from shared.platform.topology import rpc_queue
from tests.faults import servers
from tests.faults.proxy import Proxy
from tests.servers import ServerUnavailable

QUEUE = rpc_queue("orders")
SOON = 60.0  # far beyond any deadline here: what comes later never comes


class Received:
    """A link that consumes a queue, and what has come over it."""

    def __init__(self, url: str, queue: str = QUEUE) -> None:
        self.queue = queue
        self.bodies: list[bytes] = []
        self.returned: list[Any] = []
        self.lost = 0
        self.link = Link(url, "test", self._consume, self._lose, self.returned.append)
        self.link.start(lambda run, _name: eventlet.spawn(run))

    def _consume(self, channel: Any) -> None:
        self.link.consume(channel, self.queue, self._receive, prefetch=10)

    def _receive(self, message: Any) -> None:
        self.bodies.append(message.body)
        self.link.settle(message)

    def _lose(self) -> None:
        self.lost += 1

    def round_trip(self) -> bool:
        """Whether a message comes back that is sent now."""
        before = len(self.bodies)
        try:
            self.link.publish(b"{}", QUEUE)
        except Unavailable:
            return False
        return until(lambda: len(self.bodies) > before, 1)


def until(condition: Callable[[], Any], seconds: float = SOON) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        eventlet.sleep(0.01)
    return True


@pytest.fixture(autouse=True)
def green(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a service, where all sockets are eventlet's; with deadlines that a test can wait for."""
    monkeypatch.setattr("amqp.transport.socket", green_socket)
    monkeypatch.setattr(connection, "OPEN_SECONDS", 0.5)
    monkeypatch.setattr(connection, "HEARTBEAT", 1)
    monkeypatch.setattr("shared.platform.link.HEARTBEAT", 1)


@pytest.fixture
def proxy(broker: Settings) -> Iterator[Proxy]:
    port = urlsplit(broker.broker).port
    assert port
    proxy = Proxy({"broker": [port]})
    yield proxy
    proxy.stop()


@pytest.fixture
def open_link(broker: Settings, proxy: Proxy) -> Iterator[Callable[[], Received]]:
    opened: list[Received] = []
    parts = urlsplit(broker.broker)

    def make() -> Received:
        through = f"amqp://{parts.username}:{parts.password}@127.0.0.1:{proxy.ports['broker']}{parts.path}"
        opened.append(Received(through))
        return opened[-1]

    yield make
    for each in opened:
        each.link.stop()


def test_a_message_goes_out_and_comes_in_large_ones_too(open_link: Callable[[], Received]) -> None:
    received = open_link()
    sent = [b'"%s"' % (b"x" * size) for size in (0, 1, 100_000, 131_070, 1_000_000)]
    for body in sent:
        received.link.publish(body, QUEUE, headers={"operation": "none"}, correlation_id="1", reply_to="nobody", expiration="60000")
    assert until(lambda: received.bodies == sent)


def test_a_message_that_nobody_takes_comes_back(open_link: Callable[[], Received]) -> None:
    received = open_link()
    received.link.publish(b"{}", "nobody.rpc", mandatory=True, correlation_id="7")
    assert until(lambda: received.returned)
    assert received.returned[0].properties["correlation_id"] == "7"


def test_properties_that_are_rubbish_cost_their_message_and_not_the_link(broker: Settings, open_link: Callable[[], Received]) -> None:
    received = open_link()
    with connect(broker.broker) as stranger:
        channel: Any = stranger.channel()
        channel.basic_publish(channel.prepare_message(b"{}", properties={"correlation_id": "\udcff" * 80}), exchange="", routing_key=QUEUE)
    assert received.round_trip()
    assert received.lost == 0


def test_a_broker_that_takes_the_connection_and_says_nothing_is_given_up_and_tried_again(proxy: Proxy, open_link: Callable[[], Received]) -> None:
    proxy.freeze("broker", 1, 0)
    begun = time.monotonic()
    received = open_link()
    assert time.monotonic() - begun < 20
    with pytest.raises(Unavailable):
        received.link.publish(b"{}", QUEUE)
    assert until(lambda: received.lost >= 2), "it was tried again"
    proxy.thaw("broker")
    assert until(received.round_trip)


def test_a_link_that_freezes_holds_no_publisher_is_found_out_and_made_anew(proxy: Proxy, open_link: Callable[[], Received]) -> None:
    received = open_link()
    assert received.round_trip()
    proxy.freeze("broker", 1, 0)
    refused = 0
    with eventlet.Timeout(5):  # a publisher that waits is one too many
        for _ in range(40):
            try:
                received.link.publish(b'"' + b"x" * 1_000_000 + b'"', "nobody.rpc")
            except Unavailable:
                refused += 1
            eventlet.sleep(0)
    assert 0 < refused < 40, "what is not sent is bounded"
    assert until(lambda: received.lost), "the peer was silent for too long"
    proxy.thaw("broker")
    assert until(received.round_trip)


def test_stopping_a_frozen_link_takes_no_time(proxy: Proxy, open_link: Callable[[], Received]) -> None:
    received = open_link()
    proxy.freeze("broker", 1, 0)
    received.link.publish(b'"' + b"x" * 10_000_000 + b'"', "nobody.rpc")
    eventlet.sleep(0.1)
    with eventlet.Timeout(5):
        received.link.stop()


def test_what_was_published_before_stopping_arrives(open_link: Callable[[], Received]) -> None:
    first, other = open_link(), open_link()
    first.link.cancel()
    for number in range(100):
        first.link.publish(b"%d" % number, QUEUE)
    first.link.stop()
    assert until(lambda: len(first.bodies) + len(other.bodies) == 100)


@pytest.mark.parametrize("seed", range(4))
def test_whatever_is_settled_in_whatever_order_the_broker_gives_the_rest_to_another(
    open_link: Callable[[], Received], seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    draw, first = random.Random(seed), open_link()
    assert until(first.round_trip)
    held: list[Any] = []
    with monkeypatch.context() as later:
        later.setattr(first.link, "settle", held.append)
        for number in range(10):
            first.link.publish(b"%d" % number, QUEUE)
        assert until(lambda: len(held) == 10), "as many as may be unsettled"
    draw.shuffle(held)
    kept = sorted(each.body for each in held[7:])
    for message in held[:7]:
        first.link.refuse(message) if draw.random() < 0.2 else first.link.settle(message)
        if draw.random() < 0.5:
            eventlet.sleep(0)
    first.link.stop()
    other = open_link()
    assert until(lambda: sorted(other.bodies) == kept)
    assert until(other.round_trip)
    assert {*other.bodies} == {*kept, b"{}"}


def test_a_connection_that_is_cut_is_made_anew(proxy: Proxy, open_link: Callable[[], Received]) -> None:
    received = open_link()
    for _ in range(3):
        assert until(received.round_trip)
        proxy.cut("broker", 1, 0)
        assert until(lambda: received.lost)
        received.lost = 0
    assert until(received.round_trip)


def test_a_queue_that_is_not_there_is_asked_for_less_and_less_often(broker: Settings) -> None:
    received = Received(broker.broker, "nobody.rpc")
    eventlet.sleep(3)
    assert 1 <= received.lost <= 8
    received.link.stop()


def test_work_that_waits_long_or_keeps_the_process_busy_loses_no_link(open_link: Callable[[], Received]) -> None:
    received = open_link()
    for wait in (eventlet.sleep, time.sleep):
        wait(1.4)
        eventlet.sleep(0.7)
    eventlet.sleep(2.5)  # more than two heartbeats
    assert received.round_trip()
    assert received.lost == 0


@pytest.fixture(scope="module")
def own_broker() -> Iterator[servers.Server]:
    server = servers.Server("rabbitmq")
    try:
        server.address()
    except ServerUnavailable as error:
        pytest.skip(str(error))
    yield server
    server.stop()


def test_a_broker_short_of_memory_is_told_from_one_that_is_lost(own_broker: servers.Server) -> None:
    url = own_broker.address().amqp_url
    with connect(url) as connection:
        connection.channel().queue_declare(queue=QUEUE, durable=True, auto_delete=False)
    received = Received(url)
    assert received.round_trip()
    own_broker.control("set_vm_memory_high_watermark", "absolute", "1")
    try:
        received.link.publish(b"{}", QUEUE)  # the broker tells those who publish
        assert until(lambda: received.link.blocked)
        assert received.lost == 0
    finally:
        own_broker.control("set_vm_memory_high_watermark", "0.4")
    assert until(lambda: not received.link.blocked)
    assert received.round_trip()
    received.link.stop()
