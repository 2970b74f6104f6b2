"""What it costs to send packages by a channel, by the tariff that counts on the day."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date

from services.logistics.application import tariffs
from services.logistics.application.channel_list import CHANNELS
from services.logistics.domain.channels import Channel, Packages, chargeable_kg, goods_refusal, packages_refusal
from services.logistics.domain.refusal import Refusal
from services.logistics.domain.tariff import Consignment, Destination, Freight, price
from shared.platform.database import Transaction


def freight(
    tx: Transaction, channel_code: str, country: str, packages: Sequence[Packages], special_goods: Collection[str], at: date, postal_code: str = ""
) -> Freight | Refusal:
    """What the packages cost by the channel on the day, or why it does not take them there.

    Where a country has remote areas, only `postal_code` tells whether their surcharge is due.
    """
    consignment = Consignment(packages, Destination(country, postal_code), special_goods)
    return _refusal(channel_code, consignment) or _priced(tx, CHANNELS[channel_code], tariffs.in_force(tx, at), consignment)


def _refusal(channel_code: str, consignment: Consignment, incoterm: str | None = None) -> Refusal | None:
    """Why the channel cannot carry it."""
    packages, special_goods = consignment.packages, consignment.special_goods
    refusal = goods_refusal(CHANNELS, channel_code, incoterm, consignment.to.country, chargeable_kg(packages, None), special_goods)
    return refusal or packages_refusal(CHANNELS[channel_code], CHANNELS[channel_code].mode, packages, special_goods)


def _priced(tx: Transaction, channel: Channel, in_force: dict[str, str], consignment: Consignment) -> Freight | Refusal:
    if channel.code not in in_force:
        return Refusal("tariff_missing", f"{channel.name} has no tariff for this day.")
    return price(tariffs.find(tx, in_force[channel.code]), consignment, channel.cm3_per_kg)
