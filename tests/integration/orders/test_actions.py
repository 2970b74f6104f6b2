"""Acting on an order: in which order what is refused, and that a refusal changes nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from threading import Barrier, Thread
from typing import Any

import pytest

from shared.contracts import orders as contract
from shared.kit.actor import Actor
from shared.kit.errors import Conflict, Forbidden, Invalid, NotFound, PreconditionFailed, TradeError, Unauthenticated
from tests.integration.orders import forms
from tests.integration.orders.scene import BUYER, OPERATOR, STRANGER, SUPPLIER, Scene

STEPS = {
    # in state: action, actor, form
    "awaiting_payment": ("pay", BUYER, forms.payment),
    "buyer_paid": ("confirm_payment", SUPPLIER, forms.payment_confirmation),
    "payment_ready": ("declare_export", SUPPLIER, forms.export_customs),
    "ready_to_ship": ("ship", SUPPLIER, forms.shipping),
    "need_insurance": ("insure", SUPPLIER, forms.insurance),
    "arrived_in_customs": ("clear_import", BUYER, forms.import_customs),
    "receiving": ("receive", BUYER, forms.receiving),
}


def refused(scene: Scene, order: Mapping[str, Any], work: Callable[[], Any], kind: type[TradeError], code: str) -> TradeError:
    """The error; the order stands as it stood and nothing was told of it."""
    before, told = scene.order(order["id"]), scene.told(order["id"])
    with pytest.raises(kind) as error:
        work()
    assert error.value.code == code
    assert (scene.order(order["id"]), scene.told(order["id"])) == (before, told)
    return error.value


def test_anothers_order_is_not_there(scene: Scene) -> None:
    order = scene.confirmed()
    for work in (
        lambda: scene.order(order["id"], STRANGER),
        lambda: scene.act(order, "pay", STRANGER, {"nonsense": 1}),
        lambda: scene.act(order, "no_such_action", STRANGER),
        lambda: scene.do(contract.SAVE_DRAFT, STRANGER, id=order["id"], step="payment", form={}),
    ):
        refused(scene, order, work, NotFound, "not_found")


def test_nobody_acts_without_signing_in(scene: Scene) -> None:
    order = scene.confirmed()
    with pytest.raises(Unauthenticated):
        scene.do(contract.ACT_ON_ORDER, None, id=order["id"], action="pay")
    with pytest.raises(Unauthenticated):
        scene.do(contract.GET_ORDER, None, id=order["id"])


@pytest.mark.parametrize("action", ["ship", "resolve", "place", "confirm", "end_protection", "no_such_action", ""])
def test_an_action_out_of_turn_is_told_what_is_allowed_before_its_form_is_looked_at(scene: Scene, action: str) -> None:
    order = scene.confirmed()
    error = refused(scene, order, lambda: scene.act(order, action, BUYER, {"nonsense": 1}), Conflict, "action_not_allowed")
    assert error.data["allowed"] == ["cancel", "pay"]


@pytest.mark.parametrize(("actor", "action"), [(SUPPLIER, "pay"), (OPERATOR, "pay"), (OPERATOR, "cancel")])
def test_what_is_the_other_partys_or_nobody_elses_to_do_is_forbidden_before_its_form_is_looked_at(scene: Scene, actor: Actor, action: str) -> None:
    order = scene.confirmed()
    refused(scene, order, lambda: scene.act(order, action, actor, {"nonsense": 1}), Forbidden, "not_your_step")


def test_a_version_that_is_no_longer_the_orders_is_refused(scene: Scene) -> None:
    order = scene.confirmed()
    work = lambda: scene.act(order, "pay", BUYER, forms.payment(order), if_match=order["version"] - 1)  # noqa: E731
    assert refused(scene, order, work, PreconditionFailed, "version_changed").data == {"version": order["version"]}
    assert scene.act(order, "pay", BUYER, forms.payment(order), if_match=order["version"])["version"] == order["version"] + 1


def test_a_step_that_is_submitted_cannot_be_submitted_again(scene: Scene) -> None:
    order = scene.confirmed()
    submitted = scene.act(order, "pay", BUYER, forms.payment(order))
    assert (submitted["state"], submitted["awaiting"], submitted["actions"]) == ("awaiting_payment", ["payments.payment_recorded.v1"], [])
    for action in ("pay", "cancel"):
        refused(scene, order, lambda action=action: scene.act(order, action, BUYER, forms.payment(order)), Conflict, "submission_under_way")


def test_of_many_submissions_at_once_one_counts(scene: Scene) -> None:
    order = scene.confirmed()
    start, answers = Barrier(6), []

    def pay() -> None:
        start.wait()
        try:
            answers.append(scene.act(order, "pay", BUYER, forms.payment(order))["version"])
        except Conflict as error:
            answers.append(error.code)

    threads = [Thread(target=pay) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(map(str, answers)) == [str(order["version"] + 1), *["submission_under_way"] * 5]
    assert scene.told(order["id"]).count("orders.payment_submitted.v1") == 1


def test_confirming_a_payment_asks_for_the_password_again(scene: Scene) -> None:
    order = scene.walk(scene.confirmed(), until="buyer_paid")
    signed_in = Actor(SUPPLIER.id, SUPPLIER.roles, SUPPLIER.name)
    form = forms.payment_confirmation(order)
    error = refused(scene, order, lambda: scene.act(order, "confirm_payment", signed_in, form), Forbidden, "password_required")
    assert list(error.errors) == ["password"]
    work = lambda: scene.act(order, "confirm_payment", SUPPLIER, form | {"password": "correct horse"})  # noqa: E731
    assert refused(scene, order, work, Invalid, "invalid_fields").errors == {"password": ["Unknown field."]}
    assert scene.act(order, "confirm_payment", SUPPLIER, form)["state"] == "payment_ready"


def test_a_form_that_is_no_object_is_refused_at_every_step(scene: Scene) -> None:
    order = scene.confirmed()
    for state, (action, actor, _) in STEPS.items():
        scene.walk(order, until=state)
        for given in ([], "form", 7):
            work = lambda action=action, actor=actor, given=given: scene.act(order, action, actor, given)  # noqa: E731
            assert list(refused(scene, order, work, Invalid, "invalid_fields").errors) == ["_"]
