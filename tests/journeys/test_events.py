"""The stream of events over HTTP: whoever is told of a trade is told all of it once and in order, whatever is restarted meanwhile."""

from __future__ import annotations

import signal
import subprocess
import sys
import time

import pytest
import requests

from tests.builders.system import System
from tests.journeys.listener import Listener
from tests.journeys.market import Market
from tests.servers.processes import free_port
from tradelane.client import Client, Refused

PLACED, CONFIRMED = "orders.order_placed.v1", "orders.order_confirmed.v1"
OPENED, PAID = "payments.account_opened.v1", "orders.payment_made.v1"


def whole(client: Client, last: int) -> Listener:
    """Everything the client was ever told, up to that position at least."""
    listener = Listener(client, last=0)
    deadline = time.monotonic() + 20
    while not listener.told or listener.last < last:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    listener.leave()
    return listener


def test_both_parties_follow_their_trade_and_nobody_else_does(market: Market, operator: Client) -> None:
    stranger = Client(market.url)
    market.register("buyer", stranger)
    listeners = {who: Listener(client) for who, client in {**market.clients, "stranger": stranger}.items()}
    placed = Listener(market.buyer, types=PLACED)
    enquiry = market.offer()
    order = market.buyer.post(f"/v1/enquiries/{enquiry['id']}/actions/accept", {}, wait=30)
    for who in ("buyer", "supplier", "operator"):
        for type in (CONFIRMED, OPENED):
            listeners[who].hears(type)
    placed.hears(PLACED)
    told = ["orders.enquiry_opened.v1", "orders.offer_made.v1", PLACED, "orders.enquiry_accepted.v1"]
    buyer = listeners["buyer"]
    assert buyer.types[:4] == told
    assert buyer.types.index("logistics.channel_confirmed.v1") < buyer.types.index(CONFIRMED)
    assert listeners["supplier"].told == buyer.told
    assert [each for each in listeners["operator"].told if each in buyer.told] == buyer.told
    assert (placed.types, listeners["stranger"].told) == ([PLACED], [])
    assert {event["subject"] for _, event in buyer.told} == {enquiry["id"], order["id"]}
    for listener in (*listeners.values(), placed):
        listener.leave()


def test_who_comes_back_at_another_gateway_after_the_broker_was_lost_is_told_the_rest_once(market: Market, management_url: str) -> None:
    port = free_port()
    environment = market.system.environment | {"HTTP_PORT": str(port), "METRICS_PORT": "0"}
    second = subprocess.Popen([sys.executable, "-m", "tradelane", "run", "gateway"], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        here = Listener(market.buyer)
        deal = market.place()
        here.hears(CONFIRMED)
        cut_all_connections(market.system, management_url)
        other = market.buyer.post("/v1/orders", market.request())["id"]
        here.hears(CONFIRMED, 2)  # the stream stands while the bus is lost and found again
        here.leave()
        deal.to("buyer_paid")
        await_ready(port)
        there = Listener(market.buyer, f"http://127.0.0.1:{port}", last=here.last)
        there.hears(PAID)
        there.leave()
    finally:
        second.send_signal(signal.SIGTERM)
        second.wait(30)
    told = here.told + there.told
    replayed = whole(market.buyer, there.last).told
    begun = replayed.index(told[0])
    assert told == replayed[begun : begun + len(told)]
    assert len({event["id"] for _, event in told}) == len(told)
    versions = [event["data"]["version"] for _, event in told if event["source"] == "/orders" and event["subject"] == deal.id]
    assert versions == list(range(1, deal.seen()["version"] + 1))
    assert market.buyer.get(f"/v1/orders/{other}")["state"] == "awaiting_payment"


def test_what_happens_while_an_embedded_system_is_killed_and_the_client_away_is_told_afterwards(embedded: System) -> None:
    market = Market(embedded, embedded.operator())
    listener = Listener(market.buyer)
    first = market.place()
    listener.hears(CONFIRMED)
    market.buyer.post("/v1/orders", market.request())
    process, embedded.process = embedded.process, None
    assert process is not None
    process.kill()
    process.wait()
    assert listener.ended()
    embedded.start()
    first.to("buyer_paid")
    after = Listener(market.buyer, last=listener.last)
    after.hears(PAID)
    after.hears(CONFIRMED, 2 - listener.types.count(CONFIRMED))
    assert embedded.stop() == 0
    assert after.ended(), "a system that stops ends its streams"
    embedded.start()
    replayed = whole(market.buyer, after.last)
    told = listener.told + after.told
    assert told == replayed.told[: len(told)]
    assert (replayed.types.count(PLACED), replayed.types.count(CONFIRMED)) == (2, 2)


def test_a_position_from_nowhere_is_refused(market: Market) -> None:
    with pytest.raises(Refused) as caught:
        market.buyer.request("GET", "/v1/events", headers={"Last-Event-ID": "987654321987654321"})
    assert (caught.value.status, caught.value.problem["code"]) == (422, "position_unknown")


def cut_all_connections(system: System, management: str) -> None:
    """As if the broker had gone away for a moment."""
    vhost = system.environment["BROKER"].rpartition("/")[2]
    connections = requests.get(f"{management}/api/vhosts/{vhost}/connections", timeout=30).json()
    assert connections
    for each in connections:
        requests.delete(f"{management}/api/connections/{each['name']}", timeout=30)


def await_ready(port: int) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            if requests.get(f"http://127.0.0.1:{port}/readyz", timeout=30).ok:
                return
        except requests.RequestException:
            time.sleep(0.1)
    raise AssertionError("the second gateway did not become ready")
