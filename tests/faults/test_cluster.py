"""Three brokers instead of one: whichever of them is away, what they have confirmed is kept, and the system goes on."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import amqp
import pytest
import requests

from shared.platform import topology
from shared.platform.link import connect
from shared.platform.settings import Settings
from tests.faults.books import Books
from tests.faults.cluster import SIZE, Cluster
from tests.faults.harness import Plan, premises, run, servers
from tests.faults.proxy import Proxy
from tests.faults.servers import Server
from tests.faults.stage import BROKER

PATIENCE = 60.0  # seconds
MORE = 50  # messages that are to be confirmed while a node is away


@pytest.fixture(scope="module")
def own() -> Iterator[dict[str, Server]]:
    with servers(cluster=True) as started:
        yield started


@pytest.fixture
def cluster(own: dict[str, Server]) -> Cluster:
    broker = own[BROKER]
    assert isinstance(broker, Cluster)
    return broker


class Publisher(threading.Thread):
    """Publishes events one after the other, over any node that is there; `confirmed` are the ids of those a broker has taken over."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self.url, self.confirmed, self.stopping = url, list[str](), False

    def run(self) -> None:
        number = 0
        while not self.stopping:
            try:
                with connect(self.url) as connection:
                    channel: Any = connection.channel()
                    channel.confirm_select()
                    while not self.stopping:
                        number += 1
                        event = amqp.Message(b"{}", message_id=str(number), delivery_mode=2)
                        channel.basic_publish_confirm(event, topology.event_exchange("orders"), "orders.order_placed.v1", confirm_timeout=10)
                        self.confirmed.append(str(number))
                        time.sleep(0.005)
            except (OSError, amqp.AMQPError, amqp.exceptions.MessageNacked):
                time.sleep(0.1)

    def wait_for_more(self) -> None:
        wanted = len(self.confirmed) + MORE
        wait_until(lambda: len(self.confirmed) > wanted)


def wait_until(reached: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not reached():
        assert time.monotonic() < deadline
        time.sleep(0.1)


@pytest.mark.timeout(300)
def test_a_confirmed_event_is_kept_whichever_node_is_killed_or_cut_off(own: dict[str, Server], cluster: Cluster) -> None:
    management, (first, second, _) = cluster.address().management_url, cluster.ports
    with premises(own) as settings:
        everywhere = {queue.name: SIZE for queue in topology.describe(embedded=False).queues}
        wait_until(lambda: _members(management, settings) == everywhere)

        proxy = Proxy({BROKER: cluster.ports})
        publisher = Publisher(settings.broker.replace(f":{first}/", f":{proxy.ports[BROKER]}/"))
        publisher.start()
        try:
            publisher.wait_for_more()
            for killed in (0, 2):
                cluster.kill(killed)
                publisher.wait_for_more()
                cluster.start(killed)
            cluster.partition(1)
            try:
                wait_until(lambda: _running(management) == SIZE - 1)
                with pytest.raises(OSError, match="refused"):
                    connect(settings.broker.replace(f":{first}/", f":{second}/")).connect()
                publisher.wait_for_more()
            finally:
                cluster.heal(1)
            assert _running(management) == SIZE
            publisher.wait_for_more()
        finally:
            publisher.stopping = True
            publisher.join()
            proxy.stop()

        confirmed = set(publisher.confirmed)
        with connect(settings.broker) as connection:
            channel: Any = connection.channel()
            kept = {message.properties["message_id"] for message in iter(lambda: channel.basic_get(topology.inbox_queue("catalog"), no_ack=True), None)}
        assert confirmed <= kept
        assert confirmed <= Books(settings).logged(len(confirmed)).keys()


def _members(management: str, settings: Settings) -> dict[str, int]:
    """On how many nodes each queue has a copy."""
    return {queue["name"]: len(queue.get("members", ())) for queue in _ask(management, f"queues/{urlsplit(settings.broker).path[1:]}")}


def _running(management: str) -> int:
    return sum(node["running"] for node in _ask(management, "nodes"))


def _ask(management: str, path: str) -> Any:
    return requests.get(f"{management}/api/{path}", timeout=10).json()


@pytest.mark.timeout(300)
def test_trades_go_on_and_add_up_while_nodes_are_killed_and_cut_off(own: dict[str, Server], tmp_path: Path) -> None:
    faults = ("deliver_again", "kill_the_broker", "partition_a_node")
    report = run(Plan(20, "cluster", len(faults), faults, replicas=1, clients=6, pace=0.3), own, tmp_path, print)
    assert report.sound, report.examples
    figures = report.figures
    assert (figures["broker_nodes"], figures["broker_restarts"], figures["partitions"]) == (SIZE, 1, 1)
