"""What a consignment costs by a tariff, whatever the tariff and the consignment."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, strategies as st

from services.logistics.domain.channels import Packages
from services.logistics.domain.refusal import Refusal
from services.logistics.domain.tariff import ELSEWHERE, FIXED, PER_KG, PERCENT, Break, Consignment, Destination, Freight, Surcharge, Tariff, Zone, price
from shared.kit.money import Money

EUROPE = Zone("europe", frozenset({"DE", "FR"}), (Break(500, 2000), Break(1000, 2600), Break(30_000, 150, 500)))
WORLD = Zone("world", frozenset({ELSEWHERE}), (Break(30_000, 1000, 1000),))
TARIFF = Tariff("dhl_express", "USD", date(2026, 1, 1), None, (EUROPE, WORLD), step_g=500, id="0190")
DIVISOR = Decimal(5000)


def packages(kg: str, count: int = 1, sides: str = "10 10 10") -> Packages:
    length, width, height = map(Decimal, sides.split())
    return Packages(count, (length, width, height), Decimal(kg))


def freight(*sent: Packages, tariff: Tariff = TARIFF, country: str = "DE", postal_code: str = "", divisor: Decimal | None = DIVISOR, **more: Any) -> Freight:
    answer = price(tariff, Consignment(sent, Destination(country, postal_code), **more), divisor)
    assert isinstance(answer, Freight), answer
    return answer


def refusal(*sent: Packages, tariff: Tariff = TARIFF, country: str = "DE", **more: Any) -> Refusal:
    answer = price(tariff, Consignment(sent, Destination(country), **more), DIVISOR)
    assert isinstance(answer, Refusal), answer
    return answer


@pytest.mark.parametrize(
    ("kg", "cost"),
    [
        ("0.001", 2000),
        ("0.5", 2000),
        ("0.501", 2600),
        ("1", 2600),
        ("1.001", 2750),  # 1.5 kg: one half kilogram beyond 1 kg
        ("1.5", 2750),
        ("30", 2600 + 58 * 150),
    ],
)
def test_the_break_that_the_mass_is_in_makes_the_price(kg: str, cost: int) -> None:
    assert freight(packages(kg)).price == Money(cost, "USD")


def test_a_break_by_each_begun_kilogram_goes_on_from_where_the_one_before_ended() -> None:
    zone = Zone("z", frozenset({ELSEWHERE}), (Break(2000, 300, 1000), Break(10_000, 200, 1000), Break(20_000, 5000), Break(40_000, 100, 3000)))
    assert [zone.cost(grams) for grams in (1, 1000, 1001, 2000, 2001, 10_000, 10_001, 20_000, 20_001, 23_001)] == [
        300, 300, 600, 600, 800, 2200, 5000, 5000, 5100, 5200,
    ]  # fmt: skip


def test_beyond_the_last_break_there_is_no_price() -> None:
    assert refusal(packages("30.5")) == Refusal("mass_not_priced", "The packages count as 30.5 kg; the tariff of dhl_express for zone europe ends at 30 kg.")


@given(
    breaks=st.lists(st.tuples(st.integers(1, 5000), st.integers(0, 9999), st.none() | st.integers(1, 3000)), min_size=1, max_size=8),
    masses=st.tuples(st.integers(1, 40_000), st.integers(1, 40_000)),
)
def test_what_is_heavier_never_costs_less(breaks: list[tuple[int, int, int | None]], masses: tuple[int, int]) -> None:
    """Prices of whole breaks that rise, as the import has it; mixed with breaks by each."""
    at, last, made = 0, 0, list[Break]()
    for width, more, each in breaks:
        before, at = at, at + width
        made.append(Break(at, last + more if each is None else more, each))
        last = made[-1].cost(at, before, last)
    zone = Zone("z", frozenset({ELSEWHERE}), tuple(made))
    light, heavy = (zone.cost(min(grams, at)) for grams in sorted(masses))
    assert light is not None
    assert heavy is not None
    assert light <= heavy <= last
    assert zone.cost(at + 1) is None


@given(
    kg=st.tuples(*[st.decimals("0.001", "29", places=3)] * 2),
    sides=st.tuples(*[st.decimals("1", "30", places=1)] * 2),
    percent=st.integers(1, 10_000),
    per_kg=st.integers(1, 1000),
)
def test_nor_does_it_with_its_volume_and_its_surcharges(kg: tuple[Decimal, Decimal], sides: tuple[Decimal, Decimal], percent: int, per_kg: int) -> None:
    tariff = replace(TARIFF, surcharges=(Surcharge("Fuel", PERCENT, percent), Surcharge("Season", PER_KG, per_kg)))
    cubes = [packages(str(mass), sides=f"{side} {side} {side}") for mass, side in zip(sorted(kg), sorted(sides), strict=True)]
    small, large = (freight(each, tariff=tariff) for each in cubes)
    assert small.price.minor <= large.price.minor
    assert large.price.minor == large.base.minor + sum(each.amount.minor for each in large.surcharges)


def test_a_country_that_no_zone_names_is_in_the_zone_for_all_others() -> None:
    assert freight(packages("2"), country="FR").base == Money(2600 + 2 * 150, "USD")
    assert freight(packages("2"), country="BR").base == Money(2000, "USD")


def test_without_such_a_zone_it_has_no_price() -> None:
    assert refusal(packages("2"), tariff=replace(TARIFF, zones=(EUROPE,)), country="BR") == Refusal(
        "destination_not_priced", "The tariff of dhl_express has no prices for BR."
    )


def test_of_each_package_what_is_more_counts_its_mass_or_its_volume() -> None:
    bulky, heavy = packages("1", 2, "50 40 30"), packages("20", 1, "10 10 10")
    assert freight(bulky, country="BR").billable_kg == 24
    assert freight(heavy, country="BR").billable_kg == 20
    assert refusal(bulky, heavy, country="BR").message.startswith("The packages count as 44 kg")
    assert freight(bulky, country="BR", divisor=Decimal(6000)).billable_kg == 20
    assert freight(bulky, country="BR", divisor=None).billable_kg == 2


@given(kg=st.decimals("0.001", "29.999", places=3), step=st.integers(1, 20_000), least=st.integers(0, 40_000))
def test_what_is_billed_is_the_next_whole_step_and_the_least_at_least(kg: Decimal, step: int, least: int) -> None:
    grams = replace(TARIFF, step_g=step, minimum_g=least).billable_g([packages(str(kg), sides="1 1 1")], DIVISOR)
    assert grams % step == 0
    assert grams - step < max(kg * 1000, least) <= grams


@given(count=st.integers(1, 60_000))
def test_a_volume_without_end_in_decimals_is_not_rounded_up_twice(count: int) -> None:
    """A cube of 10 cm at 6,000 cm³ a kilogram counts a sixth: six of them are one kilogram, and no gram more."""
    six = packages("0.001", 6 * count, "10 10 10")
    assert replace(TARIFF, step_g=1).billable_g([six], Decimal(6000)) == 1000 * count
    assert replace(TARIFF, step_g=1000).billable_g([six] * 2, Decimal(6000)) == 2000 * count


def test_surcharges_are_told_one_by_one_and_add_up() -> None:
    surcharges = (Surcharge("Fuel", PERCENT, 1775), Surcharge("Handling", FIXED, 250), Surcharge("Peak season", PER_KG, 40))
    found = freight(packages("1.2"), tariff=replace(TARIFF, surcharges=surcharges))
    assert [(each.name, str(each.amount)) for each in found.surcharges] == [("Fuel", "4.88 USD"), ("Handling", "2.50 USD"), ("Peak season", "0.60 USD")]
    assert (str(found.base), str(found.price), found.tariff_id) == ("27.50 USD", "35.48 USD", "0190")


@pytest.mark.parametrize(
    ("surcharge", "country", "postal_code", "goods", "due"),
    [
        (Surcharge("Battery", FIXED, 500, special_goods=frozenset({"battery"})), "DE", "", ("liquid", "battery"), True),
        (Surcharge("Battery", FIXED, 500, special_goods=frozenset({"battery"})), "DE", "", ("liquid",), False),
        (Surcharge("Battery", FIXED, 500, special_goods=frozenset({"battery"})), "DE", "", (), False),
        (Surcharge("Remote", FIXED, 500, areas=frozenset({"NO", "GB-HS"})), "NO", "", (), True),
        (Surcharge("Remote", FIXED, 500, areas=frozenset({"NO", "GB-HS"})), "GB", "hs1 2ab", (), True),
        (Surcharge("Remote", FIXED, 500, areas=frozenset({"NO", "GB-HS"})), "GB", "SW1A 1AA", (), False),
        (Surcharge("Remote", FIXED, 500, areas=frozenset({"NO", "GB-HS"})), "GB", "", (), False),
        (Surcharge("Remote", FIXED, 500, areas=frozenset({"NO", "GB-HS"})), "DE", "HS1", (), False),
        (Surcharge("Both", FIXED, 500, frozenset({"battery"}), frozenset({"NO"})), "NO", "", ("battery",), True),
        (Surcharge("Both", FIXED, 500, frozenset({"battery"}), frozenset({"NO"})), "NO", "", (), False),
        (Surcharge("Both", FIXED, 500, frozenset({"battery"}), frozenset({"NO"})), "SE", "", ("battery",), False),
    ],
)
def test_a_surcharge_is_due_for_its_goods_and_to_its_areas(surcharge: Surcharge, country: str, postal_code: str, goods: tuple[str, ...], due: bool) -> None:
    found = freight(packages("1"), tariff=replace(TARIFF, surcharges=(surcharge,)), country=country, postal_code=postal_code, special_goods=goods)
    assert [each.name for each in found.surcharges] == ([surcharge.name] if due else [])
    assert found.price.minor - found.base.minor == (500 if due else 0)


def test_goods_that_are_worth_more_than_the_tariff_allows_are_refused_where_the_currencies_compare() -> None:
    limited = replace(TARIFF, highest_value=100_000)
    assert refusal(packages("1"), tariff=limited, value=Money(100_001, "USD")) == Refusal(
        "value_too_high", "The goods are worth 1000.01 USD; dhl_express takes up to 1000.00 USD."
    )
    for value in (Money(100_000, "USD"), Money(100_001, "EUR"), None):
        assert freight(packages("1"), tariff=limited, value=value).price == Money(2600, "USD")
