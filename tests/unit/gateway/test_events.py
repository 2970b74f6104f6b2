"""The stream of events as its client sees it, before an orders service that answers as told."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import eventlet
import pytest
from greenlet import getcurrent
from werkzeug.test import TestResponse

from services.gateway.application import events, streams
from shared.contracts.trade_events import LIST_EVENTS, MOST, NEWS
from shared.kit.errors import Forbidden, Invalid, Unavailable
from shared.kit.ids import new_id
from shared.platform.settings import settings
from tests.unit.gateway.fakes import BUYER, Gateway

PATH = "/v1/events"


class Orders:
    """Events of one buyer by their positions, and how far it is known what has come."""

    def __init__(self) -> None:
        self.events: dict[int, str] = {}
        self.settled: int | None = 0
        self.refusal: Exception | None = None

    def add(self, type: str = "orders.order_placed.v1", position: int | None = None) -> int:
        position = position or max(self.events, default=0) + 1
        self.events[position] = type
        self.settled = position
        return position

    def news(self, asked: Mapping[str, Any]) -> Any:
        if self.refusal:
            raise self.refusal
        return {"position": self.settled, "accounts": [BUYER], "doubt": None if self.settled is not None else {"position": 1, "transaction": 1}}

    def listed(self, asked: Mapping[str, Any]) -> Any:
        if self.refusal:
            raise self.refusal
        wanted = [each for each in sorted(self.events) if asked["after"] < each <= asked["until"]]
        items = [{"position": each, "id": new_id(), "type": self.events[each], "data": {"of": each}} for each in wanted[:MOST]]
        return {"items": items, "position": wanted[MOST - 1] if len(wanted) > MOST else asked["until"]}


@pytest.fixture
def orders(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> Orders:
    for name in ("PAUSE", "PAUSE_EMBEDDED", "PAUSE_IN_DOUBT", "PAUSE_AFTER_FAILURE"):
        monkeypatch.setattr(streams, name, 0.01)
    monkeypatch.setattr(events, "PAUSE", 0.01)
    service = Orders()
    gateway.services.answers |= {LIST_EVENTS: service.listed, NEWS: service.news}
    return service


class Listener:
    """A client of the stream, which reads one part after another."""

    def __init__(self, answer: TestResponse) -> None:
        assert answer.status_code == 200, answer.json
        self.answer = answer
        self.parts: Iterator[bytes] = iter(answer.response)

    def next(self) -> list[tuple[int, Any]]:
        """Ids and data of the next part."""
        told = []
        for block in next(self.parts).decode().split("\n\n"):
            fields = dict(line.split(": ", 1) for line in block.splitlines() if ": " in line)
            if "data" in fields:
                told.append((int(fields["id"]), json.loads(fields["data"])))
        return told

    def leave(self) -> None:
        self.answer.close()


def test_a_stream_tells_what_happens_from_now_on_as_events_with_the_position_as_id(gateway: Gateway, orders: Orders) -> None:
    orders.add()
    answer = gateway.ask("GET", PATH)
    assert answer.content_type == "text/event-stream; charset=utf-8"
    assert (answer.headers["Cache-Control"], answer.headers["X-Accel-Buffering"]) == ("no-store", "no")
    client = Listener(answer)
    assert next(client.parts) == b"retry: 2000\n\n"
    orders.add("orders.order_confirmed.v1", 7)
    [(position, event)] = client.next()
    assert (position, event["type"], event["data"]) == (7, "orders.order_confirmed.v1", {"of": 7})
    assert "position" not in event
    client.leave()


def test_who_comes_back_is_told_what_came_meanwhile_in_parts(gateway: Gateway, orders: Orders) -> None:
    for _ in range(MOST + 5):
        orders.add()
    client = Listener(gateway.ask("GET", PATH, Last_Event_ID="3"))
    assert [each for each, _ in client.next()] == list(range(4, 4 + MOST))
    assert [each for each, _ in client.next()] == [MOST + 4, MOST + 5]
    client.leave()


def test_a_silent_stream_is_kept_alive(gateway: Gateway, orders: Orders, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "KEEP_ALIVE", 0.02)
    client = Listener(gateway.ask("GET", PATH))
    next(client.parts)
    assert [next(client.parts), next(client.parts)] == [b":\n\n", b":\n\n"]
    client.leave()


def test_only_whom_it_concerns_is_asked_for(gateway: Gateway, orders: Orders) -> None:
    client = Listener(gateway.ask("GET", PATH, token=gateway.signer.token(sub=new_id())))
    operator = Listener(gateway.ask("GET", PATH, token=gateway.signer.token(sub=new_id(), roles=["operator"])))
    next(client.parts)
    next(operator.parts)
    orders.add()
    operator.next()
    asked = [each.actor.roles for each in gateway.services.calls_of(LIST_EVENTS) if each.actor]
    assert asked == [{"buyer"}, {"operator"}, {"operator"}]
    client.leave()
    operator.leave()


def test_a_stream_ends_with_the_token_that_it_was_opened_with(gateway: Gateway, orders: Orders, monkeypatch: pytest.MonkeyPatch) -> None:
    client = Listener(gateway.ask("GET", PATH, token=gateway.signer.token(exp=int(time.time()) + 60)))
    next(client.parts)
    real = time.time
    monkeypatch.setattr(time, "time", lambda: real() + 120)
    orders.add()
    assert list(client.parts) == []


def test_a_stream_outlives_services_that_are_away(gateway: Gateway, orders: Orders) -> None:
    client = Listener(gateway.ask("GET", PATH))
    next(client.parts)
    orders.add()
    orders.refusal = Unavailable("service_unavailable", "The orders service is not there.")
    eventlet.spawn_after(0.1, setattr, orders, "refusal", None)
    assert [each for each, _ in client.next()] == [1]
    client.leave()


def test_and_an_answer_that_nobody_expects(gateway: Gateway, orders: Orders) -> None:
    client = Listener(gateway.ask("GET", PATH))
    next(client.parts)
    gateway.services.answers[NEWS] = {"of": "another version"}
    asked = len(gateway.services.calls_of(NEWS))
    while len(gateway.services.calls_of(NEWS)) < asked + 2:
        eventlet.sleep(0.01)
    gateway.services.answers[NEWS] = orders.news
    orders.add()
    assert [each for each, _ in client.next()] == [1]
    client.leave()


def test_a_stream_ends_where_its_owner_says_no(gateway: Gateway, orders: Orders) -> None:
    client = Listener(gateway.ask("GET", PATH))
    next(client.parts)
    gateway.services.answers[LIST_EVENTS] = Forbidden("scope_required", "Not with this key.")
    orders.add()
    assert list(client.parts) == []


@pytest.mark.parametrize(
    ("path", "headers", "status", "code"),
    [
        (PATH, {"Last_Event_ID": "latest"}, 400, "last_event_id_malformed"),
        (PATH, {"Last_Event_ID": "-1"}, 400, "last_event_id_malformed"),
        (PATH, {"Last_Event_ID": "9" * 19}, 400, "last_event_id_malformed"),
        (PATH + "?after=7", {}, 422, "invalid_fields"),
        (PATH + "?until=7", {}, 422, "invalid_fields"),
    ],
)
def test_what_cannot_be_told_is_refused_before_the_stream_begins(
    gateway: Gateway, orders: Orders, path: str, headers: dict[str, str], status: int, code: str
) -> None:
    answer = gateway.ask("GET", path, **headers)
    assert (answer.status_code, answer.json["code"]) == (status, code)


def test_nobody_listens_without_signing_in(gateway: Gateway, orders: Orders) -> None:
    assert gateway.ask("GET", PATH, token=None).status_code == 401


def test_what_orders_refuse_is_a_problem_and_takes_no_place(gateway: Gateway, orders: Orders, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "settings", lambda: replace(settings(), event_streams=1))
    gateway.services.answers[LIST_EVENTS] = Invalid("position_unknown", "No event has this position.")
    for _ in range(3):
        assert gateway.ask("GET", PATH, Last_Event_ID="99").json["code"] == "position_unknown"


def test_without_a_beginning_that_is_sure_no_stream_is_opened(gateway: Gateway, orders: Orders, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "PATIENCE", 0.05)
    orders.settled = None
    answer = gateway.ask("GET", PATH)
    assert (answer.status_code, answer.json["code"]) == (503, "events_unavailable")


def test_an_account_and_all_together_have_only_so_many_streams_until_some_end(gateway: Gateway, orders: Orders, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "settings", lambda: replace(settings(), event_streams=3, event_streams_per_account=2))
    clients = [Listener(gateway.ask("GET", PATH)) for _ in range(2)]
    refused = gateway.ask("GET", PATH)
    assert (refused.status_code, refused.json["code"], refused.headers["Retry-After"]) == (429, "too_many_streams", "15")
    others = gateway.signer.token(sub=new_id())
    clients.append(Listener(gateway.ask("GET", PATH, token=others)))
    refused = gateway.ask("GET", PATH, token=others)
    assert (refused.status_code, refused.json["code"]) == (503, "streams_exhausted")
    for client in clients:
        client.leave()
    Listener(gateway.ask("GET", PATH)).leave()


def test_news_are_asked_for_only_while_somebody_listens_and_once_for_all(gateway: Gateway, orders: Orders) -> None:
    askers = []

    def news(asked: Mapping[str, Any]) -> Any:
        askers.append(getcurrent())
        return orders.news(asked)

    gateway.services.answers[NEWS] = news
    clients = [Listener(gateway.ask("GET", PATH)) for _ in range(3)]
    while len(askers) < 5:
        eventlet.sleep(0.01)
    assert len(set(askers)) == 1
    for client in clients:
        client.leave()
    told = len(askers)
    eventlet.sleep(0.1)
    assert len(askers) == told
