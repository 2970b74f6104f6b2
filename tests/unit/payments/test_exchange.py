"""Which rate stands between two currencies, and that no rounding loses or invents anything."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import assume, given, strategies as st

from services.payments.domain.exchange import DIGITS, Rate, convert, find, problems, share
from shared.kit.errors import Invalid
from shared.kit.money import LARGEST_MINOR, Money, exponent

JANUARY = datetime(2026, 1, 1, tzinfo=UTC)

currencies = st.sampled_from(["USD", "EUR", "JPY", "KWD", "CLF"])
minors = st.integers(1, 10**12)
amounts = st.builds(Money, minors, currencies)
rates = st.decimals("0.000001", "1000000", allow_nan=False, places=6)


def rate(pair: str, value: str, days: int = 0) -> Rate:
    base, quote = pair.split("/")
    return Rate(f"{pair} {days}", base, quote, Decimal(value), JANUARY + timedelta(days))


def major(money: Money) -> Fraction:
    return Fraction(money.minor, 10 ** exponent(money.currency))


def unit(currency: str) -> Fraction:
    return Fraction(1, 10 ** exponent(currency))


class TestConversion:
    @given(amounts, rates, currencies)
    def test_it_is_within_half_a_unit_of_the_exact_amount(self, amount: Money, rate: Decimal, currency: str) -> None:
        assume(major(amount) * Fraction(rate) / unit(currency) < LARGEST_MINOR)
        assert abs(major(convert(amount, rate, currency)) - major(amount) * Fraction(rate)) <= unit(currency) / 2

    @given(amounts, rates, currencies)
    def test_there_and_back_is_within_half_a_unit_of_each(self, amount: Money, value: Decimal, currency: str) -> None:
        """Half a unit there, told in the amount's own currency, half a unit here, and what the turned round rate lost to its digits."""
        assume(currency != amount.currency)
        assume(major(amount) * Fraction(value) / unit(currency) < LARGEST_MINOR)
        there = find([rate(f"{amount.currency}/{currency}", str(value))], amount.currency, currency)
        onward = find([rate(f"{amount.currency}/{currency}", str(value))], currency, amount.currency)
        assert there is not None
        assert onward is not None
        moved = convert(amount, there.rate, currency)
        back = convert(moved, onward.rate, amount.currency)
        lost = unit(currency) / 2 / Fraction(value) + unit(amount.currency) / 2 + major(moved) / Fraction(value) * Fraction(1, 10 ** (DIGITS - 1))
        assert abs(major(back) - major(amount)) <= lost

    @given(amounts, rates, currencies)
    def test_more_never_comes_to_less(self, amount: Money, rate: Decimal, currency: str) -> None:
        assume(major(amount) * Fraction(rate) / unit(currency) < LARGEST_MINOR - 1)
        assert convert(amount, rate, currency) <= convert(replace(amount, minor=amount.minor + 1), rate, currency)

    @pytest.mark.parametrize(
        ("minor", "currency", "value", "into", "comes_to"),
        [
            (1_00, "USD", "0.925", "EUR", 92),  # 92.5 cents: to the even neighbour
            (3_00, "USD", "0.925", "EUR", 2_78),  # 277.5 cents
            (10_00, "USD", "149.25", "JPY", 1492),  # 1492.5 yen
            (1, "JPY", "0.0067", "USD", 1),
            (1, "JPY", "0.005", "USD", 0),  # half a cent
            (1_000, "KWD", "3.25", "USD", 3_25),
            (1_00, "USD", "0.3075", "KWD", 308),  # 307.5 fils
        ],
    )
    def test_halves_go_to_even_in_the_decimals_of_the_currency(self, minor: int, currency: str, value: str, into: str, comes_to: int) -> None:
        assert convert(Money(minor, currency), Decimal(value), into) == Money(comes_to, into)

    def test_more_than_the_platform_counts_is_refused(self) -> None:
        with pytest.raises(Invalid, match="more JPY than the platform counts"):
            convert(Money(LARGEST_MINOR, "USD"), Decimal("149.25"), "JPY")


class TestShares:
    @given(whole=minors, worth=minors, cuts=st.lists(st.fractions(0, 1), max_size=8))
    def test_any_parts_of_the_whole_share_out_exactly_its_worth(self, whole: int, worth: int, cuts: list[Fraction]) -> None:
        left, left_worth, given_out = Money(whole, "EUR"), Money(worth, "USD"), Money(0, "USD")
        for cut in [*cuts, Fraction(1)]:
            if not left.minor:
                break
            part = Money(int(left.minor * cut), "EUR")
            piece = share(part, left, left_worth)
            assert 0 <= piece.minor <= left_worth.minor
            left, left_worth, given_out = left - part, left_worth - piece, given_out + piece
        assert (left.minor, left_worth.minor, given_out.minor) == (0, 0, worth)

    @given(whole=minors, worth=minors, cut=st.fractions(0, 1))
    def test_a_part_is_within_half_a_unit_of_its_due(self, whole: int, worth: int, cut: Fraction) -> None:
        part = int(whole * cut)
        assert abs(share(Money(part, "EUR"), Money(whole, "EUR"), Money(worth, "USD")).minor - Fraction(part * worth, whole)) <= Fraction(1, 2)

    def test_a_part_of_something_else_is_an_error(self) -> None:
        with pytest.raises(ValueError, match="no part of"):
            share(Money(1, "USD"), Money(2, "EUR"), Money(3, "USD"))


class TestTheRateBetweenTwo:
    def test_the_pairs_own_row_comes_first(self) -> None:
        table = [rate("EUR/USD", "1.08"), rate("USD/EUR", "0.93"), rate("USD/CNY", "7.1"), rate("CNY/EUR", "0.13")]
        found = find(table, "USD", "EUR")
        assert found is not None
        assert (found.rate, [each.id for each in found.rates], found.via) == (Decimal("0.93"), ["USD/EUR 0"], None)

    def test_then_the_reverse_pairs_turned_round(self) -> None:
        found = find([rate("EUR/USD", "1.08"), rate("USD/CNY", "7.1"), rate("CNY/EUR", "0.13")], "USD", "EUR")
        assert found is not None
        assert (found.rate, [each.id for each in found.rates], found.via) == (Decimal("0.925925925926"), ["EUR/USD 0"], None)

    def test_a_cross_rate_goes_through_the_currency_in_common_and_says_so(self) -> None:
        """As in a central bank's table, where everything is told against one currency."""
        found = find([rate("EUR/USD", "1.08"), rate("EUR/JPY", "162")], "USD", "JPY")
        assert found is not None
        assert (found.rate, [each.id for each in found.rates], found.via) == (Decimal(150), ["EUR/USD 0", "EUR/JPY 0"], "EUR")

    def test_of_several_ways_across_the_one_whose_older_row_is_the_newest_counts(self) -> None:
        stale = [rate("EUR/USD", "1.08"), rate("EUR/JPY", "162", days=9)]
        fresh = [rate("GBP/USD", "1.25", days=2), rate("GBP/JPY", "190", days=1)]
        found = find([*stale, *fresh], "USD", "JPY")
        assert found is not None
        assert (found.via, found.rate) == ("GBP", Decimal(152))

    def test_of_equally_new_ones_the_first_by_code(self) -> None:
        found = find([rate("GBP/USD", "1.25"), rate("GBP/JPY", "190"), rate("EUR/USD", "1.08"), rate("EUR/JPY", "162")], "USD", "JPY")
        assert found is not None
        assert found.via == "EUR"

    def test_two_currencies_in_between_are_no_way(self) -> None:
        assert find([rate("USD/EUR", "0.93"), rate("EUR/GBP", "0.86"), rate("GBP/JPY", "190")], "USD", "JPY") is None

    def test_it_is_valid_until_the_first_of_its_rows_ends(self) -> None:
        ends = [replace(rate("EUR/USD", "1.08"), valid_until=JANUARY + timedelta(days)) for days in (5, 3)]
        found = find([ends[0], replace(ends[1], quote="JPY"), rate("CHF/USD", "1")], "USD", "JPY")
        assert found is not None
        assert found.valid_until == JANUARY + timedelta(3)
        endless = find([rate("CHF/USD", "1")], "CHF", "USD")
        assert endless is not None
        assert endless.valid_until is None

    @given(rates, rates)
    def test_a_rate_has_the_digits_it_may_have_and_is_the_one_told(self, one: Decimal, other: Decimal) -> None:
        found = find([rate("EUR/USD", str(one)), rate("EUR/JPY", str(other))], "USD", "JPY")
        assert found is not None
        assert len(found.rate.normalize().as_tuple().digits) <= DIGITS
        assert Decimal(f"{found.rate:f}") == found.rate
        assert abs(Fraction(found.rate) * Fraction(one) / Fraction(other) - 1) <= Fraction(1, 10 ** (DIGITS - 1))


def test_what_is_wrong_with_rows_is_told_row_by_row_and_field_by_field() -> None:
    sound = rate("EUR/USD", "1.08")
    wrong = [
        replace(sound, quote="EUR"),
        replace(sound, rate=Decimal("1.234567890123"), valid_from=JANUARY + timedelta(2), valid_until=JANUARY),
        replace(sound, rate=Decimal("1.09")),
    ]
    assert [sorted(each) for each in problems([sound, *wrong])] == [[], ["quote"], ["rate", "valid_until"], ["valid_from"]]
