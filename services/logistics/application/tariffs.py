"""The channels' tariffs as rows: which one counts on a day, and a new one beside those there are. What was read is kept, since a tariff never changes."""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from typing import Any

from sqlalchemy import Date, bindparam, func, insert, or_, select

from services.logistics.domain.tariff import Break, Surcharge, Tariff, Zone
from services.logistics.models import tariff_breaks, tariff_countries, tariff_surcharges, tariffs
from shared.kit.errors import Conflict, Invalid
from shared.kit.ids import new_id
from shared.platform.columns import Id
from shared.platform.database import Transaction

KEPT = 200
"""Tariffs in memory, at most."""

_DAY, _ID = bindparam("day", type_=Date), bindparam("tariff", type_=Id())
_LAST = func.row_number().over(partition_by=tariffs.c.channel, order_by=(tariffs.c.valid_from.desc(), tariffs.c.revision.desc()))
_VALID = (
    select(tariffs.c.id, tariffs.c.channel, _LAST.label("place"))
    .where(tariffs.c.valid_from <= _DAY, or_(tariffs.c.valid_until.is_(None), tariffs.c.valid_until >= _DAY))
    .subquery()
)
_IN_FORCE = select(_VALID.c.id, _VALID.c.channel).where(_VALID.c.place == 1)
_HEAD = select(tariffs).where(tariffs.c.id == _ID)
_COUNTRIES = select(tariff_countries.c.zone, tariff_countries.c.country).where(tariff_countries.c.tariff_id == _ID)
_BREAKS = (
    select(tariff_breaks.c.zone, tariff_breaks.c.up_to_g, tariff_breaks.c.price, tariff_breaks.c.each_g)
    .where(tariff_breaks.c.tariff_id == _ID)
    .order_by(tariff_breaks.c.zone, tariff_breaks.c.up_to_g)
)
_SURCHARGES = select(tariff_surcharges).where(tariff_surcharges.c.tariff_id == _ID).order_by(tariff_surcharges.c.position)

_kept: dict[str, Tariff] = {}


def in_force(tx: Transaction, day: date) -> dict[str, str]:
    """The id of the tariff that counts on the day, by channel: of those that are valid the one that begins last."""
    return {row.channel: row.id for row in tx.execute(_IN_FORCE, {"day": day})}


def find(tx: Transaction, tariff_id: str) -> Tariff:
    """The tariff of this id."""
    found = _kept.get(tariff_id)
    if found is None:
        found = _read(tx, tariff_id)
        while len(_kept) >= KEPT:
            del _kept[next(iter(_kept))]
        _kept[tariff_id] = found
    return found


def add(tx: Transaction, tariff: Tariff, by: str) -> tuple[str, bool]:
    """The tariff's id, and whether it is new: loaded again, unchanged, it is what it was.

    Invalid where it would begin in the past, beside tariffs that made prices since; the first of a channel may. Conflict where another one came in between.
    """
    mine = select(tariffs.c.id, tariffs.c.valid_from, tariffs.c.revision).where(tariffs.c.channel == tariff.channel).order_by(tariffs.c.revision.desc())
    others = tx.execute(mine).all()
    same_day = next((each for each in others if each.valid_from == tariff.valid_from), None)
    if same_day and find(tx, same_day.id) == tariff:
        return same_day.id, False
    if others and tariff.valid_from < (today := tx.now.date()):
        words = f"Has to be {today} or later: {tariff.channel} has a tariff, and prices were made by it."
        raise Invalid("tariff_begins_in_the_past", "A tariff replaces another from today on, or later.", {"valid_from": [words]})
    made = new_id()
    values = {
        "id": made,
        "channel": tariff.channel,
        "valid_from": tariff.valid_from,
        "valid_until": tariff.valid_until,
        "revision": same_day.revision + 1 if same_day else 1,
        "currency": tariff.currency,
        "step_g": tariff.step_g,
        "minimum_g": tariff.minimum_g,
        "highest_value": tariff.highest_value,
        "loaded_at": tx.now,
        "loaded_by": by,
    }
    if not tx.insert_once(tariffs, values):
        raise Conflict("tariff_changed", f"Another tariff of {tariff.channel} was loaded at the same time; look at it and load yours again.")
    _add_parts(tx, made, tariff)
    return made, True


def _add_parts(tx: Transaction, tariff_id: str, tariff: Tariff) -> None:
    countries = [{"zone": zone.name, "country": country} for zone in tariff.zones for country in zone.countries]
    breaks = [{"zone": zone.name, "up_to_g": each.up_to_g, "price": each.price, "each_g": each.each_g} for zone in tariff.zones for each in zone.breaks]
    surcharges = [
        {
            "position": position,
            "name": each.name,
            "kind": each.kind,
            "amount": each.amount,
            "special_goods": sorted(each.special_goods),
            "areas": sorted(each.areas),
        }
        for position, each in enumerate(tariff.surcharges)
    ]
    for table, rows in ((tariff_countries, countries), (tariff_breaks, breaks), (tariff_surcharges, surcharges)):
        if rows:
            tx.execute(insert(table), [{"tariff_id": tariff_id, **row} for row in rows])


def _read(tx: Transaction, tariff_id: str) -> Tariff:
    asked: dict[str, Any] = {"tariff": tariff_id}
    head = tx.execute(_HEAD, asked).one()
    countries, breaks = defaultdict[str, set[str]](set), defaultdict[str, list[Break]](list)
    for row in tx.execute(_COUNTRIES, asked):
        countries[row.zone].add(row.country)
    for row in tx.execute(_BREAKS, asked):
        breaks[row.zone].append(Break(row.up_to_g, row.price, row.each_g))
    return Tariff(
        channel=head.channel,
        currency=head.currency,
        valid_from=head.valid_from,
        valid_until=head.valid_until,
        zones=tuple(Zone(name, frozenset(countries[name]), tuple(breaks[name])) for name in sorted(breaks)),
        surcharges=tuple(
            Surcharge(each.name, each.kind, each.amount, frozenset(each.special_goods), frozenset(each.areas)) for each in tx.execute(_SURCHARGES, asked)
        ),
        step_g=head.step_g,
        minimum_g=head.minimum_g,
        highest_value=head.highest_value,
        id=head.id,
    )
