"""Keyset pages, newest first: each goes on behind the last row of the one before, so that the millionth row costs what the first did."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Table, literal, select, tuple_, union_all

from shared.kit.actor import Actor
from shared.kit.errors import Invalid
from shared.platform.columns import Id, UtcDateTime
from shared.platform.database import Transaction


def page(tx: Transaction, table: Table, columns: Sequence[ColumnElement[Any]], actor: Actor, data: Mapping[str, Any]) -> tuple[Sequence[Row[Any]], str | None]:
    """The rows of `table` that the actor may see and `data` (`ListTrades`, loaded) asks for, and the next page's cursor, None on the last.

    Invalid where the cursor is none of ours.
    """
    at, key = table.c.created_at, table.c.id
    wanted: list[ColumnElement[bool]] = []
    if "state" in data:
        wanted.append(table.c.state == data["state"])
    if data["period"] == "current_month":
        wanted.append(at >= tx.now.replace(day=1, hour=0, minute=0, second=0, microsecond=0))
    if "cursor" in data:
        last_at, last_key = _read(data["cursor"])
        wanted.append(tuple_(at, key) < tuple_(literal(last_at, UtcDateTime()), literal(last_key, Id())))
    one_more = data["limit"] + 1
    # One limited branch a role: each walks its own index, where an OR over both would walk neither.
    branches = [
        select(select(*columns, at, key).where(*mine, *wanted).order_by(at.desc(), key.desc()).limit(one_more).subquery())
        for mine in _mine(table, actor, data.get("role"))
    ]
    found = union_all(*branches).subquery()
    rows = tx.execute(select(found).order_by(found.c.created_at.desc(), found.c.id.desc()).limit(one_more)).all()
    if len(rows) < one_more:
        return rows, None
    rows = rows[:-1]
    return rows, _write(rows[-1].created_at, rows[-1].id)


def _mine(table: Table, actor: Actor, role: str | None) -> list[list[ColumnElement[bool]]]:
    if role is None and actor.is_operator:
        return [[]]
    return [[table.c[f"{each}_id"] == actor.id] for each in ((role,) if role else ("buyer", "supplier"))]


def _write(at: datetime, key: str) -> str:
    return urlsafe_b64encode(f"{at.isoformat()} {key}".encode()).decode()


def _read(cursor: str) -> tuple[datetime, str]:
    try:
        at, _, key = urlsafe_b64decode(cursor.encode("ascii")).decode("ascii").partition(" ")
        moment = datetime.fromisoformat(at)
        if moment.tzinfo is None:
            raise ValueError("a time without its offset")
        return moment, str(UUID(key))
    except ValueError as error:  # binascii's and both codecs' errors are ValueErrors as well
        raise Invalid("cursor_invalid", "The cursor is not one of ours.", {"cursor": ["Not a cursor that an earlier page gave."]}) from error
