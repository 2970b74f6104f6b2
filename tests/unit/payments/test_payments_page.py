"""`docs/payments.md` says what the tables in the code say."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from services.payments.domain.ledger import MOVEMENTS
from services.payments.domain.provider_payment import ASKED, GIVE_BACK, GIVEN_UP, HOLD, OVERDUE, PAYMENT, REFUNDS, REFUSE, Row

PAGE = (Path(__file__).parents[3] / "docs" / "payments.md").read_text(encoding="utf-8")
WORDS = {ASKED: "it is asked", GIVEN_UP: "the order is over", OVERDUE: "the buyer has waited long enough"}
EFFECTS = {HOLD: "held", REFUSE: "refused", GIVE_BACK: "given back", None: ""}


def table(first: str) -> list[list[str]]:
    """The rows of the table whose first column is headed so."""
    lines = PAGE[PAGE.index(f"| {first} |") :].partition("\n\n")[0].splitlines()[2:]
    return [[cell.strip().strip("`") for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines]


def test_the_movements_of_funds_are_all_there() -> None:
    told = {kind: (debit, credit) for kind, debit, credit, _ in table("kind")}
    funds = ("deposit", "payout_", "escrow_", "undue_")
    assert told == {each.kind: (each.debit, each.credit) for each in MOVEMENTS.values() if each.kind.startswith(funds)}


@pytest.mark.parametrize(("first", "rows"), [("a payment is", PAYMENT), ("a refund is", REFUNDS)])
def test_the_answers_are_told_row_by_row(first: str, rows: tuple[Row, ...]) -> None:
    told, source = [], ""
    for state, *rest in table(first):
        source = state or source
        told.append([source, *rest])
    assert told == [[row.source, WORDS.get(row.said, row.said), row.target, EFFECTS.get(row.effect, row.effect)] for row in rows]
