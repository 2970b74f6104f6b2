"""The table of tickets, and the contract that callers read them by."""

from __future__ import annotations

from services.accounts.domain.ticket import ANYBODY, ROWS, STATES, allowed_actions
from shared.contracts.tickets import SIDES, STATES as TOLD_STATES


def test_the_contract_has_the_states_and_sides_of_the_table() -> None:
    assert (set(TOLD_STATES), set(SIDES)) == (STATES.keys(), set(ANYBODY))


def test_every_state_of_the_table_is_one_and_one_action_has_one_outcome() -> None:
    assert {state for row in ROWS for state in (*row.sources, row.target)} == STATES.keys()
    for state in STATES:
        for side in ANYBODY:
            actions = [row.action for row in allowed_actions(state, side)]
            assert len(actions) == len(set(actions)) > 0
