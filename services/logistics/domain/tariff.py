"""A channel's tariff and what a consignment costs by it. Masses are whole grams and prices minor units: the same question has the same answer always."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import ROUND_CEILING, Decimal
from functools import cached_property
from operator import attrgetter

from services.logistics.domain.channels import Packages, chargeable_kg
from services.logistics.domain.numbers import comparable
from services.logistics.domain.refusal import Refusal
from shared.kit.money import Money

ELSEWHERE = "*"
"""Stands in a zone for every country that no other zone names."""

PERCENT, FIXED, PER_KG = KINDS = ("percent", "fixed", "per_kg")


@dataclass(frozen=True, slots=True)
class Break:
    """What costs `price` up to `up_to_g`, from the break before it on: all of it, or (`each_g`) each so many grams begun beyond the break before."""

    up_to_g: int
    price: int
    each_g: int | None = None

    def cost(self, grams: int, before_g: int, before: int) -> int:
        """Of so many grams, where the break before ends at `before_g` with the price `before`."""
        return self.price if self.each_g is None else before + self.price * -((before_g - grams) // self.each_g)


@dataclass(frozen=True)
class Zone:
    """Countries with the same prices; breaks by mass."""

    name: str
    countries: frozenset[str]
    breaks: tuple[Break, ...]

    @cached_property
    def edges(self) -> tuple[int, ...]:
        """What is paid at the end of each break."""
        return tuple(self._edges())

    def cost(self, grams: int) -> int | None:
        """None beyond the last break."""
        place = bisect_left(self.breaks, grams, key=attrgetter("up_to_g"))
        if place == len(self.breaks):
            return None
        before = (self.breaks[place - 1].up_to_g, self.edges[place - 1]) if place else (0, 0)
        return self.breaks[place].cost(grams, *before)

    def _edges(self) -> Iterator[int]:
        grams = cost = 0
        for each in self.breaks:
            cost = each.cost(each.up_to_g, grams, cost)
            grams = each.up_to_g
            yield cost


@dataclass(frozen=True, slots=True)
class Destination:
    country: str
    postal_code: str = ""

    def within(self, area: str) -> bool:
        """An area is a country (`NO`) or what its postal codes begin with (`GB-HS`)."""
        country, _, prefix = area.partition("-")
        return country == self.country and comparable(self.postal_code).startswith(comparable(prefix))


@dataclass(frozen=True, slots=True)
class Consignment:
    """What is to be sent where; `value` is the goods' own."""

    packages: Sequence[Packages]
    to: Destination
    special_goods: Collection[str] = ()
    value: Money | None = None


@dataclass(frozen=True, slots=True)
class Surcharge:
    """`amount` is in hundredths of a percent of the freight, or in minor units. It is due for these goods to these areas: none named, for all."""

    name: str
    kind: str
    amount: int
    special_goods: frozenset[str] = frozenset()
    areas: frozenset[str] = frozenset()

    def applies(self, consignment: Consignment) -> bool:
        goods = not self.special_goods or not self.special_goods.isdisjoint(consignment.special_goods)
        return goods and (not self.areas or any(map(consignment.to.within, self.areas)))

    def charge(self, base: Money, billable_kg: Decimal) -> Money:
        """Rounded by itself, so that what is told adds up."""
        if self.kind == PERCENT:
            return base.times(Decimal(self.amount).scaleb(-4))
        return Money(self.amount, base.currency).times(billable_kg if self.kind == PER_KG else 1)


@dataclass(frozen=True)
class Tariff:
    """Good from one day to another, both included. A consignment counts `minimum_g` at least, rounded up to `step_g`; worth `highest_value` at most."""

    channel: str
    currency: str
    valid_from: date
    valid_until: date | None
    zones: tuple[Zone, ...]
    surcharges: tuple[Surcharge, ...] = ()
    step_g: int = 1
    minimum_g: int = 0
    highest_value: int | None = None
    id: str = field(default="", compare=False)

    @cached_property
    def by_country(self) -> Mapping[str, Zone]:
        return {country: zone for zone in self.zones for country in zone.countries}

    def billable_g(self, packages: Sequence[Packages], cm3_per_kg: Decimal | None) -> int:
        """What the packages count as. A volume's share of a kilogram has no end in decimals: a millionth of a gram is no further step."""
        counted = round(chargeable_kg(packages, cm3_per_kg) * 1000, 6)
        return int((max(counted, Decimal(self.minimum_g)) / self.step_g).to_integral_value(ROUND_CEILING)) * self.step_g


@dataclass(frozen=True, slots=True)
class Charge:
    name: str
    amount: Money


@dataclass(frozen=True, slots=True)
class Freight:
    """What a consignment costs in all, and how the tariff of this id made it: freight for the billable mass, and surcharges."""

    price: Money
    base: Money
    billable_kg: Decimal
    surcharges: tuple[Charge, ...]
    tariff_id: str


def price(tariff: Tariff, consignment: Consignment, cm3_per_kg: Decimal | None) -> Freight | Refusal:
    """What the consignment costs by a channel's tariff; why not, where the tariff has no price for it."""
    country, value = consignment.to.country, consignment.value
    zone = tariff.by_country.get(country) or tariff.by_country.get(ELSEWHERE)
    if zone is None:
        return Refusal("destination_not_priced", f"The tariff of {tariff.channel} has no prices for {country}.")
    if value and tariff.highest_value and value.currency == tariff.currency and value.minor > tariff.highest_value:
        return Refusal("value_too_high", f"The goods are worth {value}; {tariff.channel} takes up to {Money(tariff.highest_value, tariff.currency)}.")
    grams = tariff.billable_g(consignment.packages, cm3_per_kg)
    billable_kg, cost = Decimal(grams) / 1000, zone.cost(grams)
    if cost is None:
        ends = Decimal(zone.breaks[-1].up_to_g) / 1000
        return Refusal("mass_not_priced", f"The packages count as {billable_kg:f} kg; the tariff of {tariff.channel} for zone {zone.name} ends at {ends:f} kg.")
    base = total = Money(cost, tariff.currency)
    charges = tuple(Charge(each.name, each.charge(base, billable_kg)) for each in tariff.surcharges if each.applies(consignment))
    for each in charges:
        total += each.amount
    return Freight(total, base, billable_kg, charges, tariff.id)
