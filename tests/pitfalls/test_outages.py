"""A broker of the tests' own, which raises a memory alarm, or is taken away and comes back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import requests

from shared.platform.settings import Settings
from tests.builders.database import settings_for
from tests.faults.servers import Server
from tests.pitfalls.bus import open_bus
from tests.pitfalls.children import Children, wait_until
from tradelane import topology


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    server = Server("rabbitmq")
    yield server
    server.stop()


@pytest.fixture
def broker(server: Server) -> Settings:
    address = server.address()
    settings = replace(settings_for("postgresql://not-used"), broker=address.amqp_url, broker_management=address.management_url)
    topology.apply(settings)
    return settings


def alarmed(broker: Settings) -> bool:
    return requests.get(f"{broker.broker_management}/api/health/checks/local-alarms", timeout=30).status_code == 503


@pytest.fixture
def alarm(server: Server, broker: Settings) -> Iterator[None]:
    yield
    server.control("set_vm_memory_high_watermark", "0.4")


def test_a_memory_alarm_blocks_a_stock_publisher_and_ours_is_told_by_its_deadline(
    broker: Settings, server: Server, children: Children, alarm: None, tmp_path: Path
) -> None:
    stock, ours = children.stock("Stock"), children.ours()
    raised = tmp_path / "raised"
    with open_bus(broker.broker) as bus:
        bus.ask_stock("emit", "word", str(raised))
        bus.ask("ask", service="payments", after=str(raised), timeout=1.0)
        stock.wait_for("began word")
        ours.wait_for("began to ask")
    server.control("set_vm_memory_high_watermark", "absolute", "1")
    wait_until(lambda: alarmed(broker), "the alarm is raised")
    raised.touch()
    stock.wait_for("emits word")
    ours.wait_for("told service_timeout")
    assert not stock.count("emitted word")
    server.control("set_vm_memory_high_watermark", "0.4")
    stock.wait_for("emitted word")


def test_a_stock_service_that_cannot_answer_while_the_broker_is_away_dies_and_ours_stays(
    broker: Settings, server: Server, children: Children, tmp_path: Path
) -> None:
    stock, ours = children.stock("Stock"), children.ours()
    gone = tmp_path / "gone"
    with open_bus(broker.broker) as bus:
        bus.ask_stock("work", "word", 0, str(gone))
        bus.ask("work", word="word", after=str(gone))
        for service in (stock, ours):
            service.wait_for("began word")
        server.kill()
    gone.touch()
    for service in (stock, ours):
        service.wait_for("did word")
    assert stock.ended() != 0
    assert ours.runs
    server.start()
    with open_bus(broker.broker) as bus:
        assert bus.result(bus.ask("work", word="again")) == {"value": "again"}
