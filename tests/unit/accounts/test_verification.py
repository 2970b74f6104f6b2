from __future__ import annotations

from datetime import date
from itertools import product
from pathlib import Path

import pytest

from services.accounts.domain.verification import OPEN, ROWS, STATES, Claim, allowed_actions, check_identity, decide
from shared.contracts.events import EVENTS
from shared.contracts.verification import DECISIONS, STATES as TOLD_STATES
from shared.kit.actor import ROLES, Actor
from shared.kit.errors import Conflict, Forbidden, Invalid

OPERATOR = Actor("operator", frozenset({"operator"}))
TODAY = date(2026, 5, 4)
BORN = date(1991, 1, 1)
ANYBODY = frozenset({"person", "company"})


def test_the_table_and_the_contract_name_the_same() -> None:
    assert tuple(STATES) == TOLD_STATES
    assert {row.action for row in ROWS} == set(DECISIONS)
    assert {row.event for row in ROWS} <= set(EVENTS)
    assert {row.target for row in ROWS} | {"submitted"} == set(STATES)
    assert {state for state in STATES if state not in OPEN} == {row.target for row in ROWS} - {row.source for row in ROWS}


@pytest.mark.parametrize(("state", "action"), list(product(STATES, DECISIONS)))
def test_a_state_allows_what_its_rows_say_and_nothing_else(state: str, action: str) -> None:
    row = next((row for row in ROWS if (row.source, row.action) == (state, action)), None)
    if row:
        assert decide(state, "owner", action, OPERATOR) is row
        return
    with pytest.raises(Conflict) as refused:
        decide(state, "owner", action, OPERATOR)
    assert refused.value.data == {"state": state, "allowed": [each.action for each in ROWS if each.source == state]}


def test_nobody_but_an_operator_decides_and_no_operator_on_themselves() -> None:
    for state, role in product(STATES, ROLES):
        assert bool(allowed_actions(state, "owner", Actor("x", frozenset({role})))) == (role == "operator" and state in OPEN)
        assert allowed_actions(state, "owner", Actor("owner", frozenset({role}))) == ()
    with pytest.raises(Forbidden, match="own"):
        decide("submitted", "operator", "approve", OPERATOR)


def claim(holders: frozenset[str] = ANYBODY, born: date | None = None, place: int = 0, country: str = "CN") -> Claim:
    return Claim(f"numbers.{place}", ("tax", country), holders, born)


@pytest.mark.parametrize(
    ("kind", "born", "registered", "claims", "fields"),
    [
        ("person", BORN, None, [claim(born=BORN)], []),
        ("company", None, BORN, [claim(born=TODAY)], []),
        ("person", None, None, [], ["date_of_birth"]),
        ("company", None, None, [], ["registered_on"]),
        ("person", BORN, BORN, [], ["registered_on"]),
        ("company", BORN, None, [], ["date_of_birth", "registered_on"]),
        ("person", date(2026, 5, 5), None, [], ["date_of_birth"]),
        ("person", BORN, None, [claim(born=date(1991, 1, 2))], ["numbers.0.value"]),
        ("company", None, BORN, [claim(frozenset({"person"}))], ["numbers.0.type"]),
        ("person", BORN, None, [claim(), claim(place=1), claim(place=2, country="DE")], ["numbers.1.type"]),
    ],
)
def test_what_is_told_fits_together(kind: str, born: date | None, registered: date | None, claims: list[Claim], fields: list[str]) -> None:
    try:
        check_identity(kind, born, registered, claims, TODAY)
        refused = []
    except Invalid as error:
        refused = sorted(error.errors)
    assert refused == fields


def test_the_page_tells_the_table() -> None:
    page = (Path(__file__).parents[3] / "docs" / "verification.md").read_text(encoding="utf-8")
    told = {True: "is verified", None: "stays as it was", False: "is verified no longer"}
    rows = [f"| `{row.source}` | {row.action} | `{row.target}` | {told[row.verified]} |" for row in ROWS]
    assert [line for line in page.splitlines() if line.startswith(tuple(f"| `{state}` | " for state in OPEN))] == rows
