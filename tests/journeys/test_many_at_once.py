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


@pytest.mark.parametrize(
    ("change", "back", "check"),
    [
        (
            "catalog.products SET reserved = reserved + 1 WHERE id = '{product}'",
            "catalog.products SET reserved = reserved - 1 WHERE id = '{product}'",
            "reserved = reservations",
        ),
        ("orders.orders SET version = version + 1 WHERE id = '{order}'", "orders.orders SET version = version - 1 WHERE id = '{order}'", "histories are whole"),
        ("orders.orders SET state = 'receiving' WHERE id = '{order}'", "orders.orders SET state = 'completed' WHERE id = '{order}'", "histories are whole"),
        (
            "payments.ledger_accounts SET debits = debits + 1 WHERE code = 'bank:platform' AND currency = 'USD'",
            "payments.ledger_accounts SET debits = debits - 1 WHERE code = 'bank:platform' AND currency = 'USD'",
            "debits = credits",
        ),
    ],
    ids=["stock", "version", "state", "money"],
)
def test_a_difference_is_named_and_fails(system: System, change: str, back: str, check: str) -> None:
    order = Walk(load("teaware-parcel"), system.url, system.operator()).run()
    mine = {"order": order["id"], "product": order["lines"][0]["product_id"]}
    with tampered(system, f"UPDATE {change.format_map(mine)}", f"UPDATE {back.format_map(mine)}"):
        audit = system.command("reconcile", "--wait", "0", COLUMNS="200")
    assert audit.returncode == 1, audit.stdout + audit.stderr
    faulty = [line for line in audit.stdout.splitlines() if check in line and not line.rstrip(" │").endswith(" 0")]
    assert faulty, audit.stdout
