"""How addresses, countries, amounts and masses are worded on what is printed."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pycountry

from shared.kit.money import Money

LONGEST = 240  # characters of one piece of text: a row must fit a page


def address_lines(address: Mapping[str, Any]) -> list[str]:
    """The contract's `Address` as it stands on an envelope, then telephone and e-mail."""
    town = " ".join(filter(None, (address.get("postal_code"), address["city"])))
    street = (address["name"], address.get("company"), address["street"], town, address.get("region"))
    return short([line for line in (*street, country(address["country"]), address.get("phone"), address.get("email")) if line])


def short(lines: list[str]) -> list[str]:
    """Each line cut, and seen to be cut, at `LONGEST`."""
    return [line if len(line) <= LONGEST else f"{line[: LONGEST - 1]}…" for line in lines]


def country(code: str) -> str:
    """Its name with the ISO 3166-1 code."""
    found = pycountry.countries.lookup(code)
    return f"{getattr(found, 'common_name', found.name)} ({code})"


def amount(money: Money) -> str:
    """Without the currency, which stands at the column's head."""
    return f"{money.amount:,}"


def mass(kilograms: Decimal) -> str:
    """To the gram."""
    return f"{kilograms:,.3f}"


def kg(kilograms: Decimal) -> str:
    """With its unit."""
    return f"{mass(kilograms)} kg"
