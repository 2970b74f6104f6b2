"""A ledger that was kept before there were freight accounts goes on with them: nothing in it changes, and its rules still bite."""

from __future__ import annotations

import pytest
from alembic import command
from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import insert, select, text
from sqlalchemy.exc import IntegrityError

from services.payments.models import ledger_accounts, transfers
from shared.kit.clock import utc_now
from shared.kit.ids import new_id
from shared.platform.checks import change_check
from shared.platform.database import Transaction
from shared.platform.migrate import configuration
from tests.builders.database import TestDatabase


def put(tx: Transaction, kind: str, debit: str, credit: str, **values: object) -> None:
    row = {"id": new_id(), "kind": kind, "debit": debit, "credit": credit, "amount": 100, "currency": "USD", "actor_id": "test", "at": utc_now()}
    tx.connection.execute(insert(transfers).values(row | values))


def refused(tx: Transaction, statement: str, match: str) -> None:
    with pytest.raises(IntegrityError, match=match), tx.connection.begin_nested():
        tx.connection.execute(text(statement))


def test_the_ledger_of_before_is_carried_over(database: TestDatabase) -> None:
    with database.trial() as tx:
        tx.connection.begin()  # or Alembic would commit its own
        schema = configuration("payments", tx.connection)
        command.downgrade(schema, "payments_0001")
        for code in ("bank:platform", "balance:somebody"):
            tx.connection.execute(insert(ledger_accounts).values(code=code, currency="USD", kind=code.split(":")[0]))
        put(tx, "deposit", "bank:platform", "balance:somebody", reference="R-1")
        refused(tx, "INSERT INTO ledger_accounts (code, currency, kind) VALUES ('freight:somebody', 'USD', 'freight')", "ledger_account_kind")
        command.upgrade(schema, "payments@head")

        for code in ("freight:somebody", "exchange:platform"):
            tx.connection.execute(insert(ledger_accounts).values(code=code, currency="USD", kind=code.split(":")[0]))
        put(tx, "freight_topped_up", "balance:somebody", "freight:somebody", amount=60)
        totals = {row.code: (row.debits, row.credits) for row in tx.connection.execute(select(ledger_accounts))}
        assert totals == {"bank:platform": (100, 0), "balance:somebody": (60, 100), "freight:somebody": (0, 60), "exchange:platform": (0, 0)}
        refused(tx, "UPDATE transfers SET amount = 1", "never changed")
        refused(tx, "INSERT INTO ledger_accounts (code, currency, kind) VALUES ('gift:somebody', 'USD', 'gift')", "ledger_account_kind")
        refused(tx, "UPDATE ledger_accounts SET debits = 61 WHERE code = 'freight:somebody'", "ledger_account_not_overdrawn")
        tx.connection.execute(text("UPDATE ledger_accounts SET debits = 61 WHERE code = 'exchange:platform'"))
        if tx.connection.dialect.name == "sqlite":
            assert tx.connection.execute(text("PRAGMA integrity_check")).scalar_one() == "ok"


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_check_that_is_not_there_is_not_changed_in_silence(database: TestDatabase) -> None:
    with database.trial() as tx, Operations.context(MigrationContext.configure(tx.connection)), pytest.raises(ValueError, match="no CHECK of_no_name"):
        change_check("transfers", "of_no_name", "1 = 1")
