"""A tariff as its sheet gives it (contract `TariffSheet`), and whether the sheet agrees with itself: what does not is told by its path."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from services.logistics.domain.tariff import PERCENT, Break, Surcharge, Tariff, Zone
from shared.kit.errors import Invalid
from shared.kit.money import LARGEST_MINOR, Money

Sheet = Mapping[str, Any]

HIGHEST_PERCENT = 1000


def read_tariff(channel: str, sheet: Sheet) -> Tariff:
    """The channel's tariff; Invalid `tariff_disagrees` with all that is wrong."""
    reader = _Reader(sheet["currency"])
    zones, surcharges = sheet["zones"], sheet.get("surcharges") or ()
    if sheet.get("valid_until") and sheet["valid_until"] < sheet["valid_from"]:
        reader.wrong("valid_until", f"Is before {sheet['valid_from']}, when it begins.")
    reader.once((f"zones.{number}.name", zone["name"]) for number, zone in enumerate(zones))
    reader.once((f"zones.{number}.countries.{place}", country) for number, zone in enumerate(zones) for place, country in enumerate(zone["countries"]))
    reader.once((f"surcharges.{number}.name", surcharge["name"]) for number, surcharge in enumerate(surcharges))
    made = Tariff(
        channel=channel,
        currency=sheet["currency"],
        valid_from=sheet["valid_from"],
        valid_until=sheet.get("valid_until"),
        zones=tuple(sorted((reader.zone(f"zones.{number}", zone) for number, zone in enumerate(zones)), key=lambda zone: zone.name)),
        surcharges=tuple(reader.surcharge(f"surcharges.{number}", surcharge) for number, surcharge in enumerate(surcharges)),
        step_g=_grams(sheet.get("step_kg")) or 1,
        minimum_g=_grams(sheet.get("minimum_kg")) or 0,
        highest_value=reader.minor("highest_value", sheet.get("highest_value")),
    )
    if reader.errors:
        raise Invalid("tariff_disagrees", "The tariff does not agree with itself.", dict(reader.errors))
    return made


def sheet_of(tariff: Tariff) -> dict[str, Any]:
    """The other way: a sheet that makes this tariff."""

    def money(minor: int) -> Decimal:
        return Money(minor, tariff.currency).amount

    return {
        "currency": tariff.currency,
        "valid_from": tariff.valid_from,
        "valid_until": tariff.valid_until,
        "minimum_kg": _kg(tariff.minimum_g),
        "step_kg": _kg(tariff.step_g),
        "highest_value": None if tariff.highest_value is None else money(tariff.highest_value),
        "zones": [
            {
                "name": zone.name,
                "countries": sorted(zone.countries),
                "breaks": [{"up_to_kg": _kg(each.up_to_g), "price": money(each.price), "each_kg": _kg(each.each_g)} for each in zone.breaks],
            }
            for zone in tariff.zones
        ],
        "surcharges": [
            {
                "name": each.name,
                "kind": each.kind,
                "amount": Decimal(each.amount).scaleb(-2) if each.kind == PERCENT else money(each.amount),
                "special_goods": sorted(each.special_goods),
                "areas": sorted(each.areas),
            }
            for each in tariff.surcharges
        ],
    }


class _Reader:
    """Reads the parts, and gathers what is wrong."""

    def __init__(self, currency: str) -> None:
        self.currency = currency
        self.errors: dict[str, list[str]] = defaultdict(list)

    def wrong(self, path: str, sentence: str) -> None:
        self.errors[path].append(sentence)

    def once(self, named: Iterable[tuple[str, str]]) -> None:
        seen: set[str] = set()
        for path, name in named:
            if name in seen:
                self.wrong(path, f"{name} stands there twice.")
            seen.add(name)

    def minor(self, path: str, amount: Decimal | None) -> int | None:
        """In minor units; None where there is none, or it is wrong."""
        if amount is None:
            return None
        try:
            return Money.of(amount, self.currency).minor
        except ValueError as error:
            self.wrong(path, f"{error}.")
            return None

    def zone(self, path: str, zone: Sheet) -> Zone:
        breaks, grams, cost = list[Break](), 0, 0
        for number, row in enumerate(zone["breaks"]):
            here, price = f"{path}.breaks.{number}", self.minor(f"{path}.breaks.{number}.price", row["price"])
            each = Break(_grams(row["up_to_kg"]) or 0, price or 0, _grams(row.get("each_kg")))
            if each.up_to_g <= grams:
                self.wrong(f"{here}.up_to_kg", f"Has to be more than {Decimal(grams) / 1000:f}, where the break before ends.")
                continue
            before, cost = cost, each.cost(each.up_to_g, grams, cost)
            if price is not None and cost < before:
                self.wrong(f"{here}.price", f"Is less than the break before ends with, {Money(before, self.currency)}: what is heavier never costs less.")
            if cost > LARGEST_MINOR:
                self.wrong(f"{here}.price", "Comes to more than can be paid.")
            breaks.append(each)
            grams = each.up_to_g
        return Zone(zone["name"], frozenset(zone["countries"]), tuple(breaks))

    def surcharge(self, path: str, row: Sheet) -> Surcharge:
        if row["kind"] == PERCENT:
            if row["amount"] > HIGHEST_PERCENT or row["amount"] != round(row["amount"], 2):
                self.wrong(f"{path}.amount", f"Percent have two decimals at most, and are {HIGHEST_PERCENT} at most.")
            amount: int | None = round(row["amount"] * 100)
        else:
            amount = self.minor(f"{path}.amount", row["amount"])
        return Surcharge(row["name"], row["kind"], amount or 0, frozenset(row.get("special_goods") or ()), frozenset(row.get("areas") or ()))


def _grams(kg: Decimal | None) -> int | None:
    return None if kg is None else int(kg * 1000)


def _kg(grams: int | None) -> Decimal | None:
    return Decimal(grams) / 1000 if grams else None
