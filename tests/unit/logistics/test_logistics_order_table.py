"""The table of a logistics order's life, row by row: what may happen, and everything else refused."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest

from services.gateway.application.affordances import PARCEL_ACTIONS, SHAPES
from services.logistics.domain import logistics_order
from services.logistics.domain.logistics_order import OVER, POLICIES, ROWS, STATES, WAYS, Standing, allowed_actions, consequence, decide
from shared.contracts.events import EVENTS
from shared.contracts.trade import COLLECTION_WAYS, IF_UNDELIVERABLE
from shared.kit.actor import ROLES, Actor
from shared.kit.errors import Conflict, Forbidden

NO_PEOPLE = {"payments", "order", "scales"}
ACTIONS = sorted({row.action for row in ROWS if not row.who & NO_PEOPLE})
STANDINGS = [
    Standing(state, "the supplier", way, policy, shipped, weighed, owing)
    for state, way, policy, shipped, weighed, owing in product(STATES, WAYS, POLICIES, (True, False), (True, False), (True, False))
]
ACTORS = [Actor("the supplier", frozenset({"supplier"})), *(Actor("somebody else", frozenset({role})) for role in ROLES)]


def possible(standing: Standing, action: str) -> list[Any]:
    """The rows that hold, by the table's own words."""
    guards = {
        None: True,
        logistics_order.NOT_SHIPPED: not standing.shipped,
        logistics_order.SENT_IN: standing.way == "drop_off",
        logistics_order.TO_GO: standing.weighed and standing.shipped,
        logistics_order.PAID: not standing.owing,
        logistics_order.TO_RETURN: standing.if_undeliverable == "return",
        logistics_order.TO_DESTROY: standing.if_undeliverable == "destroy",
    }
    return [row for row in ROWS if (row.source, row.action) == (standing.state, action) and guards[row.only]]


@pytest.mark.parametrize("state", STATES)
def test_what_the_table_does_not_allow_is_refused_and_names_what_it_does(state: str) -> None:
    for standing, action, actor in product((each for each in STANDINGS if each.state == state), ACTIONS, ACTORS):
        mine = {"supplier"} if actor.id == "the supplier" else actor.roles - {"supplier"}
        rows = [row for row in possible(standing, action) if row.who & mine]
        assert len(rows) <= 1
        if rows:
            assert decide(standing, action, actor) == rows[0]
            continue
        if possible(standing, action):  # for somebody else
            with pytest.raises(Forbidden, match="for somebody else"):
                decide(standing, action, actor)
            continue
        with pytest.raises(Conflict) as error:
            decide(standing, action, actor)
        assert error.value.code == "action_not_allowed"
        assert error.value.data == {"state": state, "allowed": [row.action for row in allowed_actions(standing, actor)]}


def test_what_is_offered_changes_something() -> None:
    for standing, actor in product(STANDINGS, ACTORS):
        for row in allowed_actions(standing, actor):
            assert decide(standing, row.action, actor) == row
            assert row.target != standing.state or row.form


def test_what_is_no_ones_to_do_follows_from_the_same_table() -> None:
    for standing, action in product(STANDINGS, {row.action for row in ROWS if row.who & NO_PEOPLE}):
        assert consequence(standing, action) == next(iter(possible(standing, action)), None)


def test_every_state_is_reached_and_all_but_the_last_are_left() -> None:
    reached, new = {"awaiting_freight"}, {"awaiting_freight"}
    while new:
        new = {row.target for row in ROWS if row.source in reached} - reached
        reached |= new
    assert reached == set(STATES)
    left = {row.source for row in ROWS if row.target != row.source}
    assert set(STATES) - left == {"refused", "returned", "destroyed", "voided"}
    assert set(OVER) < set(STATES)


def test_its_words_are_those_of_the_contracts() -> None:
    assert (WAYS, POLICIES) == (COLLECTION_WAYS, IF_UNDELIVERABLE)
    assert {row.event for row in ROWS if row.event} <= EVENTS.keys()
    assert set(ACTIONS) == PARCEL_ACTIONS.keys()
    assert {row.form for row in ROWS if row.form} <= SHAPES.keys()
