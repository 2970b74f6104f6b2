"""A tariff's sheet: what it makes, and what is told where it does not agree with itself."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest
from hypothesis import given, strategies as st

from services.logistics.domain.tariff import ELSEWHERE, KINDS, PERCENT, Break, Surcharge, Tariff, Zone
from services.logistics.domain.tariff_sheet import read_tariff, sheet_of
from shared.contracts import tariffs as contract
from shared.contracts.fields import COUNTRIES
from shared.contracts.trade import SPECIAL_GOODS
from shared.contracts.validation import load
from shared.kit.errors import Invalid
from tests.journeys.market import MISSING, changed

SHEET: dict[str, Any] = {
    "currency": "USD",
    "valid_from": "2026-01-01",
    "valid_until": "2026-12-31",
    "minimum_kg": "1",
    "step_kg": "0.5",
    "highest_value": "5000.00",
    "zones": [
        {"name": "world", "countries": ["*"], "breaks": [{"up_to_kg": "70", "price": "9.00", "each_kg": "1"}]},
        {"name": "europe", "countries": ["DE", "FR"], "breaks": [{"up_to_kg": "1", "price": "20.00"}, {"up_to_kg": "70", "price": "1.50", "each_kg": "0.5"}]},
    ],
    "surcharges": [
        {"name": "Fuel", "kind": "percent", "amount": "18.25"},
        {"name": "Remote battery", "kind": "fixed", "amount": "5.00", "special_goods": ["battery"], "areas": ["NO", "GB-HS"]},
    ],
}


def read(sheet: dict[str, Any]) -> Tariff:
    return read_tariff("dhl_express", load(contract.TariffSheet(), sheet))


def test_a_sheet_makes_a_tariff_in_grams_and_minor_units() -> None:
    assert read(SHEET) == Tariff(
        channel="dhl_express",
        currency="USD",
        valid_from=date(2026, 1, 1),
        valid_until=date(2026, 12, 31),
        zones=(
            Zone("europe", frozenset({"DE", "FR"}), (Break(1000, 2000), Break(70_000, 150, 500))),
            Zone("world", frozenset({"*"}), (Break(70_000, 900, 1000),)),
        ),
        surcharges=(Surcharge("Fuel", "percent", 1825), Surcharge("Remote battery", "fixed", 500, frozenset({"battery"}), frozenset({"NO", "GB-HS"}))),
        step_g=500,
        minimum_g=1000,
        highest_value=500_000,
    )


def test_what_may_be_left_out_has_the_plainest_meaning() -> None:
    left_out = ("valid_until", "minimum_kg", "step_kg", "highest_value", "surcharges")
    tariff = read(changed(SHEET, dict.fromkeys(left_out, MISSING)))
    assert (tariff.valid_until, tariff.minimum_g, tariff.step_g, tariff.highest_value, tariff.surcharges) == (None, 0, 1, None, ())


def test_amounts_have_the_currencys_decimals() -> None:
    assert read(changed(SHEET, {"currency": "KWD", "zones.0.breaks.0.price": "9.125"})).zones[1].breaks[0].price == 9125
    with pytest.raises(Invalid) as refused:
        read(changed(SHEET, {"currency": "JPY"}))
    assert refused.value.errors == {"zones.1.breaks.1.price": ["JPY has 0 decimals, 1.50 has more."]}


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        ("valid_until", "2025-12-31", "Is before 2026-01-01"),
        ("zones.1.name", "world", "world stands there twice."),
        ("zones.1.countries.1", "DE", "DE stands there twice."),
        ("zones.0.countries.0", "FR", {"zones.1.countries.1": "FR stands there twice."}),
        ("zones.1.countries.0", "*", "* stands there twice."),
        ("zones.1.breaks.0.up_to_kg", "70", {"zones.1.breaks.1.up_to_kg": "Has to be more than 70, where the break before ends."}),
        ("zones.1.breaks.0.up_to_kg", "70.5", {"zones.1.breaks.1.up_to_kg": "Has to be more than 70.5, where"}),
        ("zones.1.breaks.1.each_kg", MISSING, {"zones.1.breaks.1.price": "Is less than the break before ends with, 20.00 USD"}),
        ("zones.1.breaks.0.price", "20.005", "USD has 2 decimals, 20.005 has more."),
        ("zones.0.breaks.0.each_kg", "0.001", None),
        ("zones.0.breaks.0", {"up_to_kg": "1000000", "price": "999999999", "each_kg": "0.001"}, {"zones.0.breaks.0.price": "more than can be paid"}),
        ("highest_value", "5000.001", "USD has 2 decimals"),
        ("surcharges.0.amount", "18.255", "Percent have two decimals at most"),
        ("surcharges.0.amount", "1000.01", "are 1000 at most"),
        ("surcharges.1.amount", "5.001", "USD has 2 decimals"),
        ("surcharges.1.name", "Fuel", "Fuel stands there twice."),
    ],
)
def test_a_sheet_that_does_not_agree_with_itself_is_told_where(path: str, value: Any, said: str | dict[str, str] | None) -> None:
    sheet = changed(SHEET, {path: value})
    if said is None:
        assert read(sheet)
        return
    with pytest.raises(Invalid) as refused:
        read(sheet)
    assert refused.value.code == "tariff_disagrees"
    expected = said if isinstance(said, dict) else {path: said}
    assert refused.value.errors.keys() == expected.keys()
    assert all(sentence in refused.value.errors[field][0] for field, sentence in expected.items())


@pytest.mark.parametrize(
    ("path", "value", "field", "said"),
    [
        ("currency", "USX", "currency", "ISO 4217"),
        ("valid_from", "yesterday", "valid_from", "Not a valid date."),
        ("step_kg", "0", "step_kg", "Must be greater than 0"),
        ("step_kg", "0.0005", "step_kg", "At most three decimals."),
        ("zones", [], "zones", "Length must be"),
        ("zones.0.countries.0", "XX", "zones.0.countries.0", "nor *"),
        ("zones.0.countries", [], "zones.0.countries", "Length must be"),
        ("zones.0.breaks", [], "zones.0.breaks", "Length must be"),
        ("zones.0.breaks.0.price", "-1", "zones.0.breaks.0.price", "Must be greater than or equal to 0"),
        ("zones.0.breaks.0.price", "cheap", "zones.0.breaks.0.price", "Not a valid number."),
        ("zones.0.breaks.0.price", "NaN", "zones.0.breaks.0.price", "Special numeric values"),
        ("zones.0.breaks.0.price", MISSING, "zones.0.breaks.0.price", "Missing data"),
        ("zones.0.breaks.0.tax", "1", "zones.0.breaks.0.tax", "Unknown field."),
        ("surcharges.0.kind", "per_mile", "surcharges.0.kind", "Must be one of: percent, fixed, per_kg."),
        ("surcharges.0.amount", "0", "surcharges.0.amount", "Must be greater than or equal to 0.01"),
        ("surcharges.1.special_goods.0", "bees", "surcharges.1.special_goods.0", "Must be one of"),
        ("surcharges.1.areas.0", "Norway", "surcharges.1.areas.0", "Not a country (NO)"),
        ("surcharges.1.areas.1", "GB-", "surcharges.1.areas.1", "Not a country (NO)"),
        ("surcharges.1.areas.1", "XX-1", "surcharges.1.areas.1", "Not a country (NO)"),
        ("surcharges.1.areas.1", "GB-H S", "surcharges.1.areas.1", "Not a country (NO)"),
    ],
)
def test_a_value_that_cannot_be_is_refused_by_the_contract(path: str, value: Any, field: str, said: str) -> None:
    with pytest.raises(Invalid) as refused:
        read(changed(SHEET, {path: value}))
    assert said in refused.value.errors[field][0]


def test_the_contract_and_the_rules_share_their_words() -> None:
    assert (contract.SURCHARGES, contract.ELSEWHERE) == (KINDS, ELSEWHERE)


grams = st.integers(1, 10**9)
each_g = st.none() | st.integers(10**5, 10**9)  # so that no price is beyond what the contract takes
zones = st.lists(st.lists(st.tuples(grams, st.integers(0, 10**4), each_g), min_size=1, max_size=4), min_size=1, max_size=4)
surcharges = st.lists(
    st.tuples(st.sampled_from(KINDS), st.integers(1, 100_000), st.sets(st.sampled_from(SPECIAL_GOODS)), st.sets(st.sampled_from(["NO", "GB-HS"]))), max_size=3
)


@given(zones=zones, surcharges=surcharges, step=grams, least=grams, highest=st.none() | st.integers(1, 10**7), currency=st.sampled_from(["USD", "JPY", "KWD"]))
def test_a_tariffs_sheet_makes_the_same_tariff_again(
    zones: list[Any], surcharges: list[Any], step: int, least: int, highest: int | None, currency: str
) -> None:
    """As JSON: what HTTP answers can be put again, what `show` prints can be loaded."""
    made = Tariff(
        channel="dhl_express",
        currency=currency,
        valid_from=date(2026, 1, 1),
        valid_until=None,
        zones=tuple(Zone(f"z{number}", frozenset({sorted(COUNTRIES)[number]}), rising(rows)) for number, rows in enumerate(zones)),
        surcharges=tuple(
            Surcharge(f"s{number}", kind, amount if kind == PERCENT else amount * 100, frozenset(goods), frozenset(areas))
            for number, (kind, amount, goods, areas) in enumerate(surcharges)
        ),
        step_g=step,
        minimum_g=least,
        highest_value=highest and highest * 100,
    )
    assert read(json.loads(json.dumps(contract.TariffSheet().dump(sheet_of(made))))) == made


def rising(rows: list[tuple[int, int, int | None]]) -> tuple[Break, ...]:
    """Breaks of these widths; whole prices are added to what is paid before."""
    at = cost = 0
    made = []
    for width, price, each in rows:
        made.append(Break(at + width, price if each else cost + price, each))
        cost, at = made[-1].cost(at + width, at, cost), at + width
    return tuple(made)
