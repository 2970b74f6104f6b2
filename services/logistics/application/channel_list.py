"""The channels on offer, read from `data/channels.csv` when the service starts; a wrong row stops it there."""

from __future__ import annotations

import csv
from collections.abc import Collection, Iterable, Mapping
from decimal import Decimal, InvalidOperation
from importlib import resources
from typing import Any

from services.logistics.domain.channels import Channel
from shared.contracts.fields import COUNTRIES
from shared.contracts.trade import MODES, SPECIAL_GOODS

CARRIERS = ("dhl", "ups", "tnt", "fedex", "post")


def read_channels(lines: Iterable[str]) -> dict[str, Channel]:
    """Channels by code from CSV with a header; lists are separated by spaces, an empty cell is no limit. ValueError names a wrong row."""
    channels: dict[str, Channel] = {}
    for number, row in enumerate(csv.DictReader(lines, strict=True), 2):
        try:
            channel = _channel(row)
            if channel.code in channels:
                raise ValueError(f"{channel.code} stands there twice")
        except (ValueError, InvalidOperation, KeyError) as error:
            raise ValueError(f"channels, line {number}: {error!r}") from error
        channels[channel.code] = channel
    return channels


def _channel(row: Mapping[Any, Any]) -> Channel:
    if None in row or None in row.values():
        raise ValueError("it has not as many cells as the header")
    if not (row["code"] and row["name"] and row["mode"] in MODES):
        raise ValueError("code, name and a known mode are needed")
    shortest, longest = int(row["shortest_transit_days"]), int(row["longest_transit_days"])
    if not 0 < shortest <= longest:
        raise ValueError("transit days are out of order")
    if row["carrier"] and row["carrier"] not in CARRIERS:
        raise ValueError(f"unknown carrier: {row['carrier']}")
    if row["online"] not in (("yes", "no") if row["carrier"] else ("no",)):
        raise ValueError("online is yes or no, and yes only with a carrier")
    return Channel(
        code=row["code"],
        name=row["name"],
        mode=row["mode"],
        shortest_transit_days=shortest,
        longest_transit_days=longest,
        heaviest_kg=_positive(row["heaviest_kg"]),
        heaviest_package_kg=_positive(row["heaviest_package_kg"]),
        longest_side_cm=_positive(row["longest_side_cm"]),
        cm3_per_kg=_positive(row["cm3_per_kg"]) if row["cm3_per_kg"] else None,
        special_goods=_codes(row["special_goods"], SPECIAL_GOODS),
        destinations=_codes(row["destinations"], COUNTRIES) or None,
        carrier=row["carrier"] or None,
        online=row["online"] == "yes",
    )


def _positive(text: str) -> Decimal:
    number = Decimal(text)
    if not number > 0:
        raise ValueError(f"{text} is not above zero")
    return number


def _codes(text: str, known: Collection[str]) -> tuple[str, ...]:
    codes = tuple(text.split())
    if unknown := sorted(set(codes).difference(known)):
        raise ValueError(f"unknown: {', '.join(unknown)}")
    return codes


CHANNELS = read_channels(resources.files("services.logistics").joinpath("data/channels.csv").read_text(encoding="utf-8").splitlines())
