"""Deadlines strike: by a test clock that only operators advance, through restarts, and in production without any such clock."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from secrets import token_urlsafe

import pytest

from tests.builders.system import System, embedded_system, real_system
from tests.journeys.market import Deal, Market, eventually
from tests.journeys.problems import refused
from tradelane.client import Client, Refused

SWEEPS = 2.5
"""Seconds in which the clock comes round more than once."""


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """A system of its own, since its clock will be weeks ahead."""
    with embedded_system(tmp_path_factory.mktemp("deadlines")) as system:
        yield system


@pytest.fixture(scope="module")
def market(running: System) -> Market:
    return Market(running, running.operator())


def by_clock(deal: Deal) -> str:
    """What the clock did, if it was the last to do something."""
    last = deal.seen()["history"][-1]
    return last["action"] if last["actor_role"] == "clock" else ""


def test_an_offer_that_nobody_accepts_in_time_expires(market: Market) -> None:
    offered = market.offer()
    path, until = f"/v1/enquiries/{offered['id']}", datetime.fromisoformat(offered["offers"][-1]["valid_until"])
    market.advance(until - timedelta(hours=1))
    assert "accept" in {action["name"] for action in market.buyer.get(path)["actions"]}

    market.advance(until)
    with pytest.raises(Refused) as refusal:  # over is over, even before the clock has come round to saying so
        market.buyer.post(f"{path}/actions/accept", {})
    assert (refusal.value.status, refusal.value.problem["allowed"]) == (409, [])
    eventually(lambda: [market.clients[who].get(path)["state"] for who in ("buyer", "supplier")], ["expired"] * 2)
    told = market.buyer.get(path)
    assert (told["history"][-1]["actor_role"], told["actions"], told["order_id"]) == ("clock", [], None)


def test_an_order_that_is_not_paid_in_time_is_cancelled_and_gives_its_stock_back(market: Market) -> None:
    stock = market.stock()
    deal = market.place()
    assert market.stock() != stock
    due = deal.deadline("payment")
    market.advance(due - timedelta(hours=1))
    time.sleep(SWEEPS)
    assert deal.seen()["state"] == "awaiting_payment"

    market.advance(due)
    eventually(lambda: deal.seen()["state"], "cancelled")
    assert by_clock(deal) == "cancel"
    assert deal.seen()["deadlines"] == deal.seen()["actions"] == []
    eventually(market.stock, stock)
    eventually(lambda: deal.payments()["state"], "closed")
    refused(market.buyer.session.post(f"{market.url}{deal.path}/actions/pay", json={}), 409, "action_not_allowed")


def test_the_buyer_of_goods_that_are_not_shipped_in_time_may_cancel_and_has_the_money_back(market: Market) -> None:
    stock = market.stock()
    deal = market.place(settlement="escrow", customs="carrier", insurance="none")
    paid = deal.deposit()
    assert market.balance("buyer") == [paid]
    deal.to("ready_to_ship")
    eventually(lambda: market.balance("buyer"), [])
    cancel = f"{market.url}{deal.path}/actions/cancel"
    assert not any("cancel" in deal.actions(who) for who in ("buyer", "supplier"))
    refused(market.buyer.session.post(cancel, json={}), 409, "action_not_allowed")

    market.advance(deal.deadline("shipping"))
    refused(market.supplier.session.post(cancel, json={}), 403, "not_your_step")
    assert deal.do("buyer", "cancel", {"note": "It took too long."})["state"] == "cancelled"
    eventually(lambda: market.balance("buyer"), [paid])
    eventually(lambda: deal.seen()["refund"]["received_at"] is not None, True)
    assert deal.seen()["refund"]["amount"] == paid
    assert deal.payments()["state"] == "refunded"
    eventually(market.stock, stock)


def test_goods_that_nobody_objects_to_are_accepted_and_paid_out_in_the_end(market: Market) -> None:
    deal = market.place(settlement="escrow", customs="carrier", insurance="none")
    paid = deal.deposit()
    deal.to("receiving")
    market.advance(deal.deadline("acceptance"))
    eventually(lambda: deal.seen()["state"], "completed")
    assert by_clock(deal) == "receive"
    assert (deal.payments()["state"], deal.payments()["held"], market.balance("supplier")) == ("held", paid, [])

    market.advance(deal.deadline("protection"))
    eventually(lambda: market.balance("supplier"), [paid])
    assert by_clock(deal) == "end_protection"
    assert deal.seen()["deadlines"] == []
    assert (deal.payments()["state"], Decimal(deal.payments()["held"]["amount"])) == ("released", 0)


def test_a_deadline_that_passes_while_the_system_stands_still_is_acted_on_after_its_start(market: Market) -> None:
    deal, later = market.place(settlement="escrow"), market.place(settlement="direct")
    due, later_due = deal.deadline("payment"), later.deadline("payment")
    market.advance(due - timedelta(hours=1))
    assert deal.seen()["state"] == "awaiting_payment"
    assert market.system.stop() == 0
    with closing(sqlite3.connect(Path(market.system.environment["DATA"]) / "orders.sqlite3")) as connection, connection:
        connection.execute("UPDATE test_clock SET ahead = ahead + ?", [timedelta(hours=1) // timedelta(microseconds=1)])
    market.system.start()
    assert market.now() > due
    eventually(lambda: by_clock(deal), "cancel")
    assert later.deadline("payment") == later_due
    assert later.seen()["state"] == "awaiting_payment"


def test_only_an_operator_moves_the_clock_and_only_forward(market: Market) -> None:
    url, before = f"{market.url}/v1/test-clock", market.now()
    for who in ("buyer", "supplier"):
        refused(market.clients[who].session.post(url, json={"seconds": 3600}), 403, "role_required")
        refused(market.clients[who].session.get(url), 403, "role_required")
    refused(Client(market.url).session.post(url, json={"seconds": 3600}), 401, "token_missing")
    for body, code, errors in (
        ({"to": before.isoformat()}, "clock_backward", {"to": "Must be later than"}),
        ({"to": "2400-01-01T00:00:00Z"}, "clock_too_far", {"to": "days ahead in all"}),
        ({"seconds": 0}, "invalid_fields", {"seconds": "Must be greater than or equal to 1"}),
        ({"seconds": 1, "to": before.isoformat()}, "invalid_fields", {"seconds": "Give either", "to": "Give either"}),
        ({}, "invalid_fields", {"seconds": "Give either", "to": "Give either"}),
    ):
        refused(market.operator.session.post(url, json=body), 422, code, errors)
    assert market.now() - before < timedelta(minutes=1)


def test_after_all_this_everything_adds_up(market: Market) -> None:
    audit = market.system.command("reconcile", "--wait", "60")
    assert audit.returncode == 0, audit.stdout + audit.stderr


def test_in_production_there_is_no_clock_but_the_real_one(broker_url: str, management_url: str, database_url: str, tmp_path: Path) -> None:
    stripe = {"PROVIDER": "stripe", "PROVIDER_KEY": f"sk_{token_urlsafe()}", "PROVIDER_WEBHOOK_SECRET": f"whsec_{token_urlsafe()}"}
    with real_system(broker_url, management_url, database_url, tmp_path, TRADELANE_MODE="production", **stripe) as system:
        operator = system.operator()
        for method, body in (("GET", None), ("POST", {"seconds": 3600})):
            refused(operator.session.request(method, f"{system.url}/v1/test-clock", json=body), 404, "no_such_path")
        assert not any("clock" in path for path in operator.get("/openapi.json")["paths"])
