"""Which of UPU's customs declarations goes with a postal item: the short CN22 up to 300 special drawing rights (SDR), the full CN23 beyond."""

from __future__ import annotations

from shared.kit.money import Money

CN22_LIMITS = {"USD": 390, "EUR": 340, "CNY": 2700, "JPY": 52000, "GBP": 295}
"""What 300 SDR come to in the currencies that an SDR is made of, taken low, as posts do that fix an amount of their own currency. In others there is no
limit to go by; a CN23 is right for any value, so it is made wherever a CN22 might not be."""


def postal_form(value: Money) -> str:
    """`CN22` or `CN23`."""
    return "CN22" if value.amount <= CN22_LIMITS.get(value.currency, 0) else "CN23"
