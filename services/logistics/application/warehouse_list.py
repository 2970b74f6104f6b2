"""The warehouses and the fees for returns, read from `data/` when the service starts; a wrong row stops it there."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Mapping, Sequence
from importlib import resources

from services.logistics.domain.collection import Area, Warehouse
from shared.contracts.fields import COUNTRIES, CURRENCIES
from shared.kit.money import Money

WHOLE_COUNTRY = "*"

_AREA = re.compile(r"([0-9a-z]+)(?:-([0-9a-z]+))?")
_NEEDED = ("code", "name", "street", "city", "postal_code", "phone", "opening_hours")


def read_warehouses(lines: Iterable[str]) -> tuple[Warehouse, ...]:
    """From CSV with a header; areas are separated by spaces. ValueError names a wrong row."""
    warehouses: list[Warehouse] = []
    for number, row in enumerate(csv.DictReader(lines, strict=True), 2):
        try:
            warehouse = _warehouse(row)
            _check_apart(warehouse, warehouses)
        except (ValueError, KeyError) as error:
            raise ValueError(f"warehouses, line {number}: {error!r}") from error
        warehouses.append(warehouse)
    return tuple(warehouses)


def read_return_fees(lines: Iterable[str]) -> dict[str, Money]:
    """What a return costs, by currency. ValueError names a wrong row."""
    fees: dict[str, Money] = {}
    for number, row in enumerate(csv.DictReader(lines, strict=True), 2):
        currency, amount = row["currency"], row["amount"]
        if currency not in CURRENCIES or currency in fees:
            raise ValueError(f"return fees, line {number}: {currency} is no ISO 4217 currency, or stands there twice")
        fees[currency] = Money.of(amount, currency)
    return fees


def _warehouse(row: Mapping[str, str]) -> Warehouse:
    if None in row or None in row.values():
        raise ValueError("it has not as many cells as the header")
    if missing := [name for name in _NEEDED if not row[name]]:
        raise ValueError(f"{', '.join(missing)} needed")
    if row["country"] not in COUNTRIES:
        raise ValueError(f"{row['country']} is not an ISO 3166-1 alpha-2 country code")
    collects, transit = row["collects"], row["transit"]
    if not (collects or transit):
        raise ValueError("it neither collects nor takes what is sent to it")
    return Warehouse(
        **{name: row[name] for name in (*_NEEDED, "region", "country")},
        collects=_areas(collects),
        transit=() if transit == WHOLE_COUNTRY else _areas(transit) or None,
    )


def _areas(text: str) -> tuple[Area, ...]:
    areas = []
    for each in text.lower().split():
        found = _AREA.fullmatch(each)
        first, last = found.groups(found[1]) if found else ("", "")
        if not first or len(first) != len(last) or first > last:
            raise ValueError(f"{each} is no area (518, or 518-523)")
        areas.append(Area(first, last))
    return tuple(areas)


def _check_apart(new: Warehouse, known: Sequence[Warehouse]) -> None:
    """One place has one warehouse that collects there, and one to send to."""
    for other in known:
        if other.code == new.code:
            raise ValueError(f"{new.code} stands there twice")
        if other.country != new.country:
            continue
        both = ((new.collects, other.collects), (new.transit or (), other.transit or ()))
        if any(one.overlaps(another) for ones, others in both for one in ones for another in others) or new.transit == other.transit == ():
            raise ValueError(f"{new.code} is for the same place as {other.code}")


def _lines(name: str) -> list[str]:
    return resources.files("services.logistics").joinpath(f"data/{name}").read_text(encoding="utf-8").splitlines()


WAREHOUSES = read_warehouses(_lines("warehouses.csv"))
RETURN_FEES = read_return_fees(_lines("return_fees.csv"))
