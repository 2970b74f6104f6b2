"""A link takes messages again when its queue was away, as a queue is whose node is, without asking for it all the time meanwhile."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from shared.platform.link import connect
from shared.platform.settings import Settings
from shared.platform.topology import rpc_queue
from tradelane import topology

QUEUE = rpc_queue("orders")


@contextmanager
def link(url: str, told: Path) -> Iterator[None]:
    command = [sys.executable, "-W", "ignore", "-m", "tests.integration.bus.green_link", url, QUEUE]
    with told.open("w") as output, subprocess.Popen(command, cwd=Path(__file__).parents[3], stdout=output) as process:
        try:
            yield
        finally:
            process.kill()


def wait_for(line: str, told: Path, times: int = 1) -> None:
    deadline = time.monotonic() + 30
    while told.read_text().splitlines().count(line) < times:
        assert time.monotonic() < deadline, told.read_text()[-2000:]
        time.sleep(0.05)


def send(url: str, body: str) -> None:
    with connect(url) as connection:
        channel = connection.channel()
        channel.basic_publish_confirm(channel.prepare_message(body.encode()), routing_key=QUEUE)


def delete_queue(url: str) -> None:
    with connect(url) as connection:
        connection.channel().queue_delete(QUEUE)


def test_a_link_takes_messages_once_its_queue_is_there(broker: Settings, tmp_path: Path) -> None:
    told = tmp_path / "told"
    delete_queue(broker.broker)
    with link(broker.broker, told):
        wait_for("attempt", told, times=5)
        time.sleep(5)
        attempts = told.read_text().splitlines().count("attempt")
        assert attempts < 20  # they come ever more slowly, down to one in two seconds
        topology.apply(broker)
        send(broker.broker, "1")
        wait_for("message 1", told)


def test_a_link_whose_consumer_the_broker_cancels_consumes_again(broker: Settings, tmp_path: Path) -> None:
    told = tmp_path / "told"
    with link(broker.broker, told):
        send(broker.broker, "1")
        wait_for("message 1", told)
        delete_queue(broker.broker)
        topology.apply(broker)
        send(broker.broker, "2")
        wait_for("message 2", told)
