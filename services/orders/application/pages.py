"""Keyset pages, newest or oldest first: each goes on behind the last row of the one before, so that the millionth row costs what the first did."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Integer, Row, Select, Table, bindparam, select, tuple_, union_all

from shared.contracts.operations import OLDEST
from shared.kit.actor import Actor
from shared.kit.errors import Invalid
from shared.platform.columns import Id, UtcDateTime
from shared.platform.database import Transaction


def page(tx: Transaction, table: Table, columns: tuple[str, ...], actor: Actor, data: Mapping[str, Any]) -> tuple[Sequence[Row[Any]], str | None]:
    """The rows of `table` that the actor may see and `data` (`ListTrades`, loaded) asks for, and the next page's cursor, None on the last.

    Invalid where the cursor is none of ours.
    """
    wanted = {"one_more": data["limit"] + 1, "mine": actor.id}
    if "state" in data:
        wanted["state"] = data["state"]
    if data["period"] == "current_month":
        wanted["since"] = tx.now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    if "cursor" in data:
        wanted["last_at"], wanted["last_key"] = _read(data["cursor"])
    everybody = actor.is_operator and "role" not in data
    roles = () if everybody else (data["role"],) if "role" in data else ("buyer", "supplier")
    rows = tx.execute(_statement(table, columns, roles, frozenset(wanted), data["sort"] == OLDEST), wanted).all()
    if len(rows) <= data["limit"]:
        return rows, None
    rows = rows[:-1]
    return rows, _write(rows[-1].created_at, rows[-1].id)


@cache
def _statement(table: Table, columns: tuple[str, ...], roles: tuple[str, ...], wanted: frozenset[str], oldest_first: bool) -> Select[Any]:
    """One limited branch a role: each walks its own index, where an OR over both would walk neither. Without roles everybody's rows."""
    at, key = table.c.created_at, table.c.id
    place, last = tuple_(at, key), tuple_(bindparam("last_at", type_=UtcDateTime()), bindparam("last_key", type_=Id()))
    filters: dict[str, ColumnElement[bool]] = {
        "state": table.c.state == bindparam("state"),
        "since": at >= bindparam("since"),
        "last_at": place > last if oldest_first else place < last,
    }
    asked = [condition for name, condition in filters.items() if name in wanted]
    mine = [[table.c[f"{role}_id"] == bindparam("mine")] for role in roles] or [[]]
    shown, most = [table.c[name] for name in (*columns, "created_at", "id")], bindparam("one_more", type_=Integer)
    branches = [select(select(*shown).where(*own, *asked).order_by(*_in_order(oldest_first, at, key)).limit(most).subquery()) for own in mine]
    found = union_all(*branches).subquery()
    return select(found).order_by(*_in_order(oldest_first, found.c.created_at, found.c.id)).limit(most)


def _in_order(oldest_first: bool, *columns: ColumnElement[Any]) -> list[ColumnElement[Any]]:
    return [column.asc() if oldest_first else column.desc() for column in columns]


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
