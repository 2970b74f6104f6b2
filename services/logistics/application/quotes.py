"""What it costs to send packages: by every channel that can carry them, or by one; by the tariffs that count on the day."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date, timedelta
from decimal import ROUND_UP, Decimal
from typing import Any

from services.logistics.application import tariffs
from services.logistics.application.channel_list import CHANNELS
from services.logistics.domain.channels import Channel, Packages, chargeable_kg, goods_refusal, packages_refusal, slowness_refusal, volumetric_kg
from services.logistics.domain.refusal import Refusal
from services.logistics.domain.tariff import Consignment, Destination, Freight, Tariff, price
from shared.kit.errors import Invalid
from shared.kit.money import Money
from shared.platform.calls import Call
from shared.platform.database import Transaction

_GRAM = Decimal("0.001")


def quote(tx: Transaction, call: Call) -> dict[str, Any]:
    """Every channel that can carry it, the cheapest first, and why the others cannot."""
    call.require_actor()
    asked, today = call.data, tx.now.date()
    wanted_by: date | None = asked.get("wanted_by")
    if wanted_by and wanted_by < today:
        raise Invalid("invalid_fields", "Some fields are missing or wrong.", {"wanted_by": ["Is in the past."]})
    packages = [Packages(each["count"], (each["length_cm"], each["width_cm"], each["height_cm"]), each["weight_kg"]) for each in asked["packages"]]
    consignment = Consignment(packages, Destination(**asked["destination"]), asked.get("special_goods") or (), asked.get("value"))
    in_force = tariffs.in_force(tx, today)
    items, refused = list[dict[str, Any]](), list[dict[str, Any]]()
    for channel in CHANNELS.values():
        found = (
            _refusal(channel.code, consignment, asked.get("incoterm"))
            or slowness_refusal(channel, today, wanted_by)
            or _priced(tx, channel, in_force, consignment)
        )
        if isinstance(found, Refusal):
            refused.append({"channel": channel.code, "name": channel.name, "reason": found.reason, "message": found.message})
        else:
            items.append(_item(channel, tariffs.find(tx, found.tariff_id), found, packages, today))
    items.sort(key=lambda item: (item["price"].currency, item["price"].minor, item["estimated_arrival"], item["channel"]))
    return {"quoted_on": today, "items": items, "refused": refused}


def freight(
    tx: Transaction,
    channel_code: str,
    country: str,
    packages: Sequence[Packages],
    special_goods: Collection[str],
    at: date,
    postal_code: str = "",
    value: Money | None = None,
) -> Freight | Refusal:
    """What the packages cost by the channel on the day, or why it does not take them, or goods of this `value`, there.

    Where a country has remote areas, only `postal_code` tells whether their surcharge is due.
    """
    consignment = Consignment(packages, Destination(country, postal_code), special_goods, value)
    return _refusal(channel_code, consignment) or _priced(tx, CHANNELS[channel_code], tariffs.in_force(tx, at), consignment)


def _refusal(channel_code: str, consignment: Consignment, incoterm: str | None = None) -> Refusal | None:
    """Why the channel cannot carry it."""
    packages, special_goods = consignment.packages, consignment.special_goods
    refusal = goods_refusal(CHANNELS, channel_code, incoterm, consignment.to.country, chargeable_kg(packages, None), special_goods)
    return refusal or packages_refusal(CHANNELS[channel_code], CHANNELS[channel_code].mode, packages, special_goods)


def _priced(tx: Transaction, channel: Channel, in_force: Mapping[str, str], consignment: Consignment) -> Freight | Refusal:
    if channel.code not in in_force:
        return Refusal("tariff_missing", f"{channel.name} has no tariff for this day.")
    return price(tariffs.find(tx, in_force[channel.code]), consignment, channel.cm3_per_kg)


def _item(channel: Channel, tariff: Tariff, found: Freight, packages: Sequence[Packages], today: date) -> dict[str, Any]:
    highest = tariff.highest_value
    return {
        "channel": channel.code,
        "name": channel.name,
        "mode": channel.mode,
        "carrier": channel.carrier,
        "online": channel.online,
        "price": found.price,
        "base": found.base,
        "surcharges": found.surcharges,
        "billable_kg": found.billable_kg,
        "actual_kg": chargeable_kg(packages, None),
        "volumetric_kg": channel.cm3_per_kg and volumetric_kg(packages, channel.cm3_per_kg).quantize(_GRAM, ROUND_UP),
        "cm3_per_kg": channel.cm3_per_kg,
        "transit_days": {"shortest": channel.shortest_transit_days, "longest": channel.longest_transit_days},
        "estimated_arrival": today + timedelta(channel.longest_transit_days),
        "limits": {
            "heaviest_kg": channel.heaviest_kg,
            "heaviest_package_kg": channel.heaviest_package_kg,
            "longest_side_cm": channel.longest_side_cm,
            "special_goods": channel.special_goods,
            "highest_value": highest and Money(highest, tariff.currency),
        },
        "tariff_id": found.tariff_id,
    }
