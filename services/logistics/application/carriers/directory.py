"""Which carriers there are (`data/carriers.csv`), how they are reached (settings), and which of them has a parcel."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from importlib import resources
from urllib.parse import quote

from services.logistics.application.carriers.couriers import Dhl, FedEx, Ups
from services.logistics.application.carriers.port import Carrier
from services.logistics.application.carriers.standard import StandardCarrier
from services.logistics.application.channel_list import CHANNELS
from services.logistics.domain.numbers import comparable
from services.logistics.domain.waybills import recognise
from shared.platform.settings import settings


@dataclass(frozen=True, slots=True)
class Entry:
    """A carrier that everybody knows; `website` shows a parcel, with `{number}` for its number."""

    code: str
    name: str
    website: str

    def page(self, number: str) -> str:
        return self.website.replace("{number}", quote(comparable(number).upper(), safe=""))


APIS: dict[str, type[StandardCarrier]] = {"standard": StandardCarrier, "dhl": Dhl, "fedex": FedEx, "ups": Ups}
"""What `CARRIER_<CODE>_API` names."""

DIRECTORY = {
    row["code"]: Entry(**row)
    for row in csv.DictReader(resources.files("services.logistics").joinpath("data/carriers.csv").read_text(encoding="utf-8").splitlines(), strict=True)
}


def carrier(code: str) -> Carrier:
    """The carrier, reached as the settings say: one that they do not name can neither be asked nor believed."""
    access = dict(settings().carriers.get(code, {}))
    return APIS[access.pop("api", "standard")](code, **access)


def polled() -> list[str]:
    """The carriers that are asked."""
    return [code for code, access in settings().carriers.items() if access.get("url")]


def carrier_of(channel: str, waybill: str) -> str | None:
    """Who has the parcel: the channel's own carrier, or the only one whose number it can be; None where nothing says so."""
    found = _by_number(channel, waybill)
    return CHANNELS[channel].carrier or (found.pop() if len(found) == 1 else None)


def may_have(sender: str, channel: str, waybill: str) -> bool:
    """Whether what the sender tells of the waybill number is about this shipment. The parcels of a carrier that everybody knows are known by their channel
    or number; what nobody is known to have, a shipping line's containers say, anybody else may have."""
    owner = carrier_of(channel, waybill)
    return sender == owner if owner else sender not in DIRECTORY or sender in _by_number(channel, waybill)


def _by_number(channel: str, waybill: str) -> set[str]:
    """Whose number it can be, of what goes by courier or post: a bill of lading may look like a courier's number by chance."""
    return {each.carrier for each in recognise(waybill) if each.valid} if CHANNELS[channel].mode in ("express", "post") else set()
