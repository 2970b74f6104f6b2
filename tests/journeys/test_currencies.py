"""Money in several currencies over HTTP: rates, an order that is paid in another currency than its own, and a freight account."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from decimal import Decimal

import pytest
import requests

from tests.builders.system import System, embedded_system
from tests.journeys.market import Market, changed, eventually
from tradelane.client import Refused

RATES = {"rates": [{"base": "EUR", "quote": quote, "rate": rate, "valid_from": "2026-01-01T00:00:00Z"} for quote, rate in (("USD", "1.08"), ("JPY", "161.19"))]}


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """A system of its own, since its clock will be weeks ahead."""
    with embedded_system(tmp_path_factory.mktemp("currencies")) as system:
        yield system


@pytest.fixture(scope="module")
def market(running: System) -> Market:
    """With exchange rates from the euro to the dollar and to the yen."""
    market = Market(running, running.operator())
    market.operator.put("/v1/exchange-rates", RATES)
    return market


def test_rates_are_operators_to_add_and_anybodys_to_read(market: Market) -> None:
    assert [(each["quote"], each["rate"]) for each in market.buyer.get("/v1/exchange-rates", base="EUR")["items"]] == [("JPY", "161.19"), ("USD", "1.08")]
    with pytest.raises(Refused) as refusal:
        market.supplier.put("/v1/exchange-rates", RATES)
    assert refusal.value.status == 403
    with pytest.raises(Refused) as refusal:
        market.operator.put("/v1/exchange-rates", {"rates": [RATES["rates"][0] | {"rate": "1.09"}]})
    assert refusal.value.problem["errors"].keys() == {"rates.0.valid_from"}


def test_an_order_in_dollars_is_paid_in_yen_at_the_rate_of_its_day_and_paid_out_in_dollars(market: Market) -> None:
    request = market.request(settlement="escrow", customs="carrier", insurance="none")
    with pytest.raises(Refused) as refusal:
        market.buyer.post("/v1/orders", request | {"payment_currency": "BRL"})
    assert (refusal.value.status, refusal.value.problem["errors"].keys()) == (422, {"payment_currency"})

    deal = market.place(settlement="escrow", customs="carrier", insurance="none", payment_currency="JPY")
    order = deal.seen()
    due, total = order["exchange"]["total"], order["total"]
    assert (order["exchange"]["rate"], total["currency"]) == ("149.25", "USD")  # 161.19 / 1.08
    assert Decimal(due["amount"]) == round(Decimal(total["amount"]) * Decimal("149.25"))
    market.operator.post("/v1/deposits", {"account_id": market.accounts["buyer"]["id"], "amount": due, "reference": f"Deposit {deal.id}"})
    deal.do("buyer", "pay", changed(deal.form("payment"), due))
    assert (deal.payments()["held"], market.balance("buyer")) == (due, [])

    deal.to("receiving").take()
    market.operator.put("/v1/exchange-rates", {"rates": [RATES["rates"][0] | {"rate": "2", "valid_from": "2026-01-02T00:00:00Z"}]})
    market.advance(deal.deadline("protection"))
    eventually(lambda: market.balance("supplier"), [total])
    assert deal.payments()["exchange"] == {"order_total": total, "rate": "149.25", "rate_id": order["exchange"]["rate_id"]}


def test_a_freight_account_is_bound_topped_up_and_read(market: Market) -> None:
    supplier, mine = market.supplier, "/v1/freight-account"
    with pytest.raises(Refused, match="bind one"):
        supplier.get(mine)
    market.operator.post(
        "/v1/deposits", {"account_id": market.accounts["supplier"]["id"], "amount": {"amount": "90.00", "currency": "EUR"}, "reference": "For freight"}
    )
    bound = supplier.post(mine, {"currency": "EUR"}, key="bind-1")
    assert supplier.post(mine, {"currency": "EUR"}, key="bind-1") == bound
    topped = [supplier.post(f"{mine}/top-ups", {"amount": {"amount": "60.00", "currency": "EUR"}}, key="top-up-1") for _ in range(2)]
    assert topped[0] == topped[1] == supplier.get(mine)
    assert topped[0]["balance"] == {"amount": "60.00", "currency": "EUR"}
    with pytest.raises(Refused, match=r"30\.00 EUR are missing"):
        supplier.post(f"{mine}/top-ups", {"amount": {"amount": "60.00", "currency": "EUR"}})


@pytest.mark.parametrize(("card", "state", "balance"), [("4242424242424242", "made", "75.00"), ("4000000000000341", "refused", "75.00")])
def test_a_freight_account_is_topped_up_from_a_card(market: Market, card: str, state: str, balance: str) -> None:
    supplier, mine = market.supplier, "/v1/freight-account"
    provider = supplier.get("/v1/payment-provider")
    given, key = {"card": {"number": card, "expires": "2098-12"}}, {"Authorization": f"Bearer {provider['public_key']}"}
    token = requests.post(provider["tokens_url"], json=given, headers=key, timeout=30).json()["id"]
    method = supplier.post("/v1/payment-methods", {"provider": provider["name"], "token": token})
    asked = supplier.request(
        "POST", f"{mine}/top-ups", json={"amount": {"amount": "15.00", "currency": "EUR"}, "payment_method_id": method["id"]}, headers={"Idempotency-Key": card}
    )
    assert (asked.status_code, asked.json()["awaiting"]) == (202, ["payments.freight_topped_up.v1"])
    eventually(lambda: (supplier.get(mine)["awaiting"], supplier.get(mine)["top_ups"][0]["state"]), ([], state))
    assert supplier.get(mine)["balance"] == {"amount": balance, "currency": "EUR"}


def test_after_all_of_it_the_books_come_out_even(market: Market) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tradelane", "reconcile", "--json"], env=market.system.environment, capture_output=True, text=True, timeout=100, check=False
    )
    assert [line for line in json.loads(done.stdout) if not line["ok"]] == []
    assert done.returncode == 0
