"""A ledger with rows in it gets the tables of provider payments: nothing is lost, and what guarded it guards it still."""

from __future__ import annotations

from typing import Any

import pytest
from alembic import command
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError

from services.payments.models import ledger_accounts, transfers
from shared.kit.ids import new_id
from shared.platform.database import Transaction
from shared.platform.migrate import configuration
from tests.integration.payments.scene import Scene, Trade, usd

BEFORE = "payments_payment_currency"


def ledger(tx: Transaction) -> list[Any]:
    """All of it, less what the migration adds."""
    rows = [row[:-1] for row in tx.execute(select(transfers).order_by(transfers.c.id)).all()]
    return [*rows, *tx.execute(select(ledger_accounts).order_by(ledger_accounts.c.code)).all()]


@pytest.mark.parametrize(
    "wrong",
    [
        "UPDATE transfers SET amount = amount + 1",
        "DELETE FROM transfers",
        """INSERT INTO transfers (id, kind, debit, credit, amount, currency, order_id, actor_id, at)
           SELECT '{id}', kind, debit, credit, 1, currency, order_id, actor_id, at FROM transfers WHERE kind = 'escrow_paid'""",
    ],
)
def test_there_and_back_and_there_again_all_rows_and_rules_stay(scene: Scene, wrong: str) -> None:
    trade = Trade("escrow", usd(10_00))
    scene.deposit(trade.buyer, usd(30_00))
    scene.happen(trade.placed(), trade.payment_submitted())
    with scene.database.trial() as tx:
        before = ledger(tx)
        config = configuration("payments", tx.connection)
        command.downgrade(config, BEFORE)
        command.upgrade(config, "heads")
        assert ledger(tx) == before
        tx.execute(text("UPDATE ledger_accounts SET debits = debits WHERE code LIKE 'balance:%'"))
        with pytest.raises(IntegrityError), tx.nested():
            tx.execute(text(wrong.format(id=new_id().replace("-", "") if tx.connection.dialect.name == "sqlite" else new_id())))
        assert ledger(tx) == before
