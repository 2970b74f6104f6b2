"""Calls between two containers over a real broker: each ends within its time, however the broker, the network or the answer fails."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import eventlet
import pytest
from eventlet.green import socket as green_socket
from marshmallow import fields
from nameko.containers import ServiceContainer

from shared.contracts.fields import Shape
from shared.contracts.operations import Operation
from shared.kit.errors import TradeError, Unavailable
from shared.platform.client import Caller, RpcBus, RpcClient
from shared.platform.commands import Answer
from shared.platform.rpc import RpcServer, rpc
from shared.platform.settings import Settings, settings
from tests.faults.proxy import Proxy


class Number(Shape):
    number = fields.Float(required=True)


ECHO, WAIT, RUBBISH = (Operation("orders", name, Number, Number) for name in ("echo", "wait", "rubbish"))


class Orders:
    name = "orders"

    @rpc(ECHO)
    def echo(self, call: Any) -> Any:
        return call.data

    @rpc(WAIT)
    def wait(self, call: Any) -> Any:
        eventlet.sleep(call.data["number"])
        return call.data

    @rpc(RUBBISH)
    def rubbish(self, call: Any) -> Any:
        return Answer(number=object())


class Asking:
    name = "gateway"
    rpc = RpcClient()


@dataclass
class Both:
    """Who asks and who answers, each over a network of its own."""

    caller: Caller
    bus: RpcBus
    server: RpcServer
    proxy: Proxy

    def echo(self) -> bool:
        try:
            return bool(self.caller.call(ECHO, {"number": 1.5}, timeout=1) == {"number": 1.5})
        except Unavailable:
            return False


@pytest.fixture
def both(broker: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Both]:
    monkeypatch.setattr("amqp.transport.socket", green_socket)
    monkeypatch.setattr("shared.platform.connection.HEARTBEAT", 1)
    monkeypatch.setattr("shared.platform.link.HEARTBEAT", 1)
    parts = urlsplit(broker.broker)
    assert parts.port
    proxy = Proxy({"gateway": [parts.port], "orders": [parts.port]})
    for name, port in proxy.ports.items():
        monkeypatch.setenv(f"BROKER_{name.upper()}", f"amqp://{parts.username}:{parts.password}@127.0.0.1:{port}{parts.path}")
    given = {"BROKER": broker.broker, "DATABASE": "postgresql://none", "RPC_WORKERS": "2", "RPC_IN_FLIGHT": "3", "DRAIN_TIMEOUT": "2"}
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    settings.cache_clear()
    orders, asking = ServiceContainer(Orders), ServiceContainer(Asking)
    for container in (orders, asking):
        container.start()
    bus = next(each for each in asking.subextensions if isinstance(each, RpcBus))
    server = next(each for each in orders.subextensions if isinstance(each, RpcServer))
    yield Both(Caller(bus), bus, server, proxy)
    for container in (asking, orders):
        container.stop()
    proxy.stop()
    settings.cache_clear()


def until(condition: Callable[[], Any], seconds: float = 60) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        eventlet.sleep(0.01)
    return True


def failure(both: Both, operation: Operation, timeout: float, number: float = 0) -> TradeError:
    with pytest.raises(TradeError) as raised:
        both.caller.call(operation, {"number": number}, timeout=timeout)
    return raised.value


def test_an_answer_that_is_no_json_is_a_defect_and_takes_no_place_for_good(both: Both) -> None:
    for _ in range(5):  # more than the service may hold
        assert failure(both, RUBBISH, 10).code == "internal_error"
    assert both.echo()
    assert both.server.working == 0


def test_more_calls_than_allowed_are_refused_at_once_and_a_place_is_free_again_afterwards(both: Both) -> None:
    calls = [eventlet.spawn(both.caller.call, WAIT, {"number": 0.5}, timeout=10) for _ in range(3)]
    eventlet.sleep(0)
    refused = failure(both, ECHO, 10)
    assert (refused.kind, refused.code) == ("unavailable", "overloaded")
    assert [call.wait() for call in calls] == [{"number": 0.5}] * 3
    assert both.echo()
    assert not +both.bus.in_flight


def test_a_call_over_a_frozen_network_ends_in_its_time(both: Both) -> None:
    assert both.echo()
    for name in ("gateway", "orders"):
        both.proxy.freeze(name, 1, 0)
        with eventlet.Timeout(5):
            assert failure(both, ECHO, 0.3).kind == "unavailable"
        both.proxy.thaw(name)
        assert until(both.echo)


def test_calls_under_way_when_the_network_is_cut_fail_at_once(both: Both) -> None:
    call = eventlet.spawn(both.caller.call, WAIT, {"number": 30}, timeout=60)
    assert until(lambda: both.server.working)
    both.proxy.cut("gateway", 1, 0)
    with eventlet.Timeout(5), pytest.raises(Unavailable, match="lost"):
        call.wait()
    assert until(both.echo)


def test_an_answer_that_cannot_be_sent_harms_nothing(both: Both) -> None:
    call = eventlet.spawn(failure, both, WAIT, 3, 0.5)
    assert until(lambda: both.server.working)
    both.proxy.freeze("orders", 1, 0)
    assert until(lambda: not both.server.working)
    assert call.wait().kind == "unavailable"
    both.proxy.thaw("orders")
    assert until(both.echo)


def test_a_service_that_is_not_there_is_told_at_once(both: Both) -> None:
    with eventlet.Timeout(5), pytest.raises(Unavailable, match="not there"):
        both.bus.call("nobody", "anything", {}, 60)


def test_the_edge_stops_in_time_over_a_frozen_network(both: Both) -> None:
    for name in ("gateway", "orders"):
        both.proxy.freeze(name, 1, 0)
    with eventlet.Timeout(8):
        both.bus.stop()
        both.server.drain()
