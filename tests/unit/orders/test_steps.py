from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from services.orders.domain.rows import Condition, Rule, Step
from services.orders.domain.soundness import verify
from services.orders.domain.steps import CANCELLED, CLOCK, COMPLETED, OVERDUE, REJECTED, ROLES, RULES, STEPS
from services.orders.domain.terms import EVERY_CHOICE, PRESETS, Choices
from services.orders.domain.transitions import expand, route, states
from shared.contracts.events import EVENTS
from shared.contracts.forms import FORMS

# What the marketplace's own help pages tell of the export trade: the order's status, whose turn it is, and the button.
HELP_PAGES = [
    ("Waiting payment", "buyer", "Payment"),
    ("Buyer paid", "supplier", "Confirm Payment"),
    ("Payment ready", "supplier", "Customs Application"),
    ("Ready to ship", "supplier", "Ship"),
    ("Need insurance", "supplier", "Insurance"),
    ("In transit", "supplier", "Transport Success"),
    ("Arrived in customs", "buyer", "Customs Clearance"),
    ("Receiving", "buyer", "Goods Received"),
]


def steps_with(which: str, **changes: Any) -> tuple[Step, ...]:
    return tuple(replace(step, **changes) if step.name == which else step for step in STEPS)


def test_the_export_preset_takes_all_eight_steps_of_the_help_pages() -> None:
    assert [(step.label, step.actor, step.button) for step in route(PRESETS["export"])] == HELP_PAGES


def test_the_parcel_preset_is_payment_shipping_transport_and_receiving() -> None:
    assert [step.name for step in route(PRESETS["parcel"])] == ["payment", "shipping", "transport", "receiving"]


@pytest.mark.parametrize("choices", EVERY_CHOICE)
def test_a_route_keeps_the_tables_order_and_leaves_out_exactly_what_the_terms_do_not_ask_for(choices: Choices) -> None:
    left_out = {step.name for step in STEPS} - {step.name for step in route(choices)}
    expected = set()
    if choices.settlement == "escrow":
        expected |= {"payment_confirmation"}
    if choices.customs == "carrier":
        expected |= {"export_customs", "import_customs"}
    if choices.insurance == "none":
        expected |= {"insurance"}
    assert left_out == expected
    assert [STEPS.index(step) for step in route(choices)] == sorted(STEPS.index(step) for step in route(choices))


@pytest.mark.parametrize("choices", EVERY_CHOICE)
def test_every_event_told_or_awaited_is_in_the_contracts(choices: Choices) -> None:
    told_or_heard = {each.event for each in expand(STEPS, RULES, choices)}
    told_or_heard |= {event for each in expand(STEPS, RULES, choices) for event in (*each.awaits, *each.on)}
    assert told_or_heard <= set(EVENTS)


def test_every_order_event_of_the_contracts_is_told_by_some_transition() -> None:
    told = {each.event for choices in EVERY_CHOICE for each in expand(STEPS, RULES, choices)}
    assert told == {name for name, contract in EVENTS.items() if contract.source == "orders" and contract.subject == "order"}


def test_a_submission_is_told_with_the_form_of_its_step() -> None:
    for step in STEPS:
        if step.awaits:
            told = EVENTS[step.submitted].data().fields["form"].schema
            assert set(told.fields) == set(FORMS[str(step.form)]().fields)


def test_every_form_has_its_schema_and_every_schema_its_use() -> None:
    used = {each.form for choices in EVERY_CHOICE for each in expand(STEPS, RULES, choices)}
    assert used - {None} == set(FORMS)


def test_every_role_acts_somewhere() -> None:
    acting = {role for choices in EVERY_CHOICE for each in expand(STEPS, RULES, choices) for role in each.roles}
    assert acting == set(ROLES)


@pytest.mark.parametrize("row", [*STEPS, *RULES], ids=lambda row: f"{row.action} {getattr(row, 'by', row)!s:.20}")
def test_no_row_can_be_there_twice(row: Step | Rule) -> None:
    with pytest.raises(ValueError, match="is there twice"):
        verify((*STEPS, row), RULES) if isinstance(row, Step) else verify(STEPS, (*RULES, row))


@pytest.mark.parametrize("field", ["name", "state", "action"])
def test_no_two_steps_share_a_name_a_state_or_an_action(field: str) -> None:
    with pytest.raises(ValueError, match="is there twice"):
        verify(steps_with("shipping", **{field: getattr(STEPS[0], field)}), RULES)


@pytest.mark.parametrize("state", [CANCELLED, "placing", "receiving_exception"])
def test_a_steps_state_cannot_be_one_that_is_taken(state: str) -> None:
    with pytest.raises(ValueError, match=f"{state} is there twice"):
        verify(steps_with("transport", state=state), RULES)


@pytest.mark.parametrize(
    ("rule", "complaint"),
    [
        (Rule("reopen", "operator", "archived", CANCELLED, "orders.order_cancelled.v1", form="note"), "archived is never reached"),
        (Rule("park", "operator", "in_transit", "parked", "orders.order_cancelled.v1", form="note"), "parked has no end"),
        (Rule("reopen", "operator", CANCELLED, "in_transit", "orders.order_cancelled.v1", form="note"), "cancelled is final and yet left"),
        (Rule("drift", CLOCK, "in_transit", CANCELLED, "orders.order_cancelled.v1"), "drift is set off by nothing"),
        (Rule("hold", "operator", "in_transit", "in_transit", "orders.order_cancelled.v1", awaits=("catalog.stock_released.v1",)), "awaited in vain"),
        (Rule("barter", "buyer", "in_transit", CANCELLED, "orders.order_cancelled.v1", applies=Condition("settlement", "barter")), "never applies"),
        (Rule("exempt", "buyer", "need_insurance", CANCELLED, "orders.order_cancelled.v1"), "need_insurance is never reached"),
    ],
)  # fmt: skip
def test_a_rule_that_leads_nowhere_is_refused(rule: Rule, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        verify(STEPS, (*RULES, rule))


def test_a_step_that_no_terms_ask_for_is_refused() -> None:
    with pytest.raises(ValueError, match="insure never applies"):
        verify(steps_with("insurance", applies=Condition("insurance", "buyer")), RULES)


def test_a_final_state_that_no_rule_leads_to_is_refused() -> None:
    with pytest.raises(ValueError, match="rejected is never reached"):
        verify(STEPS, tuple(rule for rule in RULES if rule.target != REJECTED))


def test_two_rows_that_the_same_event_sets_off_are_refused() -> None:
    with pytest.raises(ValueError, match=r"parcel_arrived.v1'\) is there twice"):
        verify(STEPS, (*RULES, Rule("arrive", "carrier", "in_transit", COMPLETED, "orders.goods_arrived.v1", on=("logistics.parcel_arrived.v1",))))


def test_the_guard_on_lateness_speaks_of_a_deadline_that_a_step_starts() -> None:
    assert any(step.deadline and step.deadline in OVERDUE for step in STEPS)


def test_every_step_with_reasons_has_an_exception_state_of_its_own() -> None:
    assert [state for state in states() if state.endswith("_exception")] == [step.exception_state for step in STEPS if step.reasons]
