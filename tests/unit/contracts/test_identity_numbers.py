from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from shared.contracts.fields import COUNTRIES
from shared.contracts.identity_numbers import BY_PLACE, KINDS, NUMBERS, Number, mask
from shared.contracts.validation import load
from shared.contracts.verification import IdentityNumber
from shared.kit.errors import Invalid


def loaded(number: Number, value: str) -> Any:
    return load(IdentityNumber(), {"type": number.type, "value": value} | ({"country": number.country} if number.country else {}))


def wrong(value: str) -> list[str]:
    """The number with each of its digits changed in turn."""
    return [value[:at] + str((int(digit) + 1) % 10) + value[at + 1 :] for at, digit in enumerate(value) if digit.isascii() and digit.isdigit()]


def is_taken(number: Number, value: str) -> bool:
    try:
        loaded(number, value)
    except Invalid:
        return False
    return True


def name(number: Number) -> str:
    return f"{number.type} {number.country}"


def test_the_table_knows_each_number_once_and_only_countries_that_there_are() -> None:
    assert len(BY_PLACE) == len(NUMBERS)
    assert {number.type for number in NUMBERS} == set(KINDS)
    assert {number.country for number in NUMBERS} <= COUNTRIES | {""}


@pytest.mark.parametrize("number", NUMBERS, ids=name)
def test_an_example_is_taken_as_it_stands_and_spaces_do_not_matter(number: Number) -> None:
    assert loaded(number, number.example)["value"] == number.example
    assert loaded(number, f" {number.example[:4]} {number.example[4:]}")["value"] == number.example


@pytest.mark.parametrize("number", [number for number in NUMBERS if number.check_digits], ids=name)
def test_a_wrong_digit_shows_wherever_it_stands(number: Number) -> None:
    taken = [value for value in wrong(number.example) if is_taken(number, value)]
    assert len(taken) <= 2, "some have a digit that theirs leave out, or two that change for one"


@pytest.mark.parametrize("number", NUMBERS, ids=name)
def test_what_is_no_number_at_all_is_refused_without_being_repeated(number: Number) -> None:
    with pytest.raises(Invalid) as refused:
        loaded(number, "not-one-of-them")
    assert list(refused.value.errors) == ["value"]
    assert "not-one" not in str(refused.value.errors)


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"type": "vat", "value": "136695976"}, "country"),
        ({"type": "vat", "country": "CN", "value": "136695976"}, "country"),
        ({"type": "vat", "country": "XX", "value": "136695976"}, "country"),
        ({"type": "lei", "country": "CN", "value": "213800KUD8LAJWSQ9D15"}, "country"),
        ({"type": "eori", "country": "DE", "value": "DE123456789012345"}, "country"),
        ({"type": "passport", "country": "CN", "value": "1"}, "type"),
        ({"type": "vat", "country": "DE"}, "value"),
    ],
)
def test_a_number_says_whose_it_is_where_it_does_not_tell_itself(given: dict[str, str], field: str) -> None:
    with pytest.raises(Invalid) as refused:
        load(IdentityNumber(), given)
    assert list(refused.value.errors) == [field]


@pytest.mark.parametrize("value", ["fr 301272811", "GB123456789000", "XI-1234567890", "GR094259216", "ATEOS1000012345"])
def test_an_eori_number_is_a_country_of_its_customs_and_what_these_chose(value: str) -> None:
    assert loaded(BY_PLACE["eori", ""], value)["value"] == value.replace(" ", "").replace("-", "").upper()


@pytest.mark.parametrize("value", ["NO988077917", "EL094259216", "DE", "DE1234567890123456", "DE12345_789", "DEÉ23", "123456789"])
def test_what_is_no_form_of_an_eori_number_is_refused(value: str) -> None:
    assert not is_taken(BY_PLACE["eori", ""], value)


def test_a_number_may_tell_a_birth_date() -> None:
    resident = BY_PLACE["national_id", "CN"]
    assert resident.birth_date(resident.example) == date(1991, 1, 1)
    company = BY_PLACE["vat", "LV"]
    assert company.birth_date(company.example) is None


@pytest.mark.parametrize(("value", "shown"), [("91110000600037341L", "••••341L"), ("404833048", "••••3048"), ("12345678", "••••")])
def test_a_masked_number_gives_less_than_half_of_it_away(value: str, shown: str) -> None:
    assert mask(value) == shown
