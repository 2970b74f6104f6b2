"""Quotes: every channel answers, with its price and how it is made, or with why it cannot."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from services.logistics.application import quotes, tariffs
from services.logistics.application.channel_list import CHANNELS
from services.logistics.application.tariff_files import add_shipped
from services.logistics.domain.channels import Packages
from services.logistics.domain.tariff import Break, Tariff, Zone
from shared.contracts.quotes import QUOTE
from shared.kit.actor import Actor
from shared.kit.errors import Invalid, Unauthenticated
from shared.kit.ids import new_id
from tests.builders.database import TestDatabase, call
from tests.integration.logistics.test_tariffs import TODAY

BUYER = Actor(new_id(), frozenset({"buyer"}))
CARTON = {"count": 2, "length_cm": "40", "width_cm": "30", "height_cm": "20", "weight_kg": "3.2"}
ONE_PRICE = Tariff("express", "USD", TODAY, None, (Zone("all", frozenset({"*"}), (Break(2_500_000, 100),)),))


def quote(database: TestDatabase, country: str = "DE", postal_code: str | None = None, actor: Actor | None = BUYER, **data: Any) -> dict[str, Any]:
    destination = {"country": country} | ({"postal_code": postal_code} if postal_code else {})
    asked = call(QUOTE, actor, {"destination": destination, "packages": [CARTON]} | data)
    return QUOTE.answer().dump(database.run(lambda tx: quotes.quote(tx, asked)))  # type: ignore[no-any-return]


def by_channel(answer: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {each["channel"]: each for each in answer["items"]}


def reasons(answer: dict[str, Any]) -> dict[str, str]:
    return {each["channel"]: each["reason"] for each in answer["refused"]}


@pytest.fixture
def shipped(database: TestDatabase) -> TestDatabase:
    """With the tariffs that a new system begins with."""
    database.run(add_shipped)
    return database


def test_every_channel_answers_the_cheapest_first(shipped: TestDatabase) -> None:
    answer = quote(shipped)
    assert by_channel(answer).keys() | reasons(answer).keys() == CHANNELS.keys()
    assert len(answer["items"]) + len(answer["refused"]) == len(CHANNELS)
    prices = [float(each["price"]["amount"]) for each in answer["items"]]
    assert prices == sorted(prices)
    assert {"dhl_express", "ups_express", "tnt_express", "fedex_express", "postal_parcel", "air_freight", "sea_freight_lcl"} <= by_channel(answer).keys()
    assert answer["quoted_on"] == TODAY.isoformat()


def test_a_quote_tells_how_its_price_is_made(shipped: TestDatabase) -> None:
    found = by_channel(quote(shipped, "GB", "hs1 2ab", special_goods=["battery"], value={"amount": "250.00", "currency": "USD"}))["dhl_express"]
    assert found == {
        "channel": "dhl_express",
        "name": "DHL Express",
        "mode": "express",
        "carrier": "dhl",
        "online": True,
        "price": {"amount": "203.01", "currency": "USD"},
        "base": {"amount": "146.00", "currency": "USD"},  # 32.00 for half a kilogram, 19 times 6.00 for the further ones
        "surcharges": [
            {"name": "Fuel", "amount": {"amount": "27.01", "currency": "USD"}},
            {"name": "Remote area", "amount": {"amount": "25.00", "currency": "USD"}},
            {"name": "Battery", "amount": {"amount": "5.00", "currency": "USD"}},
        ],
        "billable_kg": "10",
        "actual_kg": "6.4",
        "volumetric_kg": "9.600",
        "cm3_per_kg": "5000",
        "transit_days": {"shortest": 2, "longest": 6},
        "estimated_arrival": (TODAY + timedelta(6)).isoformat(),
        "limits": {
            "heaviest_kg": "1000",
            "heaviest_package_kg": "70",
            "longest_side_cm": "120",
            "special_goods": ["battery", "cosmetics"],
            "highest_value": None,
        },
        "tariff_id": shipped.run(lambda tx: tariffs.in_force(tx, TODAY))["dhl_express"],
    }


def test_a_channel_by_mass_alone_tells_no_volume(shipped: TestDatabase) -> None:
    packet = {"count": 1, "length_cm": "20", "width_cm": "15", "height_cm": "10", "weight_kg": "0.414"}
    found = by_channel(quote(shipped, "BR", packages=[packet]))["postal_packet"]
    assert (found["volumetric_kg"], found["cm3_per_kg"], found["billable_kg"]) == (None, None, "0.42")
    assert found["price"]["amount"] == "12.60"  # 4.20, four further 100 g at 1.60, registered 2.00
    assert found["limits"]["highest_value"] == {"amount": "400.00", "currency": "USD"}


@pytest.mark.parametrize(
    ("channel", "reason", "asked"),
    [
        ("express", "mode_mismatch", {"incoterm": "FOB"}),
        ("rail_freight", "destination_not_served", {"country": "BR"}),
        ("tnt_express", "special_goods_not_taken", {"special_goods": ["battery"]}),
        ("postal_packet", "too_heavy", {}),
        ("postal_parcel", "too_heavy", {"packages": [CARTON | {"count": 10}]}),
        ("fedex_express", "package_too_heavy", {"packages": [CARTON | {"weight_kg": "68.001"}]}),
        ("dhl_express", "package_too_long", {"packages": [CARTON | {"width_cm": "120.5"}]}),
        ("express_special", "too_heavy", {"packages": [CARTON | {"count": 120}]}),  # by their volume
        ("sea_freight_lcl", "too_slow", {"wanted_by": (TODAY + timedelta(69)).isoformat()}),
        ("postal_packet", "value_too_high", {"packages": [CARTON | {"count": 1, "weight_kg": "1"}], "value": {"amount": "400.01", "currency": "USD"}}),
    ],
)
def test_a_channel_that_cannot_carry_it_says_why(shipped: TestDatabase, channel: str, reason: str, asked: dict[str, Any]) -> None:
    answer = quote(shipped, **asked)
    refusal = next(each for each in answer["refused"] if each["channel"] == channel)
    assert refusal["reason"] == reason
    assert refusal["name"] == CHANNELS[channel].name
    assert refusal["message"].endswith(".")


@pytest.mark.parametrize(
    ("tariff", "reason"),
    [
        (replace(ONE_PRICE, valid_from=TODAY + timedelta(1)), "tariff_missing"),
        (replace(ONE_PRICE, valid_from=TODAY - timedelta(9), valid_until=TODAY - timedelta(1)), "tariff_missing"),
        (replace(ONE_PRICE, channel="air_freight"), "tariff_missing"),
        (replace(ONE_PRICE, zones=(Zone("far", frozenset({"BR"}), ONE_PRICE.zones[0].breaks),)), "destination_not_priced"),
        (replace(ONE_PRICE, zones=(Zone("all", frozenset({"*"}), (Break(9500, 100),)),)), "mass_not_priced"),
    ],
)
def test_a_channel_without_a_price_for_it_says_so(database: TestDatabase, tariff: Tariff, reason: str) -> None:
    database.run(lambda tx: tariffs.add(tx, tariff, "somebody"))
    assert reasons(quote(database))["express"] == reason


def test_what_is_wanted_by_a_day_is_quoted_where_it_can_be_there_for_sure(shipped: TestDatabase) -> None:
    answer = quote(shipped, wanted_by=(TODAY + timedelta(7)).isoformat())
    assert by_channel(answer).keys() == {"dhl_express", "ups_express", "tnt_express", "fedex_express"}
    assert all(each["estimated_arrival"] <= (TODAY + timedelta(7)).isoformat() for each in answer["items"])
    assert {"express", "air_freight"} <= {channel for channel, reason in reasons(answer).items() if reason == "too_slow"}


def test_nothing_can_be_wanted_in_the_past(shipped: TestDatabase) -> None:
    with pytest.raises(Invalid) as refused:
        quote(shipped, wanted_by=(TODAY - timedelta(1)).isoformat())
    assert refused.value.errors == {"wanted_by": ["Is in the past."]}
    assert quote(shipped, wanted_by=TODAY.isoformat())["items"] == []


def test_a_sea_incoterm_is_quoted_by_sea_only(shipped: TestDatabase) -> None:
    assert {each["mode"] for each in quote(shipped, incoterm="CIF")["items"]} == {"sea"}


def test_a_new_tariff_makes_the_next_price_and_the_old_one_says_what_made_the_last(shipped: TestDatabase) -> None:
    before = by_channel(quote(shipped))["express"]
    made, _ = shipped.run(lambda tx: tariffs.add(tx, ONE_PRICE, "somebody"))
    after = by_channel(quote(shipped))["express"]
    assert (after["price"]["amount"], after["tariff_id"]) == ("1.00", made)
    assert before["tariff_id"] != made
    assert by_channel(quote(shipped))["express"] == after


def test_tariffs_in_several_currencies_are_cheapest_first_each_by_itself(shipped: TestDatabase) -> None:
    for channel, currency, price in (("express", "EUR", 9900), ("air_freight", "EUR", 100), ("ups_express", "USD", 1)):
        tariff = replace(ONE_PRICE, channel=channel, currency=currency, zones=(Zone("all", frozenset({"*"}), (Break(2_500_000, price),)),))
        shipped.run(lambda tx, tariff=tariff: tariffs.add(tx, tariff, "somebody"))
    assert [each["channel"] for each in quote(shipped)["items"]][:3] == ["air_freight", "express", "ups_express"]


def test_the_freight_of_one_channel_is_what_its_quote_says(shipped: TestDatabase) -> None:
    packages = [Packages(2, (Decimal(40), Decimal(30), Decimal(20)), Decimal("3.2"))]
    for channel, item in by_channel(quote(shipped)).items():
        freight = shipped.run(lambda tx, channel=channel: quotes.freight(tx, channel, "DE", packages, (), TODAY))
        assert (str(freight.price.amount), freight.tariff_id) == (item["price"]["amount"], item["tariff_id"])


def test_nobody_is_quoted_without_signing_in(shipped: TestDatabase) -> None:
    with pytest.raises(Unauthenticated):
        quote(shipped, actor=None)
