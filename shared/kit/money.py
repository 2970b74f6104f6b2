"""Money as integer minor units of one ISO 4217 currency, so that sums are exact; rounding happens only where a rate is applied."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation

# ISO 4217 gives most currencies two decimals; these are the exceptions (table A.1 of the standard).
_EXPONENTS = {
    **dict.fromkeys("BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF".split(), 0),
    **dict.fromkeys("BHD IQD JOD KWD LYD OMR TND".split(), 3),
    **dict.fromkeys("CLF UYW".split(), 4),
}

# A PostgreSQL bigint holds 9.2e18; sums of many amounts stay far below it with this limit on one amount.
LARGEST_MINOR = 10**15


def exponent(currency: str) -> int:
    """How many decimals the currency's major unit has (2 for USD, 0 for JPY, 3 for KWD)."""
    return _EXPONENTS.get(currency, 2)


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in minor units (`Money(1234, "USD")` is 12.34 US dollars). Adding or comparing two currencies is a ValueError."""

    minor: int
    currency: str

    @classmethod
    def of(cls, amount: Decimal | str | int, currency: str) -> Money:
        """From a decimal amount in major units; ValueError where it has more decimals than the currency or is out of range."""
        try:
            minor = Decimal(amount).scaleb(exponent(currency))
        except InvalidOperation as error:
            raise ValueError(f"{amount!r} is not a decimal amount") from error
        if not minor.is_finite() or abs(minor) > LARGEST_MINOR:
            raise ValueError(f"{amount} is out of range")
        if minor != minor.to_integral_value():
            raise ValueError(f"{currency} has {exponent(currency)} decimals, {amount} has more")
        return cls(int(minor), currency)

    @property
    def amount(self) -> Decimal:
        """The amount in major units, with exactly the currency's decimals."""
        return Decimal(self.minor).scaleb(-exponent(self.currency))

    def times(self, factor: Decimal | int) -> Money:
        """Multiplied and rounded half to even to the minor unit (ISO 80000-1 rule B: no drift over many roundings)."""
        product = (Decimal(self.minor) * Decimal(factor)).quantize(Decimal(1), rounding=ROUND_HALF_EVEN)
        return Money(int(product), self.currency)

    def __add__(self, other: Money) -> Money:
        return Money(self.minor + self._same(other), self.currency)

    def __sub__(self, other: Money) -> Money:
        return Money(self.minor - self._same(other), self.currency)

    def __lt__(self, other: Money) -> bool:
        return self.minor < self._same(other)

    def __le__(self, other: Money) -> bool:
        return self.minor <= self._same(other)

    def __str__(self) -> str:
        return f"{self.amount} {self.currency}"

    def _same(self, other: Money) -> int:
        if other.currency != self.currency:
            raise ValueError(f"cannot mix {self.currency} and {other.currency}")
        return other.minor
