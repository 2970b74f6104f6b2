"""Pages of a list, newest or oldest first, of rows whose ids are ordered in time (UUIDv7): the last one's id says where a page ended."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Table, select

from shared.contracts.operations import OLDEST
from shared.kit.errors import Invalid
from shared.platform.database import Transaction


def page(
    tx: Transaction, table: Table, conditions: Sequence[ColumnElement[bool]], data: Mapping[str, Any], *further: ColumnElement[Any]
) -> tuple[Sequence[Row[Any]], str | None]:
    """The rows, with `further` columns, that meet the conditions on the page that `data` (a `PageRequest`, loaded) asks for, and the next page's cursor, None on the last.

    Invalid `cursor_invalid`.
    """
    key, oldest_first, last = table.c.id, data["sort"] == OLDEST, _read(data["cursor"]) if "cursor" in data else None
    behind = [key > last if oldest_first else key < last] if last else []
    order = key.asc() if oldest_first else key.desc()
    rows = tx.execute(select(table, *further).where(*conditions, *behind).order_by(order).limit(data["limit"] + 1)).all()
    if len(rows) <= data["limit"]:
        return rows, None
    return rows[:-1], _write(rows[-2].id)


def _write(id: str) -> str:
    return urlsafe_b64encode(UUID(id).bytes).rstrip(b"=").decode()


def _read(cursor: str) -> str:
    try:
        return str(UUID(bytes=urlsafe_b64decode(cursor + "==")))
    except ValueError as error:
        raise Invalid("cursor_invalid", "This cursor is not one that a page ended with.", {"cursor": ["Not a cursor of this list."]}) from error
