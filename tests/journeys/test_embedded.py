"""The embedded default, where messages live in memory only: stopped in order or killed in mid-step, a second start goes on where the first was."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor, as_completed
from itertools import islice
from typing import Any
from uuid import uuid4

import pytest
from requests import RequestException, post

from tests.builders.system import System
from tests.journeys.market import Deal, Market, eventually
from tests.servers.processes import free_port
from tradelane.client import Client
from tradelane.demo.trade import Json

PARCEL = {"settlement": "escrow", "customs": "carrier", "insurance": "none"}


@pytest.fixture(scope="module")
def market(embedded: System) -> Market:
    return Market(embedded, embedded.operator())


def seen(deal: Deal) -> list[Any]:
    return [deal.seen("buyer"), deal.seen("supplier"), deal.payments(), deal.market.buyer.get(f"{deal.path}/shipment")]


def adds_up(system: System) -> None:
    audit = system.command("reconcile", "--wait", "60")
    assert audit.returncode == 0, audit.stdout + audit.stderr


def test_after_ctrl_c_and_a_second_start_all_data_are_there_and_the_order_goes_on(market: Market) -> None:
    deal = market.place().to("ready_to_ship")
    draft = deal.form("shipping")
    market.supplier.put(deal.actions("supplier")["ship"]["draft_href"], draft)
    adds_up(market.system)
    before = [seen(deal), market.stock(), market.buyer.get("/v1/me"), market.buyer.get("/v1/orders")]

    assert market.system.stop() == 0
    market.system.start()
    assert [seen(deal), market.stock(), market.buyer.get("/v1/me"), market.buyer.get("/v1/orders")] == before
    assert deal.seen("supplier")["drafts"] == {"shipping": draft}
    assert deal.to("completed").seen()["state"] == "completed"
    assert market.buyer.request("GET", f"{deal.path}/documents/commercial_invoice").content.startswith(b"%PDF-")
    adds_up(market.system)


def test_killed_in_the_middle_of_many_steps_it_finishes_each_of_them_once(market: Market) -> None:
    """Requests come from many clients at once; some are answered, some are not when it dies. All are sent again with their keys, as clients do."""
    escrow = market.place(**PARCEL)
    paid = escrow.deposit()
    states = ("awaiting_payment", "payment_ready", "ready_to_ship", "need_insurance", "arrived_in_customs")
    deals = [escrow, *(market.place().to(state) for state in states)]
    requests = [(market.buyer, "/v1/orders", market.request()), *(deal.submission() for deal in deals)]
    keys = [str(uuid4()) for _ in requests]
    with ThreadPoolExecutor(len(requests)) as clients:
        before = [clients.submit(send, *each) for each in zip(requests, keys, strict=True)]
        for _ in islice(as_completed(before), len(requests) // 2):
            pass
        kill(market.system)
    market.system.start()

    after = [send(*each) for each in zip(requests, keys, strict=True)]
    assert [answer["code"] for answer in after if "code" in answer] == []
    assert [then.result() for then in before if then.result()] == [now for then, now in zip(before, after, strict=True) if then.result()]
    for deal in (Deal(market, after[0]["id"]), *deals):
        eventually(lambda deal=deal: deal.seen()["awaiting"], [])
        deal.to("completed")
        told = Counter((action, state) for _, action, state in deal.told())
        assert set(told.values()) == {1}, told
    assert [each["kind"] for each in escrow.payments()["transfers"]] == ["escrow_paid"]
    assert escrow.payments()["held"] == paid
    adds_up(market.system)


Request = tuple[Client, str, Json]


def send(request: Request, key: str) -> Json:
    """The answer; nothing where there was none. Without the client's own patience."""
    client, path, body = request
    headers = {"Authorization": client.session.headers["Authorization"], "Idempotency-Key": key}
    try:
        answer: Json = post(client.url + path, json=body, headers=headers, timeout=30).json()
    except RequestException:
        return {}
    return answer


def kill(system: System) -> None:
    process, system.process = system.process, None
    assert process is not None
    process.send_signal(signal.SIGKILL)
    process.wait()


@pytest.mark.parametrize(
    ("others", "told"),
    [
        pytest.param({}, "Cannot listen on 127.0.0.1, port {port}: Address already in use.", id="the same port"),
        pytest.param({"HTTP_PORT": "another"}, "A system runs on the data in {data} already", id="the same data"),
    ],
)
def test_a_second_start_beside_a_running_system_says_what_is_in_its_way_and_harms_nothing(market: Market, others: dict[str, str], told: str) -> None:
    environment = market.system.environment | {name: str(free_port()) for name in others}
    second = subprocess.run([sys.executable, "-m", "tradelane", "up"], env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert second.returncode == 1
    assert second.stderr.startswith(told.format(port=market.system.port, data=environment["DATA"])), second.stderr
    assert len(second.stderr.splitlines()) == 1
    assert market.place().to("buyer_paid").seen()["awaiting"] == []
