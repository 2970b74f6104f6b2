"""Exchange rates as CSV: what is read, and that every wrong cell is told by its line and column."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from services.payments.application.rate_file import read

HEADER = "base,quote,rate,valid_from,valid_until\n"


def problems(text: str) -> list[tuple[int, str, str]]:
    return [(each["line"], each["column"], each["message"]) for each in read(text.splitlines(keepends=True))[1]]


def test_a_row_is_read_with_days_as_their_first_moment_in_utc() -> None:
    rates, wrong = read([HEADER, "EUR,USD,1.0842,2026-01-01,2026-02-01T12:00:00+02:00\n", "\n", "EUR, CNY ,7.80,2026-01-01T00:00:00Z,\n"])
    assert wrong == []
    assert rates.keys() == {2, 4}
    first, second = rates.values()
    assert (first.base, first.quote, first.rate) == ("EUR", "USD", Decimal("1.0842"))
    assert (first.valid_from, first.valid_until) == (datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 2, 1, 10, tzinfo=UTC))
    assert (second.quote, second.valid_until) == ("CNY", None)


def test_the_last_column_may_be_left_out() -> None:
    rates, wrong = read(["base,quote,rate,valid_from\n", "EUR,USD,1.0842,2026-01-01\n"])
    assert (len(rates), wrong) == (1, [])


def test_all_that_is_wrong_is_told_at_once() -> None:
    assert problems(HEADER + "EUR,USD,1.08,2026-01-01,\nEUR,US,x,1 January,\nEUR,USD,0,2026-01-02\nEUR,,1,2026-01-03,2026-02-30\n") == [
        (3, "quote", "Not an ISO 4217 currency code."),
        (3, "rate", "Not a valid number."),
        (3, "valid_from", "Not a valid datetime."),
        (4, "", "It has 4 cells, the header 5."),
        (5, "quote", "Missing data for required field."),
        (5, "valid_until", "Not a valid datetime."),
    ]


@pytest.mark.parametrize(
    ("text", "line", "match"),
    [
        ("", 1, "header must be"),
        ("from,to,rate\n", 1, "header must be"),
        (HEADER, 1, "no rate in it"),
        (HEADER + 'EUR,"US"D,1,2026-01-01,\n', 2, "Not CSV"),
    ],
)
def test_what_is_no_table_of_rates_is_told_as_a_whole(text: str, line: int, match: str) -> None:
    ((at, column, message),) = problems(text)
    assert (at, column) == (line, "")
    assert match in message
