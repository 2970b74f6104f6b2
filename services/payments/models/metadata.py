"""What the tables of payments belong to."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import MetaData

metadata = MetaData()


def one_of(column: str, values: Iterable[str]) -> str:
    """The condition that the column has one of the values."""
    return f"{column} IN ({', '.join(map(repr, values))})"
