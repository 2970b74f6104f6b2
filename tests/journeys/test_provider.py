"""The sandbox provider that a system brings along: there for its clients, started again when it ends, gone when the system is."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
import requests

from tests.builders.provider import CARD
from tests.builders.system import System
from tests.journeys.market import Market, eventually


@pytest.fixture(scope="module")
def market(embedded: System) -> Market:
    return Market(embedded, embedded.operator())


def shown(market: Market) -> dict[str, str]:
    provider: dict[str, str] = market.buyer.get("/v1/payment-provider")
    return provider


def token(provider: dict[str, str]) -> requests.Response:
    card = {"card": {"number": CARD, "expires": "2098-12"}}
    return requests.post(provider["tokens_url"], json=card, headers={"Authorization": f"Bearer {provider['public_key']}"}, timeout=30)


def answers(provider: dict[str, str]) -> bool:
    try:
        return token(provider).status_code == 201
    except requests.RequestException:
        return False


def sandbox_of(system: System) -> int:
    """The process id of the system's only child."""
    assert system.process
    (child,) = {pid for tasks in Path(f"/proc/{system.process.pid}/task").glob("*/children") for pid in tasks.read_text().split()}
    return int(child)


def test_a_client_finds_out_where_to_make_a_token_and_makes_one(market: Market) -> None:
    provider = shown(market)
    assert provider["name"] == "sandbox"
    assert token(provider).json()["id"].startswith("tok_")


def test_on_real_servers_it_is_there_too(system: System) -> None:
    assert token(system.session("buyer").get("/v1/payment-provider")).status_code == 201


def test_a_sandbox_that_is_killed_comes_back_at_the_same_address(market: Market) -> None:
    provider, killed = shown(market), sandbox_of(market.system)
    os.kill(killed, signal.SIGKILL)
    eventually(lambda: answers(provider) and sandbox_of(market.system) != killed, True)
    assert shown(market) == provider


@pytest.mark.parametrize("how", ["stopped", "killed"])
def test_it_goes_with_the_system_and_comes_with_it(market: Market, how: str) -> None:
    provider, system = shown(market), market.system
    if how == "stopped":
        assert system.stop() == 0
    else:
        process, system.process = system.process, None
        assert process
        process.kill()
        process.wait()
    eventually(lambda: answers(provider), False)
    system.start()
    assert token(shown(market)).status_code == 201
