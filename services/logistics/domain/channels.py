"""A logistics channel, and whether it can carry given goods in given packages."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from services.logistics.domain.refusal import Refusal
from shared.kit.reference import SEA_INCOTERMS


@dataclass(frozen=True, slots=True)
class Channel:
    """A way to send goods. Masses in kg, lengths in cm. `cm3_per_kg` is the volume that is charged like one kilogram (None: volume does not
    count); `destinations` are ISO 3166-1 codes (None: every country). `online`: logistics order, waybill and label are made here, with the `carrier`."""

    code: str
    name: str
    mode: str
    shortest_transit_days: int
    longest_transit_days: int
    heaviest_kg: Decimal
    heaviest_package_kg: Decimal
    longest_side_cm: Decimal
    cm3_per_kg: Decimal | None
    special_goods: tuple[str, ...]
    destinations: tuple[str, ...] | None
    carrier: str | None = None
    online: bool = False


@dataclass(frozen=True, slots=True)
class Packages:
    """`count` packages alike: sides in cm, kg of one."""

    count: int
    sides_cm: tuple[Decimal, Decimal, Decimal]
    weight_kg: Decimal


def chargeable_kg(packages: Iterable[Packages], cm3_per_kg: Decimal | None) -> Decimal:
    """What a carrier charges and plans for, in kg: of each kind of package its weight or its volumetric weight, whichever is more."""
    total = Decimal(0)
    for each in packages:
        length, width, height = each.sides_cm
        volumetric = length * width * height / cm3_per_kg if cm3_per_kg else Decimal(0)
        total += each.count * max(each.weight_kg, volumetric)
    return total


def volumetric_kg(packages: Iterable[Packages], cm3_per_kg: Decimal) -> Decimal:
    """What the packages would weigh if each `cm3_per_kg` were a kilogram."""
    return sum((each.count * math.prod(each.sides_cm) for each in packages), start=Decimal(0)) / cm3_per_kg


def goods_refusal(
    channels: Mapping[str, Channel], code: str, incoterm: str | None, country: str, gross_mass_kg: Decimal, special_goods: Collection[str]
) -> Refusal | None:
    """Why the channel of this code cannot carry an order's goods to `country` under the Incoterm; None where it can."""
    channel = channels.get(code)
    if channel is None:
        return Refusal("channel_unknown", f"There is no logistics channel {code}.")
    if incoterm in SEA_INCOTERMS and channel.mode != "sea":
        return Refusal("mode_mismatch", f"{incoterm} is for carriage by sea; {channel.name} goes by {channel.mode}.")
    if channel.destinations is not None and country not in channel.destinations:
        return Refusal("destination_not_served", f"{channel.name} does not go to {country}.")
    return _special_goods(channel, special_goods) or _mass(channel, gross_mass_kg, "The goods weigh")


def packages_refusal(channel: Channel, mode: str, packages: Sequence[Packages], special_goods: Collection[str]) -> Refusal | None:
    """Why the channel cannot carry these packages by this mode; None where it can."""
    if mode != channel.mode:
        return Refusal("mode_mismatch", f"{channel.name} goes by {channel.mode}, the shipping notice says {mode}.")
    for number, each in enumerate(packages, 1):
        if each.weight_kg > channel.heaviest_package_kg:
            return Refusal(
                "package_too_heavy",
                f"Package {number} weighs {_plain(each.weight_kg)} kg; {channel.name} takes up to {_plain(channel.heaviest_package_kg)} kg each.",
            )
        longest = max(each.sides_cm)
        if longest > channel.longest_side_cm:
            return Refusal(
                "package_too_long", f"Package {number} is {_plain(longest)} cm long; {channel.name} takes up to {_plain(channel.longest_side_cm)} cm."
            )
    refusal = _special_goods(channel, special_goods) or _mass(channel, chargeable_kg(packages, None), "The packages weigh")
    return refusal or _mass(channel, chargeable_kg(packages, channel.cm3_per_kg), "By their volume the packages count as")


def slowness_refusal(channel: Channel, sent_on: date, wanted_by: date | None) -> Refusal | None:
    """Why the channel cannot promise to be there by a day; None where it can, or none is named."""
    there_by = sent_on + timedelta(channel.longest_transit_days)
    if wanted_by is None or there_by <= wanted_by:
        return None
    days = f"{channel.shortest_transit_days} to {channel.longest_transit_days} days"
    return Refusal("too_slow", f"{channel.name} takes {days}: sent on {sent_on}, it may be there on {there_by} only, after {wanted_by}.")


def _special_goods(channel: Channel, special_goods: Collection[str]) -> Refusal | None:
    refused = sorted(set(special_goods).difference(channel.special_goods))
    return Refusal("special_goods_not_taken", f"{channel.name} does not take: {', '.join(refused)}.") if refused else None


def _mass(channel: Channel, mass_kg: Decimal, weigh: str) -> Refusal | None:
    if mass_kg <= channel.heaviest_kg:
        return None
    return Refusal("too_heavy", f"{weigh} {_plain(mass_kg)} kg; {channel.name} takes up to {_plain(channel.heaviest_kg)} kg.")


def _plain(number: Decimal) -> str:
    return f"{round(number, 3):,f}".rstrip("0").rstrip(".") if number % 1 else f"{number:,.0f}"
