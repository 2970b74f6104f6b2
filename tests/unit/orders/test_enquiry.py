"""The enquiry's table: what a row allows is possible, and nothing else, for all states, actions and actors."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product

import pytest

from services.orders.domain.enquiry import CLOCK, OPENED, ROWS, STATES, Negotiation, allowed_actions, decide, expiry
from shared.contracts.events import EVENTS
from shared.kit.actor import Actor
from shared.kit.errors import Conflict, Forbidden

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
ACTORS = {
    "buyer": Actor("b", frozenset({"buyer"})),
    "supplier": Actor("s", frozenset({"supplier"}), verified=True),
    "operator": Actor("o", frozenset({"operator"})),
    "stranger": Actor("x", frozenset({"buyer", "supplier"})),
}
ACTIONS = ("offer", "accept", "cancel", "send_message")
OPEN = Negotiation("open", buyer_id="b", supplier_id="s")
OFFERED = replace(OPEN, state="offered", offered_by="s", valid_until=NOW + timedelta(days=1))

# Who may do what where, written down once more and by hand: the table must say the same.
MAY = {
    (OPEN, "offer"): {"supplier"},
    (OPEN, "cancel"): {"buyer", "supplier"},
    (OPEN, "send_message"): {"buyer", "supplier"},
    (replace(OPEN, complete=True), "offer"): {"supplier"},
    (replace(OPEN, complete=True), "accept"): {"supplier"},
    (replace(OPEN, complete=True), "cancel"): {"buyer", "supplier"},
    (replace(OPEN, complete=True), "send_message"): {"buyer", "supplier"},
    (OFFERED, "offer"): {"buyer"},
    (OFFERED, "accept"): {"buyer"},
    (OFFERED, "cancel"): {"buyer", "supplier"},
    (OFFERED, "send_message"): {"buyer", "supplier"},
    (replace(OFFERED, offered_by="b"), "offer"): {"supplier"},
    (replace(OFFERED, offered_by="b"), "accept"): {"supplier"},
    (replace(OFFERED, offered_by="b"), "cancel"): {"buyer", "supplier"},
    (replace(OFFERED, offered_by="b"), "send_message"): {"buyer", "supplier"},
    (replace(OFFERED, state="accepted"), "send_message"): {"buyer", "supplier"},
}
NEGOTIATIONS = [*dict.fromkeys(each for each, _ in MAY), *(replace(OFFERED, state=state) for state in ("cancelled", "expired"))]


@pytest.mark.parametrize(("negotiation", "action", "actor"), list(product(NEGOTIATIONS, (*ACTIONS, "expire", "no_such_action"), ACTORS)))
def test_each_may_do_what_the_table_says_and_nothing_else(negotiation: Negotiation, action: str, actor: str) -> None:
    may = MAY.get((negotiation, action), set())
    assert (action in [row.action for row in allowed_actions(negotiation, ACTORS[actor], NOW)]) == (actor in may)
    if actor in may:
        row = decide(negotiation, action, ACTORS[actor], NOW)
        assert (row.source, row.action) == (negotiation.state, action)
    else:
        with pytest.raises(Forbidden if may else Conflict) as refused:
            decide(negotiation, action, ACTORS[actor], NOW)
        assert refused.value.code == ("not_your_turn" if may else "action_not_allowed")
        assert refused.value.data["allowed"] == [row.action for row in allowed_actions(negotiation, ACTORS[actor], NOW)]


def test_a_supplier_who_is_not_verified_is_offered_nothing_that_binds() -> None:
    unknown = replace(ACTORS["supplier"], verified=False)
    for negotiation in NEGOTIATIONS:
        all_of_it = [row.action for row in allowed_actions(negotiation, ACTORS["supplier"], NOW)]
        assert [row.action for row in allowed_actions(negotiation, unknown, NOW)] == [each for each in all_of_it if each not in ("offer", "accept")]


@pytest.mark.parametrize("action", ACTIONS)
def test_nothing_can_be_done_with_an_offer_whose_validity_is_over(action: str) -> None:
    over = replace(OFFERED, valid_until=NOW)
    for actor in ACTORS.values():
        assert allowed_actions(over, actor, NOW) == ()
        with pytest.raises(Conflict):
            decide(over, action, actor, NOW)


def test_the_clock_lets_an_offer_expire_when_its_validity_is_over_and_not_before() -> None:
    last_moment = replace(OFFERED, valid_until=NOW + timedelta(microseconds=1))
    assert expiry(last_moment, NOW) is None
    row = expiry(replace(OFFERED, valid_until=NOW), NOW)
    assert row is not None
    assert row.target == "expired"


@pytest.mark.parametrize("state", [state for state in STATES if state != "offered"])
def test_only_an_offer_expires(state: str) -> None:
    assert expiry(replace(OFFERED, state=state, valid_until=NOW), NOW) is None


def test_every_state_is_reached_and_every_unfinished_one_can_end() -> None:
    reached = {OPENED.target, *(row.target for row in ROWS)}
    assert reached == set(STATES)
    for state in ("open", "offered"):
        assert {row.target for row in ROWS if row.source == state} & {"accepted", "cancelled", "expired"}


def test_finished_enquiries_do_not_move() -> None:
    assert all(row.target == row.source for row in ROWS if row.source in {"accepted", "cancelled", "expired"})


def test_every_row_is_told_by_an_event_of_the_contract_and_no_two_say_the_same() -> None:
    assert {row.event for row in (OPENED, *ROWS)} <= EVENTS.keys()
    assert len({(row.source, row.action) for row in ROWS}) == len(ROWS)
    assert [row.action for row in ROWS if row.who == CLOCK] == ["expire"]
