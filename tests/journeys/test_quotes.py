"""What a buyer is told before choosing a channel, and an operator's new prices: over HTTP, on a system as it begins."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.builders.system import System
from tests.journeys.problems import refused
from tradelane.client import Client

ASKED = {
    "destination": {"country": "CH"},
    "packages": [{"count": 2, "length_cm": "40", "width_cm": "30", "height_cm": "20", "weight_kg": "3.2"}],
    "special_goods": ["cosmetics"],
}
EXPRESS = "/v1/tariffs/express"


@pytest.fixture
def buyer(embedded: System) -> Client:
    client = Client(embedded.url)
    client.register(role="buyer", name="A buyer", country="CH", email=f"{secrets.token_hex(6)}@buyer.example", password=secrets.token_urlsafe(16))
    return client


def quoted(buyer: Client) -> dict[str, Any]:
    """The quotes by channel."""
    return {each["channel"]: each for each in buyer.post("/v1/quotes", ASKED)["items"]}


def test_a_new_system_quotes_every_channel_or_says_why_not(embedded: System, buyer: Client) -> None:
    channels = {each["code"] for each in buyer.get("/v1/channels")["items"]}
    answer = buyer.post("/v1/quotes", ASKED)
    assert {each["channel"] for each in answer["items"] + answer["refused"]} == channels
    assert {"dhl_express", "ups_express", "tnt_express", "fedex_express", "postal_parcel", "air_freight", "sea_freight_lcl"} <= quoted(buyer).keys()
    assert {each["channel"]: each["reason"] for each in answer["refused"]} == {"postal_packet": "too_heavy"}


def test_an_operator_changes_a_price_and_the_next_quote_has_it(embedded: System, buyer: Client) -> None:
    operator = embedded.operator()
    tariff = operator.get(EXPRESS)
    before = quoted(buyer)["express"]
    assert before["tariff_id"] == tariff.pop("id")
    del tariff["channel"]
    tariff["surcharges"][0]["amount"] = "50"
    tariff["valid_from"] = f"{datetime.now(UTC):%Y-%m-%d}"
    put = operator.put(EXPRESS, tariff)
    after = quoted(buyer)["express"]
    assert (after["base"], after["tariff_id"]) == (before["base"], put["id"])
    assert after["surcharges"][0] == {"name": "Fuel", "amount": {"amount": f"{float(after['base']['amount']) / 2:.2f}", "currency": "USD"}}
    versions = operator.get("/v1/tariffs?channel=express")["items"]
    assert [(each["id"], each["in_force"]) for each in versions] == [(after["tariff_id"], True), (before["tariff_id"], False)]


def test_tariffs_are_for_operators(embedded: System, buyer: Client) -> None:
    tariff = embedded.operator().get(EXPRESS)
    tariff = {name: value for name, value in tariff.items() if name not in ("id", "channel")}
    refused(buyer.session.get(f"{embedded.url}/v1/tariffs"), 403, "role_required")
    refused(buyer.session.get(embedded.url + EXPRESS), 403, "role_required")
    refused(buyer.session.put(embedded.url + EXPRESS, json=tariff), 403, "role_required")


def test_nobody_is_quoted_without_signing_in(embedded: System) -> None:
    refused(Client(embedded.url).session.post(f"{embedded.url}/v1/quotes", json=ASKED), 401, "token_missing")
