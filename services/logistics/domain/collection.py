"""How a parcel gets from its sender to a warehouse: fetched where a warehouse collects, otherwise sent to a transit warehouse, or as was arranged by hand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from services.logistics.domain.logistics_order import DROP_OFF, PICKUP
from services.logistics.domain.numbers import comparable
from services.logistics.domain.refusal import Refusal


@dataclass(frozen=True, slots=True)
class Area:
    """Postal codes that begin with something from `first` to `last`, both as long: 518 to 523 has 518000 and 523808 in it."""

    first: str
    last: str

    def covers(self, postal_code: str) -> bool:
        return self.first <= postal_code[: len(self.first)] <= self.last

    def overlaps(self, other: Area) -> bool:
        length = min(len(self.first), len(other.first))
        return self.first[:length] <= other.last[:length] and other.first[:length] <= self.last[:length]


@dataclass(frozen=True, slots=True)
class Warehouse:
    """`collects` are the areas it fetches parcels in; `transit` those whose parcels are sent to it, None where it takes none, empty for the whole country."""

    code: str
    name: str
    street: str
    city: str
    region: str
    postal_code: str
    country: str
    phone: str
    opening_hours: str
    collects: tuple[Area, ...]
    transit: tuple[Area, ...] | None

    def as_data(self) -> dict[str, str]:
        """Where it is and when it is open, as JSON."""
        return {name: getattr(self, name) for name in ("code", "name", "street", "city", "region", "postal_code", "country", "phone", "opening_hours")}

    @property
    def address(self) -> str:
        """In one line."""
        return f"{self.name}, {self.street}, {self.postal_code} {self.city}, {self.country}"


@dataclass(frozen=True, slots=True)
class Collection:
    """Which warehouse has the parcel, and what the sender is to do, sentence by sentence."""

    warehouse: Warehouse
    instructions: tuple[str, ...]


def match(warehouses: Sequence[Warehouse], way: str, country: str, postal_code: str) -> Collection | Refusal:
    """The warehouse for a parcel that is at this address, or why this way is none for it and which is."""
    there = [each for each in warehouses if each.country == country]
    code = comparable(postal_code)
    collecting = next((each for each in there if any(area.covers(code) for area in each.collects)), None)
    transit = _transit(there, code)
    if way == PICKUP:
        return Collection(collecting, _fetched(collecting)) if collecting else _outside(postal_code or country, transit)
    nearest = transit if way == DROP_OFF else collecting or transit
    if nearest is None:
        return Refusal("no_warehouse", f"There is no warehouse in {country}: agree with the buyer on a channel that is not booked online.")
    return Collection(nearest, _sent(nearest) if way == DROP_OFF else _arranged(nearest))


def _transit(there: Sequence[Warehouse], code: str) -> Warehouse | None:
    """The one for this area, or the one for all of the country."""
    taking = [each for each in there if each.transit is not None]
    return next((each for each in taking if any(area.covers(code) for area in each.transit or ())), None) or next(
        (each for each in taking if not each.transit), None
    )


def _outside(place: str, transit: Warehouse | None) -> Refusal:
    ways = f'send it to the transit warehouse (way "drop_off"): {transit.address}' if transit else "agree with the buyer on a channel that is not booked online"
    asked = f', or ask it on {transit.phone} whether it comes (way "arranged")' if transit else ""
    return Refusal("outside_pickup_range", f"No warehouse collects in {place}: {ways}{asked}.")


def _fetched(warehouse: Warehouse) -> tuple[str, ...]:
    return (
        "Put the label on the parcel and have it ready.",
        f"{warehouse.name} ({warehouse.phone}) fetches it at the address given, {warehouse.opening_hours}.",
    )


def _sent(warehouse: Warehouse) -> tuple[str, ...]:
    return (
        "Pack it in two layers: the inner one is the international parcel with its label, the outer one is for the domestic carrier.",
        f"Send it by a domestic carrier to {warehouse.address} ({warehouse.phone}, {warehouse.opening_hours}).",
        "Tell the domestic carrier's tracking number here: the warehouse strips the outer layer and scans the parcel in by it or by the waybill.",
    )


def _arranged(warehouse: Warehouse) -> tuple[str, ...]:
    return (
        f"Arrange with {warehouse.name} on {warehouse.phone} ({warehouse.opening_hours}) when it fetches the parcel.",
        "Put the label on the parcel and have it ready. If it cannot come, void this logistics order and send the parcel to a transit warehouse.",
    )
