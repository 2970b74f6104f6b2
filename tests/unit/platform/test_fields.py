"""What a field takes is what its pattern tells clients, to the last digit."""

from __future__ import annotations

import re
from typing import Any

import pytest
from marshmallow import ValidationError

from shared.contracts.fields import AMOUNT_PATTERN, Amount, Flag, HsCode, Measure, Money, Quantity, Rate, Text

NUMBERS = [
    *("0", "1", "00", "01", "0.0", "0.1", "0.01", "0.010", "0.001", "0.0001", "00.5", "1.5", "1.25", "1.125", "1.0625", "12", "12.50", "12.345"),
    *("999999999", "999999999.999", "1000000000", "1000000000.0", "999999999999999", "1000000000000000", "1000000000000000000", "0.000000000000000001"),
    *("-1", "-0.5", "+1", ".5", "5.", "", " ", " 5", "5 ", "1e3", "1E-2", "1_000", "1,5", "0x1F", "NaN", "Infinity", "٣", "1\n", "1.5.2"),
]


@pytest.mark.parametrize("field", [Measure(), Amount(), Amount("0.01"), Rate()], ids=["measure", "amount", "amount of a cent or more", "rate"])
@pytest.mark.parametrize("number", NUMBERS, ids=ascii)
def test_a_decimal_is_taken_where_it_looks_like_its_pattern(field: Any, number: str) -> None:
    assert taken(field, number) == bool(re.search(field.pattern.replace("$", r"\Z"), number))


@pytest.mark.parametrize("number", NUMBERS, ids=ascii)
def test_an_amount_of_money_is_taken_where_it_looks_like_its_pattern(number: str) -> None:
    looks = bool(re.search(AMOUNT_PATTERN.replace("$", r"\Z"), number))
    assert taken(Money(), {"amount": number, "currency": "UYW"}) == (looks and len(number.partition(".")[0]) < 12)  # UYW has four decimals


@pytest.mark.parametrize("field", [Measure(), Amount(), Rate(), HsCode(), Text()])
@pytest.mark.parametrize("value", [5, 1.5, True, [], {}])
def test_what_is_no_string_is_none_of_the_values_that_are_strings(field: Any, value: Any) -> None:
    assert not taken(field, value)


def test_a_whole_number_may_be_written_with_a_point_as_json_has_it() -> None:
    assert Quantity().deserialize(203.0) == 203
    assert not any(taken(Quantity(), value) for value in (203.5, "203", True, 0.0, float("inf")))


def test_a_flag_is_true_or_false() -> None:
    assert [Flag().deserialize(value) for value in (True, False)] == [True, False]
    assert not any(taken(Flag(), value) for value in (1, 0, "true", "yes", 1.0, []))


def taken(field: Any, value: Any) -> bool:
    try:
        field.deserialize(value)
    except ValidationError:
        return False
    return True
