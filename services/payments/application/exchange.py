"""The rate table: added to, read, and asked what an amount comes to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, Row, func, or_, select, tuple_

from services.payments.domain import exchange
from services.payments.domain.exchange import Found, Rate
from services.payments.models import exchange_rates
from shared.kit.errors import Invalid
from shared.kit.ids import new_id
from shared.platform.calls import Call
from shared.platform.database import Transaction

AT_A_TIME = 1000

_rates = exchange_rates.c


def add(tx: Transaction, call: Call) -> dict[str, Any]:
    """Put an operator's rates into the table, all or none; those that count now. Invalid `rates_invalid` names row and field."""
    operator = call.require_actor("operator")
    put(tx, read(call.data["rates"]), operator.id)
    return {"items": rates_at(tx, tx.now)}


def list_(tx: Transaction, call: Call) -> dict[str, Any]:
    """The rates that count now, or at the time asked for."""
    call.require_actor()
    wanted = [_rates[name] == call.data[name] for name in ("base", "quote") if name in call.data]
    return {"items": rates_at(tx, call.data.get("at", tx.now), *wanted)}


def quote(tx: Transaction, call: Call) -> dict[str, Any]:
    """What the amount comes to in the other currency now; Invalid where it comes to nothing, or no rate says what."""
    call.require_actor()
    amount, currency = call.data["amount"], call.data["currency"]
    if amount.currency == currency:
        raise Invalid("exchange_needless", f"{amount} are in {currency} already.", {"currency": ["This is the amount's own currency."]})
    found = find(tx, amount.currency, currency)
    if found is None:
        message = f"There is no exchange rate between {amount.currency} and {currency} at this time."
        raise Invalid("no_exchange_rate", message, {"currency": [message]})
    total = exchange.convert(amount, found.rate, currency)
    if not total.minor:
        raise Invalid("amount_too_small", f"{amount} come to nothing in {currency}.", {"amount": [f"Comes to nothing in {currency}."]})
    via = {"currency": found.via, "rate_id": found.rates[1].id} if found.via else None
    return {"rate_id": found.rates[0].id, "rate": found.rate, "total": total, "via": via, "valid_until": found.valid_until}


def read(rows: Sequence[Mapping[str, Any]]) -> list[Rate]:
    """Rows of the contract's NewRate, loaded, as rates with ids of their own."""
    return [Rate(new_id(), row["base"], row["quote"], row["rate"].normalize(), row["valid_from"], row["valid_until"]) for row in rows]


def put(tx: Transaction, rates: Sequence[Rate], by: str) -> list[bool]:
    """Add those that are not there yet, all or none; which of them are new. Invalid `rates_invalid`, its errors as `check` has them."""
    _refuse(check(tx, rates))
    added: set[str] = set()
    for some in _pieces(rates):
        rows = [_row(each) | {"loaded_by": by, "loaded_at": tx.now} for each in some]
        added |= set(tx.execute(tx.upsert(exchange_rates).values(rows).on_conflict_do_nothing().returning(_rates.id)).scalars())
    if len(added) < len(rates):  # somebody may just have been faster, with other ones
        _refuse(check(tx, rates))
    return [each.id in added for each in rates]


def check(tx: Transaction, rates: Sequence[Rate]) -> dict[str, list[str]]:
    """What is wrong with them, under `rates.<row>.<field>`: by themselves, or because the table, which is never changed, says something else."""
    known = {_key(each): each for each in _same(tx, rates)}
    errors: dict[str, list[str]] = {}
    for number, (rate, wrong) in enumerate(zip(rates, exchange.problems(rates), strict=True)):
        there = known.get(_key(rate))
        if there and (there.rate, there.valid_until) != (rate.rate, rate.valid_until):
            wrong["valid_from"] = f"The table has {there.rate:f} for this pair from then on: let the new rate begin later."
        errors |= {f"rates.{number}.{field}": [message] for field, message in wrong.items()}
    return errors


def find(tx: Transaction, base: str, quote: str) -> Found | None:
    """What stands between the two currencies now."""
    either = [column.in_((base, quote)) for column in (_rates.base, _rates.quote)]
    return exchange.find(rates_at(tx, tx.now, or_(*either)), base, quote)


def rates_at(tx: Transaction, at: datetime, *wanted: ColumnElement[bool]) -> list[Rate]:
    """The rows that count at the time: of each pair's valid ones the latest to begin."""
    valid = (_rates.valid_from <= at, or_(_rates.valid_until.is_(None), _rates.valid_until > at))
    place = func.row_number().over(partition_by=(_rates.base, _rates.quote), order_by=_rates.valid_from.desc())
    ranked = select(exchange_rates, place.label("place")).where(*valid, *wanted).subquery()
    return _all(tx, select(ranked).where(ranked.c.place == 1).order_by(ranked.c.base, ranked.c.quote))


def every_rate(tx: Transaction) -> list[Rate]:
    """The whole table."""
    return _all(tx, select(exchange_rates).order_by(_rates.base, _rates.quote, _rates.valid_from))


def _refuse(errors: dict[str, list[str]]) -> None:
    if errors:
        raise Invalid("rates_invalid", "Some rates cannot be added; none was.", errors)


def _same(tx: Transaction, rates: Sequence[Rate]) -> list[Rate]:
    """The table's rows of the same pairs that begin at the same times."""
    key = tuple_(_rates.base, _rates.quote, _rates.valid_from)
    return [row for some in _pieces(rates) for row in _all(tx, select(exchange_rates).where(key.in_([_key(each) for each in some])))]


def _pieces(rates: Sequence[Rate]) -> Iterator[Sequence[Rate]]:
    """As many at a time as one statement takes."""
    return (rates[start : start + AT_A_TIME] for start in range(0, len(rates), AT_A_TIME))


def _all(tx: Transaction, statement: Any) -> list[Rate]:
    return [_rate(row) for row in tx.execute(statement)]


def _rate(row: Row[Any]) -> Rate:
    return Rate(row.id, row.base, row.quote, Decimal(row.rate), row.valid_from, row.valid_until)


def _row(rate: Rate) -> dict[str, Any]:
    names = ("id", "base", "quote", "valid_from", "valid_until")
    return {name: getattr(rate, name) for name in names} | {"rate": f"{rate.rate:f}"}


def _key(rate: Rate) -> tuple[str, str, datetime]:
    return rate.base, rate.quote, rate.valid_from
