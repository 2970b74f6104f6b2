"""Exceptions at each step, and the ways out: resolved, or given up with what was paid refunded."""

from __future__ import annotations

from typing import Any

import pytest

from services.orders.domain.steps import STEPS
from shared.kit.errors import Conflict, Forbidden, Invalid
from tests.integration.orders import forms
from tests.integration.orders.scene import BUYER, OPERATOR, PARTIES, SUPPLIER, Scene, names, parcel

CHIPPED = {"reason": "damaged", "note": "Half of it is chipped.", "evidence": ["photo-1"]}
WITH_REASONS = [step for step in STEPS if step.reasons]


@pytest.mark.parametrize("step", WITH_REASONS, ids=lambda step: step.name)
def test_at_each_step_an_exception_stops_the_order_until_it_is_resolved(scene: Scene, step: Any) -> None:
    order = scene.walk(scene.confirmed(), until=step.state)
    actor = PARTIES[step.actor]
    stopped = scene.act(order, "exception", actor, {"reason": step.reasons[0], "note": "Look at this."})
    assert stopped["state"] == f"{step.name}_exception"
    assert [each["name"] for each in stopped["steps"] if each["status"] == "current"] == [step.name]
    with pytest.raises(Conflict):
        scene.act(order, step.action, actor, {})
    resolved = scene.act(order, "resolve", actor, {"note": "All is well."})
    assert (resolved["state"], resolved["exception"]) == (step.state, None)
    assert (resolved["history"][-2]["reason"], resolved["history"][-1]["note"]) == (step.reasons[0], "All is well.")
    assert scene.walk(order)["state"] == "completed"


def test_the_exception_is_shown_with_its_reason_note_and_evidence(scene: Scene) -> None:
    order = scene.walk(scene.confirmed(agreed=parcel()), until="receiving")
    scene.act(order, "exception", BUYER, CHIPPED)
    shown = scene.order(order["id"], SUPPLIER)
    raised_at = shown["history"][-1]["at"]
    assert shown["exception"] == {"step": "receiving", **CHIPPED, "raised_at": raised_at, "abort_proposed_by": None}
    assert (shown["label"], names(shown["actions"])) == ("Receiving exception", ["propose_abort"])
    told = scene.last(order["id"])
    assert (told["reason"], told["note"], told["step"]) == ("damaged", "Half of it is chipped.", "receiving")


def test_the_latest_exception_is_the_one_that_is_shown(scene: Scene) -> None:
    order = scene.walk(scene.confirmed(agreed=parcel()), until="receiving")
    scene.act(order, "exception", BUYER, CHIPPED)
    scene.act(order, "resolve", BUYER)
    scene.act(order, "exception", BUYER, {"reason": "quantity_short", "note": "And three are missing."})
    shown = scene.order(order["id"])["exception"]
    assert (shown["reason"], shown["evidence"]) == ("quantity_short", [])


@pytest.mark.parametrize(
    ("form", "field"),
    [
        ({"reason": "out_of_stock", "note": "?"}, "reason"),
        ({"reason": "damaged"}, "note"),
        ({"note": "?"}, "reason"),
        ({"reason": "damaged", "note": "?", "blame": "carrier"}, "blame"),
    ],
)
def test_an_exception_needs_a_reason_of_its_step_and_a_note(scene: Scene, form: Any, field: str) -> None:
    order = scene.walk(scene.confirmed(agreed=parcel()), until="receiving")
    with pytest.raises(Invalid) as refused:
        scene.act(order, "exception", BUYER, form)
    assert list(refused.value.errors) == [field]


def test_payment_has_no_exception(scene: Scene) -> None:
    with pytest.raises(Conflict):
        scene.act(scene.confirmed(), "exception", BUYER, {"reason": "other", "note": "?"})


@pytest.mark.parametrize(("first", "second"), [(BUYER, SUPPLIER), (SUPPLIER, BUYER)], ids=["buyer first", "supplier first"])
def test_an_order_is_given_up_when_one_party_proposes_it_and_the_other_agrees(scene: Scene, first: Any, second: Any) -> None:
    order = scene.walk(scene.confirmed(agreed=parcel()), until="receiving")
    scene.act(order, "exception", BUYER, CHIPPED)
    with pytest.raises(Forbidden):
        scene.act(order, "abort", second)
    proposed = scene.act(order, "propose_abort", first, {"note": "Shall we?"})
    assert (proposed["state"], proposed["exception"]["abort_proposed_by"]) == ("receiving_exception", first.id)
    with pytest.raises(Forbidden):
        scene.act(order, "abort", first)
    with pytest.raises(Conflict):
        scene.act(order, "propose_abort", second)
    aborted = scene.act(order, "abort", second)
    assert (aborted["state"], aborted["exception"]) == ("cancelled", None)
    assert [(step["name"], step["status"]) for step in aborted["steps"]] == [("payment", "done"), ("shipping", "done"), ("transport", "done")]


def test_a_proposal_to_give_up_is_forgotten_when_the_exception_is_resolved(scene: Scene) -> None:
    order = scene.walk(scene.confirmed(agreed=parcel()), until="receiving")
    scene.act(order, "exception", BUYER, CHIPPED)
    scene.act(order, "propose_abort", SUPPLIER)
    scene.act(order, "resolve", BUYER)
    scene.act(order, "exception", BUYER, CHIPPED)
    assert scene.order(order["id"])["exception"]["abort_proposed_by"] is None
    with pytest.raises(Forbidden):
        scene.act(order, "abort", BUYER)


def test_an_operator_resolves_or_gives_up_alone(scene: Scene) -> None:
    order = scene.walk(scene.confirmed(), until="in_transit")
    scene.act(order, "exception", SUPPLIER, {"reason": "lost", "note": "No trace of it."})
    assert names(scene.order(order["id"], OPERATOR)["actions"]) == ["resolve", "abort"]
    assert scene.act(order, "resolve", OPERATOR)["history"][-1]["actor_role"] == "operator"
    scene.act(order, "exception", SUPPLIER, {"reason": "lost", "note": "No trace of it again."})
    assert scene.act(order, "abort", OPERATOR, {"note": "It is at the bottom of the sea."})["state"] == "cancelled"


def test_the_other_party_cannot_raise_or_resolve_it(scene: Scene) -> None:
    order = scene.walk(scene.confirmed(), until="in_transit")
    with pytest.raises(Forbidden):
        scene.act(order, "exception", BUYER, {"reason": "lost", "note": "Where is it?"})
    scene.act(order, "exception", SUPPLIER, {"reason": "lost", "note": "No trace of it."})
    with pytest.raises(Forbidden):
        scene.act(order, "resolve", BUYER)


def test_what_was_paid_directly_is_owed_by_the_supplier_until_the_buyer_has_it(scene: Scene) -> None:
    order = scene.walk(scene.confirmed(), until="ready_to_ship")
    scene.act(order, "exception", SUPPLIER, {"reason": "out_of_stock", "note": "The kiln broke."})
    aborted = scene.act(order, "abort", OPERATOR)
    assert aborted["refund"] == {"amount": order["total"], "received_at": None}
    told = scene.last(order["id"])
    assert (told["settlement"], told["refund"]) == ("direct", order["total"])
    assert names(scene.order(order["id"], BUYER)["actions"]) == ["confirm_refund"]
    assert scene.order(order["id"], SUPPLIER)["actions"] == []
    with pytest.raises(Forbidden):
        scene.act(order, "confirm_refund", SUPPLIER)
    settled = scene.act(order, "confirm_refund", BUYER, {"note": "It has come."})
    assert (settled["state"], settled["actions"], settled["refund"]["received_at"]) == ("cancelled", [], settled["history"][-1]["at"])
    assert scene.told(order["id"])[-2:] == ["orders.order_cancelled.v1", "orders.refund_received.v1"]
    with pytest.raises(Conflict):
        scene.act(order, "confirm_refund", BUYER)


def test_what_was_held_in_escrow_comes_back_from_the_platform(scene: Scene) -> None:
    order = scene.walk(scene.confirmed(agreed=parcel()), until="receiving")
    scene.act(order, "exception", BUYER, CHIPPED)
    aborted = scene.act(order, "abort", OPERATOR)
    assert aborted["refund"] == {"amount": order["total"], "received_at": None}
    assert scene.order(order["id"], BUYER)["actions"] == []
    scene.hear(order, "payments.refund_made.v1")
    refunded = scene.order(order["id"])
    assert (refunded["refund"]["received_at"] is None, refunded["version"]) == (False, aborted["version"])
    scene.hear(order, "payments.refund_made.v1")
    assert scene.order(order["id"]) == refunded


def test_nothing_is_refunded_where_nothing_was_paid(scene: Scene) -> None:
    order = scene.confirmed()
    cancelled = scene.act(order, "cancel", SUPPLIER)
    assert (cancelled["state"], cancelled["refund"], cancelled["actions"]) == ("cancelled", None, [])
    assert scene.last(order["id"])["refund"] is None


def test_either_party_cancels_an_order_that_is_not_paid_and_nobody_one_that_is(scene: Scene) -> None:
    for actor in (BUYER, SUPPLIER):
        assert scene.act(scene.confirmed(), "cancel", actor, {"note": "Changed my mind."})["history"][-1]["note"] == "Changed my mind."
    paid = scene.walk(scene.confirmed(), until="buyer_paid")
    for actor in (BUYER, SUPPLIER):
        with pytest.raises(Conflict):
            scene.act(paid, "cancel", actor)


def test_a_payment_that_is_refused_leaves_the_order_to_be_paid_again_or_cancelled(scene: Scene) -> None:
    order = scene.confirmed(agreed=parcel())
    scene.act(order, "pay", BUYER, forms.payment(order))
    scene.hear(order, "payments.payment_refused.v1", reason="insufficient_funds", message="302.00 USD are due.")
    refused = scene.order(order["id"])
    assert (refused["state"], names(refused["actions"]), refused["history"][-1]["reason"]) == ("awaiting_payment", ["pay", "cancel"], "insufficient_funds")
    assert scene.step(order, "payment")["state"] == "ready_to_ship"
