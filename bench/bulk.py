"""Any number of orders written straight into the orders service's database: as if they had been placed over three months, each at its step now."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from typing import Any

from sqlalchemy import Engine, create_engine, text

from services.orders.domain.terms import Terms
from services.orders.models import deadlines, order_history, orders
from shared.kit.actor import Actor
from shared.platform.database import address
from tradelane.demo.trade import Json
from tradelane.demo.trade_file import DEFAULT, load

BUYERS, SUPPLIERS = 50, 20
DAYS = 90
OPEN, WAYS = 5, 10
"""Of ten orders, five wait for payment; four were cancelled and one rejected. Number n does as n % 10 says."""

_AGREED = load(DEFAULT).agreed_order()


def id_of(prefix: int, number: int | str) -> str:
    """The SQL of an id that is made of a number."""
    return f"('{prefix:08x}-0000-7000-8000-' || lpad(to_hex({number}), 12, '0'))::uuid"


def order_id(number: int) -> str:
    """What `id_of` gives, in Python."""
    return str(uuid.UUID(f"{1:08x}-0000-7000-8000-{number:012x}"))


def buyer(number: int) -> Actor:
    """Of order n."""
    return Actor(str(uuid.UUID(f"{2:08x}-0000-7000-8000-{number // WAYS % BUYERS:012x}")), frozenset({"buyer"}), "Kaffeerösterei Elbspeicher GmbH")


def unpaid(count: int) -> Iterator[int]:
    """The numbers of the orders that wait for payment."""
    return (number for number in range(count) if number % WAYS < OPEN)


def write_orders(database: str, count: int) -> None:
    """Into empty tables, with history and deadlines. The indexes of lists are made afterwards, and foreign keys not asked: it is much faster."""
    engine = create_engine(
        address(database), connect_args={"options": "-c search_path=orders -c session_replication_role=replica -c maintenance_work_mem=256MB"}
    )
    indexes = [index for table in (orders, deadlines, order_history) for index in table.indexes]
    with engine.begin() as connection:
        for index in indexes:
            index.drop(connection)
        for statement in (_ORDERS, _HISTORY, _DEADLINES):
            connection.execute(text(statement), _values(count))
        for index in indexes:
            index.create(connection)
    _settle(engine)
    engine.dispose()


def _settle(engine: Engine) -> None:
    """Statistics, and nothing left for a background process to do while somebody measures."""
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE"))
        connection.execute(text("CHECKPOINT"))


def _values(count: int) -> dict[str, Any]:
    lines: list[Json] = [
        line | {"product_id": str(uuid.UUID(int=number)), "properties": {}, "special_goods": []} for number, line in enumerate(_AGREED["lines"])
    ]
    terms = Terms.agreed(_AGREED["terms"]).as_data()
    total = round(float(_AGREED["total"]["amount"]) * 100)
    return {"count": count, "last": count - 1, "terms": json.dumps(terms), "lines": json.dumps(lines), "currency": _AGREED["total"]["currency"], "total": total}


_STATE = f"CASE WHEN n % {WAYS} < {OPEN} THEN 'awaiting_payment' WHEN n % {WAYS} < {WAYS - 1} THEN 'cancelled' ELSE 'rejected' END"
_VERSION = f"CASE WHEN n % {WAYS} BETWEEN {OPEN} AND {WAYS - 2} THEN 3 ELSE 2 END"
_PLACED = f"now() - (CAST(:count AS integer) - n) * (interval '{DAYS} days' / CAST(:count AS integer))"

_ORDERS = f"""
    INSERT INTO orders (id, number, state, awaiting, version, buyer_id, buyer_name, supplier_id, supplier_name, terms, lines, currency, total, created_at, updated_at)
    SELECT {id_of(1, "n")}, 'TO-' || n, {_STATE}, '[]', {_VERSION}, {id_of(2, f"n / {WAYS} % {BUYERS}")}, 'Kaffeerösterei Elbspeicher GmbH',
           {id_of(3, f"n / {WAYS} % {SUPPLIERS}")}, 'Rezende & Moura Exportadora', CAST(:terms AS jsonb), CAST(:lines AS jsonb), :currency, :total, {_PLACED}, {_PLACED}
    FROM generate_series(0, :last) AS n
"""
_HISTORY = f"""
    INSERT INTO order_history (order_id, version, at, actor_id, actor_role, action, label, from_state, to_state)
    SELECT {id_of(1, "n")}, entry.version, {_PLACED}, entry.actor, entry.role, entry.action, initcap(entry.action), entry.source, COALESCE(entry.target, {_STATE})
    FROM generate_series(0, :last) AS n
    CROSS JOIN (VALUES (1, 'buyer', 'buyer', 'place', NULL, 'placing'), (2, 'catalog', 'system', 'confirm', 'placing', NULL),
                       (3, 'buyer', 'buyer', 'cancel', 'awaiting_payment', 'cancelled')) AS entry (version, actor, role, action, source, target)
    WHERE entry.version <= {_VERSION}
"""
_DEADLINES = f"""
    INSERT INTO deadlines (aggregate, aggregate_id, kind, due_at, strikes_at)
    SELECT 'order', {id_of(1, "n")}, 'payment', now() + interval '7 days', now() + interval '7 days' FROM generate_series(0, :last) AS n WHERE n % {WAYS} < {OPEN}
"""
