"""Three times more than a system can do: what it does not take it refuses at once and says so, what it takes is done once, and nothing piles up."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests
from sqlalchemy import create_engine, text

from shared.platform.database import address
from shared.platform.settings import UNLIMITED
from tests.builders.system import System, real_system
from tradelane.demo.trade_file import DEFAULT, load

IN_FLIGHT, WORKERS = 8, 2
CLIENTS = 3 * IN_FLIGHT
SECONDS = 8
MOST_GROWTH = 64 << 20  # bytes; three thousand requests that stayed would be more

PRODUCT = load(DEFAULT).products[0]


@pytest.fixture(scope="module")
def small(broker_url: str, management_url: str, database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """A system of its own that is soon busy."""
    limits = {"RPC_IN_FLIGHT": str(IN_FLIGHT), "RPC_WORKERS": str(WORKERS)}
    with real_system(broker_url, management_url, database_url, tmp_path_factory.mktemp("small"), **UNLIMITED, **limits) as running:
        yield running


def memory(system: System) -> dict[int, int]:
    """Resident bytes of each of the system's services, by process."""
    assert system.process
    found = {}
    for status in Path("/proc").glob("[0-9]*/status"):
        try:
            facts = dict(line.split(":", 1) for line in status.read_text().splitlines())
        except OSError:  # it has ended meanwhile
            continue
        if int(facts["PPid"]) == system.process.pid:
            found[int(facts["Pid"])] = int(facts["VmRSS"].split()[0]) * 1024
    return found


def longest_queue(system: System, management: str, until: threading.Event) -> int:
    """The most messages seen waiting for catalog."""
    host = urlsplit(system.environment["BROKER"]).path[1:]
    longest = 0
    while not until.wait(0.2):
        queue = requests.get(f"{management}/api/queues/{host}/catalog.rpc", timeout=30).json()
        longest = max(longest, queue.get("messages", 0))
    return longest


@pytest.mark.timeout(300)
def test_past_capacity_everything_is_answered_and_what_is_accepted_is_done_once(small: System, management_url: str) -> None:
    signed_in = small.session("supplier").session.headers["Authorization"]
    mark = uuid.uuid4().hex[:8]
    end = time.monotonic() + SECONDS

    def add(client: requests.Session, sku: str) -> requests.Response:
        headers = {"Authorization": signed_in, "Idempotency-Key": sku}
        return client.post(f"{small.url}/v1/products", json=PRODUCT | {"sku": sku}, headers=headers, timeout=60)

    def offer(number: int) -> dict[str, requests.Response]:
        """Commands one after the other, each once."""
        client, answers = requests.Session(), {}
        while time.monotonic() < end:
            sku = f"{mark}-{number}-{len(answers)}"
            answers[sku] = add(client, sku)
        return answers

    add(requests.Session(), f"{mark}-first")
    before, over = memory(small), threading.Event()
    with ThreadPoolExecutor(CLIENTS + 1) as clients:
        watched = clients.submit(longest_queue, small, management_url, over)
        answers = {sku: answer for each in clients.map(offer, range(CLIENTS)) for sku, answer in each.items()}
        over.set()
    refused = [sku for sku, answer in answers.items() if answer.status_code != 201]
    assert {answer.status_code for answer in answers.values()} == {201, 503}, "it was offered too much, and did what it could"
    assert all(answers[sku].headers["Retry-After"] for sku in refused)
    assert watched.result() <= IN_FLIGHT
    after = memory(small)
    assert after.keys() == before.keys(), "no service ended"
    assert all(after[pid] - before[pid] < MOST_GROWTH for pid in before)

    client = requests.Session()
    again = refused[:50]
    assert {add(client, sku).status_code for sku in again} == {201}, "refused was nothing for good"
    accepted = {f"{mark}-first", *answers.keys() - refused, *again}
    assert {add(client, sku).status_code for sku in list(accepted)[:50]} == {201}, "asked again it is the same one"
    engine = create_engine(address(small.environment["DATABASE"]))
    with engine.connect() as connection:
        skus = connection.execute(text("SELECT sku FROM catalog.products WHERE sku LIKE :mark"), {"mark": f"{mark}-%"}).scalars().all()
    engine.dispose()
    assert len(skus) == len(set(skus))
    assert accepted <= set(skus)
    assert set(skus) - accepted <= {sku for sku in refused if answers[sku].json()["code"] == "service_timeout"}, "nothing that was refused at once took effect"
