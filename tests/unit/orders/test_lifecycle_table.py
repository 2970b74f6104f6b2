"""The interpreter against the table: what a row allows is possible, and nothing else, for all terms, states, actions and actors."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Any

import pytest

from services.orders.domain import lifecycle, steps
from services.orders.domain.lifecycle import FINAL_STATES, STATES, Situation, Transition, confirm, due, transitions
from services.orders.domain.terms import Choices
from services.orders.domain.transitions import route
from shared.contracts.events import EVENTS
from tests.unit.orders.situations import ACTIONS, ACTORS, AHEAD, KINDS, NOW, PAST, ROUTES, after, answer, moves, situation, terms


def situations(choices: Choices, state: str) -> Iterator[Situation]:
    """The state under each combination of facts that guards look at."""
    for abort, channel, refund_open, deadlines in product((None, "b", "s"), (None, "b", "s"), (False, True), (AHEAD, PAST)):
        yield situation(choices, state, abort_proposed_by=abort, channel_proposed_by=channel, refund_open=refund_open, deadlines=deadlines)


def states_of(choices: Choices) -> list[str]:
    return [state for state in STATES if any(state in (each.source, each.target) for each in transitions(terms(choices)))]


OTHERS = {"buyer": "s", "supplier": "b"}


def guard_holds(only: str | None, facts: Situation, role: str) -> bool:
    match only:
        case None:
            return True
        case steps.NOT_PROPOSED:
            return facts.abort_proposed_by is None
        case steps.OTHER_PROPOSED:
            return facts.abort_proposed_by == OTHERS[role]
        case steps.NO_OTHER_CHANNEL:
            return facts.channel_proposed_by != OTHERS[role]
        case steps.OTHER_CHANNEL:
            return facts.channel_proposed_by == OTHERS[role]
        case steps.OVERDUE:
            return facts.deadlines is PAST
        case steps.REFUND_OPEN:
            return facts.refund_open
    raise AssertionError(only)


@pytest.mark.parametrize("choices", ROUTES)
def test_each_row_is_possible_to_whom_it_names_and_every_other_state_action_and_actor_is_refused(choices: Choices) -> None:
    for state in states_of(choices):
        for facts in situations(choices, state):
            for action, (role, actor) in product(ACTIONS, ACTORS.items()):
                named = [each for each in transitions(facts.terms) if (each.source, each.action) == (state, action) and role in each.roles and not each.on]
                legal = [each for each in named if guard_holds(each.only, facts, role)]
                got = answer(facts, action, actor)
                assert got == legal[0] if legal else got in ("action_not_allowed", "not_your_step"), (state, action, role, got)


@pytest.mark.parametrize("choices", ROUTES)
def test_what_is_allowed_is_exactly_what_will_not_be_refused(choices: Choices) -> None:
    for state in states_of(choices):
        for facts, actor in product(situations(choices, state), ACTORS.values()):
            allowed = lifecycle.allowed_actions(facts, actor, NOW)
            assert [each.action for each in allowed] == list(dict.fromkeys(each.action for each in allowed)), "no action twice"
            assert {each.action: each for each in allowed} == {
                each.action: each for name in ACTIONS if isinstance(each := answer(facts, name, actor), Transition)
            }


@pytest.mark.parametrize("choices", ROUTES)
def test_no_event_moves_an_order_but_those_its_state_waits_for(choices: Choices) -> None:
    for state in states_of(choices):
        unasked = {event for step in route(choices) if step.state == state for event in (step.also_by, step.failed_by)}
        submitted = {event for each in transitions(terms(choices)) if each.target == state for event in each.awaits}
        for awaiting in ((), tuple(submitted)):
            facts = situation(choices, state, awaiting=awaiting)
            moving = {event for event in EVENTS if confirm(facts, event)}
            refusals = {event for each in transitions(facts.terms) if each.source == state and awaiting for event in each.on}
            assert moving == (refusals | set(awaiting)) | (unasked & set(EVENTS))


@pytest.mark.parametrize("choices", ROUTES)
def test_the_clock_moves_an_order_only_when_the_deadline_of_its_state_is_past_and_nothing_is_under_way(choices: Choices) -> None:
    moves = {("awaiting_payment", "payment"): steps.CANCELLED, ("receiving", "acceptance"): steps.COMPLETED}
    if choices.settlement == "escrow":
        moves["completed", "protection"] = steps.COMPLETED
    for state, kind in product(states_of(choices), KINDS):
        moved = due(situation(choices, state, deadlines=PAST), kind, NOW)
        assert (moved and moved.target) == moves.get((state, kind))
        for idle in ({"deadlines": AHEAD}, {"deadlines": {}}, {"deadlines": PAST, "awaiting": ("payments.payment_recorded.v1",)}):
            assert due(situation(choices, state, **idle), kind, NOW) is None


@pytest.mark.parametrize("choices", ROUTES)
def test_an_order_can_come_into_every_state_of_its_route_and_from_each_to_an_end(choices: Choices) -> None:
    first = lifecycle.placement(terms(choices))
    waiting = [situation(choices, first.target, awaiting=first.awaits, deadlines=PAST)]
    ways: dict[tuple[Any, ...], set[tuple[Any, ...]]] = {}
    while waiting:
        here = waiting.pop()
        if key(here) not in ways:
            found = [after(here, each, role) for role, each in moves(here)]
            ways[key(here)] = {key(each) for each in found}
            waiting += found
    assert {state for state, *_ in ways} == set(states_of(choices))
    ending = {each for each in ways if each[0] in FINAL_STATES}
    while more := {each for each in ways if ways[each] & ending} - ending:
        ending |= more
    assert ending == set(ways)


def key(here: Situation) -> tuple[Any, ...]:
    return here.state, here.awaiting, here.abort_proposed_by, here.channel_proposed_by, here.paid, here.refund_open
