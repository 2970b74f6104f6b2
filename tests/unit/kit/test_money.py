from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given, strategies as st
from iso4217 import Currency

from shared.kit.money import LARGEST_MINOR, Money, exponent

minors = st.integers(-LARGEST_MINOR, LARGEST_MINOR)
currencies = st.sampled_from(["USD", "JPY", "KWD", "CLF"])


@pytest.mark.parametrize("currency", [each for each in Currency if each.exponent is not None])
def test_decimals_are_those_of_iso_4217(currency: Currency) -> None:
    assert exponent(currency.code) == currency.exponent


@given(minors, currencies)
def test_an_amount_written_and_read_is_the_same(minor: int, currency: str) -> None:
    money = Money(minor, currency)
    assert Money.of(str(money.amount), currency) == money


@pytest.mark.parametrize(
    ("amount", "currency"), [("1.234", "USD"), ("0.5", "JPY"), ("NaN", "USD"), ("Infinity", "USD"), ("ten", "USD"), (LARGEST_MINOR, "USD")]
)
def test_what_is_no_amount_of_the_currency_is_refused(amount: str, currency: str) -> None:
    with pytest.raises(ValueError, match=r"decimal|range"):
        Money.of(amount, currency)


def test_two_currencies_do_not_mix() -> None:
    for mixed in (Money.__add__, Money.__sub__, Money.__lt__, Money.__le__):
        with pytest.raises(ValueError, match="mix"):
            mixed(Money(1, "USD"), Money(1, "EUR"))


@pytest.mark.parametrize(("minor", "factor", "product"), [(5, "0.5", 2), (15, "0.1", 2), (25, "0.1", 2), (35, "0.1", 4), (-25, "0.1", -2), (100, "1.1", 110)])
def test_rounding_is_half_to_even(minor: int, factor: str, product: int) -> None:
    assert Money(minor, "USD").times(Decimal(factor)) == Money(product, "USD")


@given(st.lists(minors, min_size=1), currencies)
def test_sums_are_exact(parts: list[int], currency: str) -> None:
    total = Money(0, currency)
    for part in parts:
        total += Money(part, currency)
    assert total.minor == sum(parts)
