"""Saving the form of the step at hand."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from services.orders.models import drafts
from shared.contracts import orders as contract
from shared.kit.actor import Actor
from shared.kit.errors import Conflict, Forbidden, Invalid
from tests.integration.orders import forms
from tests.integration.orders.scene import BUYER, OPERATOR, SUPPLIER, Scene, parcel


def save(scene: Scene, order: Any, step: str, actor: Actor, form: Any) -> Any:
    return scene.do(contract.SAVE_DRAFT, actor, id=order["id"], step=step, form=form)


def stored(scene: Scene) -> int:
    return scene.run(lambda tx: tx.execute(select(func.count()).select_from(drafts)).scalar_one())  # type: ignore[no-any-return]


def test_a_form_is_kept_as_far_as_it_is_filled_in_and_told_what_is_still_wrong(scene: Scene) -> None:
    order = scene.confirmed()
    saved = save(scene, order, "payment", BUYER, {"method": "bank_transfer", "amount": "1"})
    assert (saved["step"], saved["form"]) == ("payment", {"method": "bank_transfer", "amount": "1"})
    assert set(saved["problems"]) == {"currency", "payer_name", "reference", "paid_on"}
    assert scene.order(order["id"])["drafts"] == {"payment": saved["form"]}


def test_what_disagrees_with_the_order_is_told_as_well(scene: Scene) -> None:
    order = scene.confirmed()
    saved = save(scene, order, "payment", BUYER, forms.payment(order) | {"amount": "1.00"})
    assert saved["problems"] == {"amount": ["The order's total is 302.00 USD."]}
    assert save(scene, order, "payment", BUYER, forms.payment(order))["problems"] == {}


def test_a_later_draft_takes_the_place_of_the_one_before_and_saving_moves_nothing(scene: Scene) -> None:
    order = scene.confirmed()
    save(scene, order, "payment", BUYER, {"reference": "1"})
    save(scene, order, "payment", BUYER, {"payer_name": "Weber"})
    now = scene.order(order["id"])
    assert now["drafts"] == {"payment": {"payer_name": "Weber"}}
    assert (now["version"], now["history"]) == (order["version"], order["history"])


def test_the_other_party_and_operators_never_see_a_draft(scene: Scene) -> None:
    order = scene.confirmed()
    save(scene, order, "payment", BUYER, {"reference": "secret"})
    for actor in (SUPPLIER, OPERATOR):
        assert "secret" not in str(scene.order(order["id"], actor))


def test_only_the_steps_actor_saves_and_only_while_it_is_at_hand(scene: Scene) -> None:
    order = scene.confirmed()
    for actor in (SUPPLIER, OPERATOR):
        with pytest.raises(Forbidden):
            save(scene, order, "payment", actor, {})
    with pytest.raises(Conflict) as refused:
        save(scene, order, "shipping", SUPPLIER, {})
    assert refused.value.data["allowed"] == ["cancel"]
    scene.act(order, "pay", BUYER, forms.payment(order))
    with pytest.raises(Conflict):
        save(scene, order, "payment", BUYER, {})
    assert stored(scene) == 0


@pytest.mark.parametrize("step", ["transport", "exception", "note", "no_such_step"])
def test_what_has_no_form_has_no_draft(scene: Scene, step: str) -> None:
    with pytest.raises(Invalid) as refused:
        save(scene, scene.confirmed(), step, SUPPLIER, {})
    assert list(refused.value.errors) == ["step"]


@pytest.mark.parametrize(
    ("form", "field"),
    [
        ({"colour": "red"}, "colour"),
        ({"reference": "a\x00b"}, "reference"),
        ({"evidence": [{"deep": ["\x00"]}]}, "evidence"),
        ({"evidence": {"\x00": 1}}, "evidence"),
        ([], "form"),
        ("text", "form"),
    ],
)
def test_a_draft_with_unknown_fields_or_what_cannot_be_stored_is_refused(scene: Scene, form: Any, field: str) -> None:
    order = scene.confirmed()
    with pytest.raises(Invalid) as refused:
        save(scene, order, "payment", BUYER, form)
    assert list(refused.value.errors) == [field]
    assert stored(scene) == 0


@pytest.mark.parametrize("value", [None, 7, "x" * 1000, {"nested": [1, None, {"a": "b"}]}, [[]]])
def test_a_drafts_values_may_be_anything_else(scene: Scene, value: Any) -> None:
    order = scene.confirmed()
    saved = save(scene, order, "payment", BUYER, {"reference": value})
    assert saved["form"] == {"reference": value}
    assert "reference" in saved["problems"]


def test_neither_the_payers_account_nor_a_password_is_kept_in_a_draft(scene: Scene) -> None:
    order = scene.confirmed()
    assert save(scene, order, "payment", BUYER, {"payer_account": "DE02120300000000202051"})["form"] == {"payer_account": "******************2051"}
    scene.walk(order, until="buyer_paid")
    with pytest.raises(Invalid) as refused:
        save(scene, order, "payment_confirmation", SUPPLIER, {"password": "correct horse"})
    assert list(refused.value.errors) == ["password"]


def test_the_password_is_not_asked_for_while_the_form_is_being_written(scene: Scene) -> None:
    order = scene.walk(scene.confirmed(), until="buyer_paid")
    signed_in = Actor(SUPPLIER.id, SUPPLIER.roles, SUPPLIER.name)
    assert save(scene, order, "payment_confirmation", signed_in, forms.payment_confirmation(order))["problems"] == {}


def test_a_draft_is_gone_when_its_form_is_submitted(scene: Scene) -> None:
    order = scene.confirmed()
    save(scene, order, "payment", BUYER, {"reference": "1"})
    scene.act(order, "pay", BUYER, forms.payment(order))
    scene.hear(order, "payments.payment_refused.v1")
    assert scene.order(order["id"])["drafts"] == {}
    assert stored(scene) == 0


def test_a_draft_outlives_an_exception_and_ends_with_the_order(scene: Scene) -> None:
    order = scene.walk(scene.confirmed(agreed=parcel()), until="receiving")
    save(scene, order, "receiving", BUYER, {"received_by": "Weber"})
    scene.act(order, "exception", BUYER, {"reason": "damaged", "note": "Box is wet."})
    assert scene.order(order["id"])["drafts"] == {}
    scene.act(order, "resolve", BUYER)
    assert scene.order(order["id"])["drafts"] == {"receiving": {"received_by": "Weber"}}
    scene.sweep(timedelta(days=16))
    assert stored(scene) == 0
