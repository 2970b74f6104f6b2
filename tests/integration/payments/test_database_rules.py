"""What the database refuses by itself, whatever the code does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from sqlalchemy import insert, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError

from services.payments.domain.ledger import kind_of
from services.payments.models import LARGEST_TOTAL, ledger_accounts, transfers
from shared.kit.clock import utc_now
from shared.kit.ids import new_id
from shared.kit.money import LARGEST_MINOR
from tests.builders.database import TestDatabase
from tests.integration.payments.scene import Scene, Trade, usd


def transfer(**values: Any) -> dict[str, Any]:
    """A deposit of 1.00 USD for somebody, but for `values`."""
    usual = {"id": new_id(), "kind": "deposit", "debit": "bank:platform", "credit": "balance:somebody", "amount": 100, "currency": "USD"}
    return usual | {"order_id": None, "reference": new_id(), "actor_id": "test", "at": utc_now()} | values


def put(database: TestDatabase, *rows: Mapping[str, Any]) -> None:
    with database.transaction() as tx:
        for row in rows:
            tx.execute(insert(transfers).values(row))


def totals(database: TestDatabase) -> dict[tuple[str, str], tuple[int, int]]:
    with database.transaction() as tx:
        return {(row.code, row.currency): (row.debits, row.credits) for row in tx.execute(select(ledger_accounts))}


@pytest.fixture
def ledger(database: TestDatabase) -> TestDatabase:
    """Empty accounts in US dollars, and one of them in euros as well."""
    codes = [("bank:platform", "USD"), ("balance:somebody", "USD"), ("balance:other", "USD"), ("escrow:order", "USD"), ("bank:platform", "EUR")]
    with database.transaction() as tx:
        for code, currency in codes:
            tx.execute(insert(ledger_accounts).values(code=code, currency=currency, kind=kind_of(code).name))
    return database


def test_a_transfer_brings_the_totals_of_both_its_accounts_along(ledger: TestDatabase) -> None:
    put(ledger, transfer(amount=100), transfer(amount=23))
    assert totals(ledger) == {
        ("bank:platform", "USD"): (123, 0),
        ("balance:somebody", "USD"): (0, 123),
        ("balance:other", "USD"): (0, 0),
        ("escrow:order", "USD"): (0, 0),
        ("bank:platform", "EUR"): (0, 0),
    }


@pytest.mark.parametrize(
    "values",
    [
        pytest.param({"amount": 0}, id="nothing"),
        pytest.param({"amount": -1}, id="less than nothing"),
        pytest.param({"amount": LARGEST_MINOR + 1}, id="more than one amount may be"),
        pytest.param({"amount": None}, id="no amount"),
        pytest.param({"currency": "EUR"}, id="a currency that only one of the accounts is kept in"),
        pytest.param({"currency": "GBP"}, id="a currency that neither account is kept in"),
        pytest.param({"credit": "balance:nobody"}, id="an account that is not there"),
        pytest.param({"credit": "bank:platform"}, id="from an account to itself"),
        pytest.param({"kind": "gift"}, id="a movement that is not known"),
        pytest.param({"reference": None}, id="a deposit without the bank's reference"),
        pytest.param({"kind": "invoiced", "reference": None}, id="an order's movement without its order"),
        pytest.param({"kind": "invoiced", "reference": None, "order_id": new_id()}, id="an order that has no account"),
        pytest.param({"debit": "balance:other", "credit": "balance:somebody"}, id="more than the account has"),
        pytest.param({"debit": "escrow:order", "credit": "bank:platform"}, id="more than either account has"),
    ],
)
def test_a_wrong_transfer_is_refused_and_leaves_the_totals_alone(ledger: TestDatabase, values: dict[str, Any]) -> None:
    before = totals(ledger)
    with pytest.raises(IntegrityError):
        put(ledger, transfer(**values))
    assert totals(ledger) == before


def test_an_account_is_emptied_to_the_last_unit_and_no_further(ledger: TestDatabase) -> None:
    put(ledger, transfer(amount=100), transfer(debit="balance:somebody", credit="balance:other", amount=100))
    with pytest.raises(IntegrityError):
        put(ledger, transfer(debit="balance:somebody", credit="balance:other", amount=1))
    assert totals(ledger)["balance:somebody", "USD"] == (100, 100)


def test_a_bank_reference_counts_once(ledger: TestDatabase) -> None:
    put(ledger, transfer(reference="R-1"))
    with pytest.raises(IntegrityError):
        put(ledger, transfer(reference="R-1"))


def test_an_order_makes_each_movement_once(scene: Scene) -> None:
    trade = Trade("direct", usd(100))
    scene.happen(trade.placed())
    again = {"kind": "invoiced", "debit": f"receivable:{trade.order_id}", "credit": f"sale:{trade.order_id}", "order_id": trade.order_id, "reference": None}
    with pytest.raises(IntegrityError):
        put(scene.database, transfer(**again))


@pytest.mark.parametrize("change", ["UPDATE transfers SET amount = amount + 1", "UPDATE transfers SET actor_id = 'other'", "DELETE FROM transfers"])
def test_a_transfer_is_never_changed_nor_deleted(ledger: TestDatabase, change: str) -> None:
    put(ledger, transfer())
    with pytest.raises(IntegrityError, match="never changed"), ledger.transaction() as tx:
        tx.execute(text(change))
    put(ledger, transfer())
    assert totals(ledger)["balance:somebody", "USD"] == (0, 200)


def test_the_ledger_cannot_be_truncated(ledger: TestDatabase) -> None:
    if ledger.engine.dialect.name == "sqlite":
        pytest.skip("SQLite has no TRUNCATE")
    with pytest.raises(IntegrityError, match="never changed"), ledger.transaction() as tx:
        tx.execute(text("TRUNCATE transfers"))


@pytest.mark.parametrize(
    "values",
    [
        {"code": "gift:somebody", "currency": "USD", "kind": "gift"},
        {"code": "bank:other", "currency": "USD", "kind": "escrow"},
        {"code": "balance:negative", "currency": "USD", "kind": "balance", "debits": 1},
        {"code": "bank:negative", "currency": "USD", "kind": "bank", "credits": 1},
    ],
)
def test_an_account_is_of_the_chart_and_not_below_zero(database: TestDatabase, values: dict[str, Any]) -> None:
    with pytest.raises(IntegrityError), database.transaction() as tx:
        tx.execute(insert(ledger_accounts).values(values))


def test_totals_end_before_they_would_lose_their_exactness(ledger: TestDatabase) -> None:
    """Beyond 64 bits SQLite would go on in floating point."""
    full = {"code": "balance:full", "currency": "USD", "kind": "balance", "credits": LARGEST_TOTAL - 1}
    with ledger.transaction() as tx:
        tx.execute(insert(ledger_accounts).values(full))
    put(ledger, transfer(credit="balance:full", amount=1))
    with pytest.raises(DBAPIError):
        put(ledger, transfer(credit="balance:full", amount=1))
    assert totals(ledger)["balance:full", "USD"] == (0, LARGEST_TOTAL)
