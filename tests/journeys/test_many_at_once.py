"""A hundred trades by twenty clients at once: all end completed, and everything adds up; where it does not, `reconcile` says so."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
from sqlalchemy import create_engine, text

from shared.platform.database import address
from tests.builders.system import System
from tradelane.demo.trade_file import load, shipped
from tradelane.demo.walk import Walk

TRADES, CLIENTS = 100, 20


@pytest.mark.timeout(600)
def test_a_hundred_trades_at_once_all_complete_and_add_up(system: System) -> None:
    trades = [load(name) for name in shipped()]
    operator = system.operator()

    def run(number: int) -> str:
        return str(Walk(trades[number % len(trades)], system.url, operator).run()["state"])

    with ThreadPoolExecutor(CLIENTS) as clients:
        states = Counter(clients.map(run, range(TRADES)))
    assert states == {"completed": TRADES}
    audit = system.command("reconcile", "--wait", "60")
    assert audit.returncode == 0, audit.stdout + audit.stderr


@contextmanager
def tampered(system: System, change: str, back: str) -> Iterator[None]:
    engine = create_engine(address(system.environment["DATABASE"]))
    try:
        with engine.begin() as connection:
            assert connection.execute(text(change)).rowcount == 1
        yield
    finally:
        with engine.begin() as connection:
            connection.execute(text(back))
        engine.dispose()


ONE_ORDER = "id = (SELECT min(id::text) FROM orders.orders)::uuid"


@pytest.mark.parametrize(
    ("change", "back", "check"),
    [
        (
            "UPDATE catalog.products SET reserved = reserved + 1 WHERE id = (SELECT min(id::text) FROM catalog.products)::uuid",
            "UPDATE catalog.products SET reserved = reserved - 1 WHERE id = (SELECT min(id::text) FROM catalog.products)::uuid",
            "reserved = reservations",
        ),
        (
            f"UPDATE orders.orders SET version = version + 1 WHERE {ONE_ORDER}",
            f"UPDATE orders.orders SET version = version - 1 WHERE {ONE_ORDER}",
            "histories are whole",
        ),
        (
            f"UPDATE orders.orders SET state = 'receiving' WHERE {ONE_ORDER}",
            f"UPDATE orders.orders SET state = 'completed' WHERE {ONE_ORDER}",
            "histories are whole",
        ),
        (
            "UPDATE payments.ledger_accounts SET debits = debits + 1 WHERE kind = 'bank' AND currency = 'USD'",
            "UPDATE payments.ledger_accounts SET debits = debits - 1 WHERE kind = 'bank' AND currency = 'USD'",
            "debits = credits",
        ),
    ],
)
def test_a_difference_is_named_and_fails(system: System, change: str, back: str, check: str) -> None:
    Walk(load("teaware-parcel"), system.url, system.operator()).run()
    with tampered(system, change, back):
        audit = system.command("reconcile", "--wait", "0", COLUMNS="200")
    assert audit.returncode == 1, audit.stdout + audit.stderr
    faulty = [line for line in audit.stdout.splitlines() if check in line and not line.rstrip(" │").endswith(" 0")]
    assert faulty, audit.stdout
