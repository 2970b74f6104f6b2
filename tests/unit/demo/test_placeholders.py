from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, strategies

from tradelane.demo.placeholders import Facts, NotKnown

ORDER = {
    "number": "TO-7Q4M9-0ZK2W",
    "total": {"amount": "1000.05", "currency": "USD"},
    "lines": [
        {"sku": "A-1", "quantity": 3, "line_total": {"amount": "600.05", "currency": "USD"}, "net_mass_kg": "30", "gross_mass_kg": "33.3"},
        {"sku": "B", "quantity": 1, "line_total": {"amount": "400.00", "currency": "USD"}, "net_mass_kg": "2.5", "gross_mass_kg": "3"},
    ],
}
FACTS = Facts(today=date(2026, 2, 27), products={"A-1": "id of A", "B": "id of B"}, order=ORDER, password="secret")


@pytest.mark.parametrize(
    ("text", "filled"),
    [
        ("{today}", "2026-02-27"),
        ("{today+2}", "2026-03-01"),
        ("{today-27}", "2026-01-31"),
        ("{today+1}T12:00:00Z", "2026-02-28T12:00:00Z"),
        ("{product:A-1}", "id of A"),
        ("{quantity:A-1}", 3),
        ("{value:B}", {"amount": "400.00", "currency": "USD"}),
        ("{net:A-1}", "30"),
        ("{gross:B}", "3"),
        ("{net}", "32.5"),
        ("{gross}", "36.3"),
        ("{total}", {"amount": "1000.05", "currency": "USD"}),
        ("{total*1.1}", {"amount": "1100.06", "currency": "USD"}),
        ("{amount} {currency}", "1000.05 USD"),
        ("Order {number}", "Order TO-7Q4M9-0ZK2W"),
        ("{password}", "secret"),
        ("no braces", "no braces"),
        ("{}", "{}"),
        (7, 7),
        (True, True),
        (None, None),
    ],
)
def test_braces_are_filled_in(text: Any, filled: Any) -> None:
    assert FACTS.fill(text) == filled


def test_lists_and_mappings_are_filled_in_at_every_depth_and_the_template_stays() -> None:
    template = {"lines": [{"product_id": "{product:B}", "quantity": "{quantity:B}"}], "on": "{today}"}
    assert FACTS.fill(template) == {"lines": [{"product_id": "id of B", "quantity": 1}], "on": "2026-02-27"}
    assert template["on"] == "{today}"


@pytest.mark.parametrize(
    "text",
    [
        "{tomorrow}",
        "{product:C}",
        "{product}",
        "{quantity:C}",
        "{quantity}",
        "{total+1}",
        "{total:A-1}",
        "{today*2}",
        "{today+1.5}",
        "{number-1}",
        "{password:B}",
        "{today+9999999}",
    ],
)
def test_braces_that_mean_nothing_are_named(text: str) -> None:
    with pytest.raises(NotKnown, match="is not known here") as error:
        FACTS.fill({"a": [text]})
    assert text in str(error.value)


def test_what_an_order_tells_is_not_known_before_there_is_one() -> None:
    before = Facts(today=date(2026, 2, 27), products={"B": "id of B"})
    assert before.fill("{product:B}") == "id of B"
    with pytest.raises(NotKnown):
        before.fill("{total}")


def test_the_password_is_not_told_by_accident() -> None:
    assert "secret" not in repr(FACTS)


@given(strategies.integers(1, 10**12))
def test_a_cover_of_a_tenth_more_never_falls_short(minor: int) -> None:
    amount = Decimal(minor).scaleb(-2)
    facts = Facts(today=FACTS.today, products={}, order={"total": {"amount": str(amount), "currency": "USD"}})
    cover = Decimal(facts.fill("{total*1.1}")["amount"])
    assert amount * Decimal("1.1") <= cover < amount * Decimal("1.1") + Decimal("0.01")
