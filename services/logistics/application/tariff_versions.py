"""What operators do with tariffs: put a new one beside those there are, look at them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Select, func, select

from services.logistics.application import tariffs
from services.logistics.application.channel_list import CHANNELS
from services.logistics.domain.tariff_sheet import read_tariff, sheet_of
from services.logistics.models import tariff_breaks, tariff_countries, tariffs as table
from shared.kit.errors import NotFound
from shared.platform.calls import Call
from shared.platform.database import Transaction

_zones = select(func.count(tariff_countries.c.zone.distinct())).where(tariff_countries.c.tariff_id == table.c.id).scalar_subquery()
_breaks = select(func.count()).where(tariff_breaks.c.tariff_id == table.c.id).scalar_subquery()
_VERSIONS: Select[Any] = select(table, _zones.label("zones"), _breaks.label("breaks")).order_by(
    table.c.channel, table.c.valid_from.desc(), table.c.revision.desc()
)


def put_tariff(tx: Transaction, call: Call) -> dict[str, Any]:
    """Add the channel's tariff."""
    actor = call.require_actor("operator")
    channel = call.data["channel"]
    if channel not in CHANNELS:
        raise _unknown(channel)
    made, _ = tariffs.add(tx, read_tariff(channel, call.data), actor.id)
    return versions(tx, _VERSIONS.where(table.c.id == made))[0]


def list_tariffs(tx: Transaction, call: Call) -> dict[str, Any]:
    """All versions, or those of a channel, the last to begin first."""
    call.require_actor("operator")
    channel = call.data.get("channel")
    return {"items": versions(tx, _VERSIONS.where(table.c.channel == channel) if channel else _VERSIONS)}


def get_tariff(tx: Transaction, call: Call) -> dict[str, Any]:
    """One tariff in full: by its id, or the channel's that is in force. NotFound where the channel has no such one."""
    call.require_actor("operator")
    return whole(tx, call.data["channel"], call.data.get("tariff_id"))


def versions(tx: Transaction, asked: Select[Any] = _VERSIONS) -> list[dict[str, Any]]:
    """As rows of the list."""
    in_force = set(tariffs.in_force(tx, tx.now.date()).values())
    return [{**row._mapping, "in_force": row.id in in_force} for row in tx.execute(asked)]


def whole(tx: Transaction, channel: str, tariff_id: str | None) -> dict[str, Any]:
    """A tariff as its sheet."""
    if channel not in CHANNELS:
        raise _unknown(channel)
    mine = select(table.c.id).where(table.c.channel == channel, table.c.id == tariff_id)
    found = tx.execute(mine).scalar_one_or_none() if tariff_id else tariffs.in_force(tx, tx.now.date()).get(channel)
    if found is None:
        raise NotFound("tariff_not_found", f"{channel} has no such tariff." if tariff_id else f"{channel} has no tariff for today.")
    return {"id": found, "channel": channel, **sheet_of(tariffs.find(tx, found))}


def _unknown(channel: str) -> NotFound:
    return NotFound("channel_unknown", f"There is no logistics channel {channel}.")
