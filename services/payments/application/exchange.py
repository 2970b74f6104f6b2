"""The rate table: read, added to, and asked what an amount comes to."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, Row, func, or_, select

from services.payments.domain import exchange
from services.payments.domain.exchange import Found, Rate
from services.payments.models import exchange_rates
from shared.platform.database import Transaction


def rates_at(tx: Transaction, at: Any, *conditions: ColumnElement[bool]) -> list[Rate]:
    """The rows that are valid at the time, the latest to begin of each pair."""
    begun = exchange_rates.c.valid_from <= at
    valid = or_(exchange_rates.c.valid_until.is_(None), exchange_rates.c.valid_until > at)
    place = func.row_number().over(partition_by=(exchange_rates.c.base, exchange_rates.c.quote), order_by=exchange_rates.c.valid_from.desc())
    ranked = select(exchange_rates, place.label("place")).where(begun, valid, *conditions).subquery()
    rows = tx.execute(select(ranked).where(ranked.c.place == 1).order_by(ranked.c.base, ranked.c.quote))
    return [_rate(row) for row in rows]


def find(tx: Transaction, base: str, quote: str) -> Found:
    """The rate between the two now; Conflict `no_exchange_rate`."""
    either = [column.in_((base, quote)) for column in (exchange_rates.c.base, exchange_rates.c.quote)]
    return exchange.find(rates_at(tx, tx.now, or_(*either)), base, quote)


def _rate(row: Row[Any]) -> Rate:
    return Rate(row.id, row.base, row.quote, Decimal(row.rate), row.valid_from, row.valid_until)
