"""Exchange: which rate stands between two currencies, what an amount comes to at it, and how a part of one amount is shared out in another.

Every rounding is half to even, to the currency's minor unit, and happens once: amounts are fractions until then.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_HALF_EVEN, Context, Decimal
from fractions import Fraction

from shared.kit.errors import Invalid
from shared.kit.money import LARGEST_MINOR, Money, exponent

DIGITS = 12
"""Significant digits of a rate: those of the table have no more, those worked out from it are rounded to as many."""

_ROUNDED = Context(prec=DIGITS, rounding=ROUND_HALF_EVEN)


@dataclass(frozen=True, slots=True)
class Rate:
    """A row of the rate table: from `valid_from`, until before `valid_until` if that is known, one `base` is `rate` of `quote`."""

    id: str
    base: str
    quote: str
    rate: Decimal
    valid_from: datetime
    valid_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """What stands between two currencies; `rates` are the rows that it comes from, two of them where it goes by way of the currency `via`."""

    rate: Decimal
    rates: tuple[Rate, ...]
    via: str | None = None

    @property
    def valid_until(self) -> datetime | None:
        """When the first of its rows ends, None where none is known to end."""
        return min((each.valid_until for each in self.rates if each.valid_until), default=None)


@dataclass(frozen=True, slots=True)
class Agreed:
    """What an order that is paid in another currency than its own was agreed on with: its own total, and the rate at which that is what is due."""

    order_total: Money
    rate: Decimal
    rate_id: str


def problems(rates: Iterable[Rate]) -> list[dict[str, str]]:
    """What is wrong with rows that are to be added, by row and field."""
    found, begun = [], set()
    for rate in rates:
        key = (rate.base, rate.quote, rate.valid_from)
        found.append(_problems(rate) | ({"valid_from": "An earlier row of the pair begins then, too."} if key in begun else {}))
        begun.add(key)
    return found


def find(rates: Iterable[Rate], base: str, quote: str) -> Found | None:
    """The rate from `base` to `quote`, None where there is none. `rates` are those that are valid, one a pair.

    The pair's own row comes first, then the reverse pair's turned round. Only where neither is there it is a cross rate: through the
    currency that the pair has in common whose older row is the newest, the first by its code where several are as new.
    """
    table = {(each.base, each.quote): each for each in rates}
    if direct := _leg(table, base, quote):
        return Found(_decimal(direct[0]), (direct[1],))
    crosses = []
    for via in sorted({code for pair in table for code in pair} - {base, quote}):
        there, onward = _leg(table, base, via), _leg(table, via, quote)
        if there and onward:
            rows = (there[1], onward[1])
            crosses.append((min(row.valid_from for row in rows), Found(_decimal(there[0] * onward[0]), rows, via)))
    return max(crosses, key=lambda each: each[0])[1] if crosses else None


def convert(amount: Money, rate: Decimal, currency: str) -> Money:
    """The amount in the currency, of which one of the amount's own is `rate`; Invalid `amount_out_of_range` beyond what the platform counts."""
    exact = Fraction(amount.minor) * Fraction(rate) * Fraction(10) ** (exponent(currency) - exponent(amount.currency))
    minor = round(exact)  # half to even
    if minor > LARGEST_MINOR:
        raise Invalid("amount_out_of_range", f"{amount} are more {currency} than the platform counts.")
    return Money(minor, currency)


def share(part: Money, whole: Money, worth: Money) -> Money:
    """What `part` of `whole` is of `worth`, the whole's value in another currency.

    Taken from what the parts before have left of both, parts that make up the whole share out exactly its worth, in whatever order.
    """
    if part.currency != whole.currency:
        raise ValueError(f"{part} is no part of {whole}")
    return Money(round(Fraction(worth.minor * part.minor, whole.minor)), worth.currency)


def _problems(rate: Rate) -> dict[str, str]:
    wrong = {}
    if rate.base == rate.quote:
        wrong["quote"] = "Must be another currency than the base."
    if _ROUNDED.plus(rate.rate) != rate.rate:
        wrong["rate"] = f"At most {DIGITS} significant digits."
    if rate.valid_until and rate.valid_until <= rate.valid_from:
        wrong["valid_until"] = "Must be after valid_from."
    return wrong


def _leg(table: dict[tuple[str, str], Rate], base: str, quote: str) -> tuple[Fraction, Rate] | None:
    if row := table.get((base, quote)):
        return Fraction(row.rate), row
    if row := table.get((quote, base)):
        return 1 / Fraction(row.rate), row
    return None


def _decimal(exact: Fraction) -> Decimal:
    return _ROUNDED.divide(Decimal(exact.numerator), Decimal(exact.denominator))
