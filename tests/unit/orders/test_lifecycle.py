from __future__ import annotations

from dataclasses import replace

import pytest

from services.orders.domain import lifecycle, steps
from services.orders.domain.lifecycle import LABELS, STATES, Situation, Transition, confirm, decide, transitions
from services.orders.domain.terms import EVERY_CHOICE, Choices
from services.orders.domain.transitions import route
from shared.contracts.events import EVENTS
from shared.kit.actor import Actor
from shared.kit.errors import Conflict, Forbidden
from tests.unit.orders.situations import ACTIONS, ACTORS, AHEAD, EXPORT, NOW, PARCEL, PAST, ROUTES, after, answer, situation, terms


def walk(choices: Choices) -> list[Transition]:
    """The straight way: each step by its actor, each awaited event as it is awaited."""
    first = lifecycle.placement(terms(choices))
    here, told = situation(choices, first.target, awaiting=first.awaits), [first]
    while here.state != steps.COMPLETED:
        step = next((step for step in steps.STEPS if step.state == here.state), None)
        each = confirm(here, here.awaiting[0]) if here.awaiting else decide(here, step.action, ACTORS[step.actor], NOW) if step else None
        assert each
        here, told = after(here, each, each.roles[0]), [*told, each]
    return told


@pytest.mark.parametrize(
    ("choices", "events"),
    [
        (EXPORT, """order_placed order_confirmed payment_submitted payment_made payment_confirmed export_customs_submitted export_cleared shipping_submitted
                    goods_shipped insurance_submitted goods_insured goods_arrived import_customs_submitted import_cleared goods_received"""),
        (PARCEL, "order_placed order_confirmed payment_submitted payment_made shipping_submitted goods_shipped goods_arrived goods_received"),
    ],
)  # fmt: skip
def test_the_presets_tell_the_trades_of_the_marketplace(choices: Choices, events: str) -> None:
    assert [each.event for each in walk(choices) if each.event] == [f"orders.{event}.v1" for event in events.split()]


@pytest.mark.parametrize("choices", ROUTES)
def test_the_straight_way_completes_each_step_of_the_route_once_and_in_order(choices: Choices) -> None:
    assert [each.step for each in walk(choices) if each.completes] == [step.name for step in route(choices)]


def test_an_order_is_placed_once_both_stock_and_channel_are_confirmed_whichever_comes_first() -> None:
    stock, channel = "catalog.stock_reserved.v1", "logistics.channel_confirmed.v1"
    placing = situation(EXPORT, "placing", awaiting=lifecycle.placement(terms(EXPORT)).awaits)
    assert set(placing.awaiting) == {stock, channel}
    for one, other in ((stock, channel), (channel, stock)):
        partly = confirm(placing, one)
        assert partly
        assert (partly.target, partly.event, partly.awaits, partly.completes) == ("placing", None, (other,), False)
        waiting = replace(placing, awaiting=partly.awaits)
        assert confirm(waiting, one) is None, "the same confirmation again"
        placed = confirm(waiting, other)
        assert placed
        assert (placed.target, placed.event, placed.awaits) == ("awaiting_payment", "orders.order_confirmed.v1", ())


@pytest.mark.parametrize("refusal", ["catalog.stock_refused.v1", "logistics.channel_refused.v1"])
@pytest.mark.parametrize("confirmed_before", [(), ("catalog.stock_reserved.v1",), ("logistics.channel_confirmed.v1",)])
def test_one_refusal_rejects_an_order_being_placed(refusal: str, confirmed_before: tuple[str, ...]) -> None:
    awaiting = tuple(event for event in steps.SECURED if event not in confirmed_before)
    rejected = confirm(situation(PARCEL, "placing", awaiting=awaiting), refusal)
    assert rejected
    assert (rejected.target, rejected.event) == (steps.REJECTED, "orders.order_rejected.v1")
    assert all(confirm(situation(PARCEL, steps.REJECTED), event) is None for event in EVENTS)


@pytest.mark.parametrize("step", [step for step in steps.STEPS if step.awaits], ids=lambda step: step.name)
def test_a_submission_waits_for_the_other_service_then_moves_on_or_comes_back(step: steps.Step) -> None:
    actor = ACTORS[step.actor]
    here = situation(EXPORT, step.state, deadlines=PAST)
    submitted = decide(here, step.action, actor, NOW)
    assert (submitted.target, submitted.event, submitted.awaits, submitted.completes) == (step.state, step.submitted, (step.awaits,), False)

    under_way = replace(here, awaiting=submitted.awaits)
    assert all(lifecycle.allowed_actions(under_way, each, NOW) == () for each in ACTORS.values())
    refused = {name: answer(under_way, name, each) for each in ACTORS.values() for name in ACTIONS}
    assert not [name for name, each in refused.items() if isinstance(each, Transition)]
    with pytest.raises(Conflict) as again:
        decide(under_way, step.action, actor, NOW)
    assert (again.value.code, again.value.data) == ("submission_under_way", {"allowed": []})

    done = confirm(under_way, str(step.awaits))
    assert done
    assert (done.event, done.completes, done.awaits) == (step.event, True, ())
    assert done.target != step.state
    returned = confirm(under_way, str(step.refused_by))
    assert returned
    assert (returned.target, returned.event, returned.completes, returned.awaits) == (step.state, "orders.submission_returned.v1", False, ())
    assert confirm(here, str(step.awaits)) is None, "a confirmation of what was returned meanwhile"
    assert confirm(here, str(step.refused_by)) is None


def test_tracking_or_the_supplier_ends_the_transport_but_not_twice() -> None:
    here = situation(PARCEL, "in_transit")
    by_tracking, by_supplier = confirm(here, "logistics.parcel_arrived.v1"), decide(here, "report_arrival", ACTORS["supplier"], NOW)
    assert by_tracking
    assert by_tracking.roles == ("carrier",)
    assert by_tracking.target == by_supplier.target == "receiving"
    assert confirm(situation(PARCEL, "receiving"), "logistics.parcel_arrived.v1") is None
    assert confirm(situation(PARCEL, "transport_exception"), "logistics.parcel_arrived.v1") is None


def test_confirming_the_payment_asks_for_the_password_again() -> None:
    here = situation(EXPORT, "buyer_paid")
    with pytest.raises(Forbidden) as refused:
        decide(here, "confirm_payment", replace(ACTORS["supplier"], reauthenticated=False), NOW)
    assert (refused.value.code, list(refused.value.errors)) == ("password_required", ["password"])
    assert decide(here, "confirm_payment", ACTORS["supplier"], NOW).with_password
    asked = {each.step for choices in EVERY_CHOICE for each in transitions(terms(choices)) if each.with_password}
    assert asked == {"payment_confirmation"}


def test_no_password_is_asked_of_whom_the_step_is_not_for() -> None:
    assert answer(situation(EXPORT, "buyer_paid"), "confirm_payment", replace(ACTORS["buyer"], reauthenticated=False)) == "not_your_step"


def test_a_refusal_names_what_is_allowed() -> None:
    with pytest.raises(Conflict) as refused:
        decide(situation(EXPORT, "awaiting_payment"), "ship", ACTORS["buyer"], NOW)
    assert (refused.value.code, refused.value.data) == ("action_not_allowed", {"allowed": ["cancel", "pay"]})


@pytest.mark.parametrize("action", ["cancel", "report_arrival", "confirm"])
def test_a_role_of_the_account_makes_nobody_a_party(action: str) -> None:
    state = "in_transit" if action == "report_arrival" else "awaiting_payment"
    assert answer(situation(EXPORT, state), action, ACTORS["stranger"]) in ("not_your_step", "action_not_allowed")
    assert lifecycle.allowed_actions(situation(EXPORT, state), ACTORS["stranger"], NOW) == ()


def test_an_account_may_be_buyer_here_and_supplier_there() -> None:
    trader = Actor("s", frozenset({"buyer", "supplier"}))
    assert answer(situation(EXPORT, "awaiting_payment"), "pay", trader) == "not_your_step"
    assert {each.action for each in lifecycle.allowed_actions(situation(EXPORT, "ready_to_ship"), trader, NOW)} == {"ship", "exception", "propose_channel"}


@pytest.mark.parametrize("step", [step for step in steps.STEPS if step.reasons], ids=lambda step: step.name)
def test_an_exception_is_resolved_or_given_up_by_both_or_by_an_operator(step: steps.Step) -> None:
    raised = decide(situation(EXPORT, step.state), "exception", ACTORS[step.actor], NOW)
    assert (raised.target, raised.reasons, raised.form, raised.label) == (step.exception_state, step.reasons, "exception", step.exception)
    here = situation(EXPORT, step.exception_state, paid=True)
    other = "supplier" if step.actor == "buyer" else "buyer"

    for role in (step.actor, "operator"):
        assert decide(here, "resolve", ACTORS[role], NOW).target == step.state
    assert answer(here, "resolve", ACTORS[other]) == "not_your_step"
    assert decide(here, "abort", ACTORS["operator"], NOW).target == steps.CANCELLED
    assert answer(here, "abort", ACTORS[other]) == "not_your_step", "nobody has proposed it"
    assert decide(here, "propose_abort", ACTORS[other], NOW).target == step.exception_state

    proposed = replace(here, abort_proposed_by=ACTORS[other].id)
    assert answer(proposed, "propose_abort", ACTORS[step.actor]) == "action_not_allowed"
    assert answer(proposed, "abort", ACTORS[other]) == "not_your_step", "one cannot agree with oneself"
    agreed = decide(proposed, "abort", ACTORS[step.actor], NOW)
    assert (agreed.target, agreed.event) == (steps.CANCELLED, "orders.order_cancelled.v1")
    assert lifecycle.owes_refund(proposed, agreed)


def test_an_order_is_cancelled_before_payment_by_either_party_and_owes_no_refund() -> None:
    here = situation(PARCEL, "awaiting_payment")
    for role in ("buyer", "supplier"):
        cancelled = decide(here, "cancel", ACTORS[role], NOW)
        assert cancelled.target == steps.CANCELLED
        assert not lifecycle.owes_refund(here, cancelled)


def test_late_shipping_lets_the_buyer_cancel_under_escrow_only() -> None:
    late = situation(PARCEL, "ready_to_ship", deadlines=PAST, paid=True)
    assert lifecycle.owes_refund(late, decide(late, "cancel", ACTORS["buyer"], NOW))
    assert answer(late, "cancel", ACTORS["supplier"]) == "not_your_step"
    assert answer(replace(late, deadlines=AHEAD), "cancel", ACTORS["buyer"]) == "action_not_allowed"
    assert answer(situation(EXPORT, "ready_to_ship", deadlines=PAST, paid=True), "cancel", ACTORS["buyer"]) == "action_not_allowed"


def test_only_the_end_of_a_paid_order_owes_a_refund_and_its_receipt_owes_no_other() -> None:
    paid = situation(EXPORT, "in_transit", paid=True)
    assert not lifecycle.owes_refund(paid, decide(paid, "report_arrival", ACTORS["supplier"], NOW))
    cancelled = situation(EXPORT, steps.CANCELLED, paid=True, refund_open=True)
    received = decide(cancelled, "confirm_refund", ACTORS["buyer"], NOW)
    assert (received.target, received.event) == (steps.CANCELLED, "orders.refund_received.v1")
    assert not lifecycle.owes_refund(cancelled, received)
    assert answer(replace(cancelled, refund_open=False), "confirm_refund", ACTORS["buyer"]) == "action_not_allowed"


@pytest.mark.parametrize(
    ("choices", "state", "kinds"),
    [
        (PARCEL, "awaiting_payment", ("payment",)),
        (EXPORT, "ready_to_ship", ("shipping",)),
        (EXPORT, "receiving", ("acceptance",)),
        (PARCEL, "completed", ("protection",)),
        (EXPORT, "completed", ()),
        (EXPORT, "in_transit", ()),
        (EXPORT, "receiving_exception", ()),
    ],
)
def test_deadlines_start_with_their_states(choices: Choices, state: str, kinds: tuple[str, ...]) -> None:
    assert lifecycle.deadlines_on_entering(state, terms(choices)) == kinds


def progress(facts: Situation, left: str | None = None) -> str:
    return " ".join(f"{each.name}:{each.status}" for each in lifecycle.steps_of(facts, left))


def test_the_steps_show_how_far_an_order_is() -> None:
    assert progress(situation(PARCEL, "placing")) == "payment:to_come shipping:to_come transport:to_come receiving:to_come"
    assert progress(situation(PARCEL, "ready_to_ship")) == "payment:done shipping:current transport:to_come receiving:to_come"
    assert progress(situation(PARCEL, "transport_exception")) == "payment:done shipping:done transport:current receiving:to_come"
    assert progress(situation(PARCEL, "completed")) == "payment:done shipping:done transport:done receiving:done"


def test_an_order_that_ended_early_shows_only_what_was_done() -> None:
    assert progress(situation(PARCEL, steps.REJECTED)) == ""
    assert progress(situation(PARCEL, steps.CANCELLED), left="awaiting_payment") == ""
    assert progress(situation(PARCEL, steps.CANCELLED), left="transport_exception") == "payment:done shipping:done"


def test_every_state_has_its_label_and_every_transition_its_own() -> None:
    assert set(LABELS) == set(STATES)
    assert len(set(LABELS.values())) == len(STATES)
    assert all(each.label for choices in EVERY_CHOICE for each in transitions(terms(choices)))


def test_only_the_steps_own_forms_can_be_kept_as_drafts() -> None:
    drafted = {each.form for each in transitions(terms(EXPORT)) if each.draft}
    assert drafted == {step.form for step in steps.STEPS if step.form}
