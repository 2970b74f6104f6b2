"""Means of payment: bound by token, the owner's alone, never a card number."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest
from sqlalchemy import select

from services.payments.application import methods
from services.payments.models import payment_methods
from shared.contracts import payment_methods as contract
from shared.contracts.operations import ById
from shared.kit.actor import Actor
from shared.kit.errors import Conflict, Invalid, NotFound, Unauthenticated
from shared.kit.ids import new_id
from shared.platform.calls import actor_data
from shared.platform.rpc import read_call
from tests.builders.database import call
from tests.integration.payments.model import ModelProvider
from tests.integration.payments.scene import Scene


def buyer() -> Actor:
    return Actor(new_id(), frozenset({"buyer"}))


def bind(scene: Scene, actor: Actor | None, **data: Any) -> dict[str, Any]:
    asked = call(contract.ADD_PAYMENT_METHOD, actor, {"provider": "sandbox", "token": "card_ok"} | data)
    return scene.database.run(lambda tx: methods.add_method(tx, asked, methods.ask(ModelProvider(), asked)))  # type: ignore[no-any-return]


def mine(scene: Scene, actor: Actor) -> list[dict[str, Any]]:
    return scene.database.run(lambda tx: methods.list_methods(tx, call(contract.LIST_PAYMENT_METHODS, actor, {})))["items"]  # type: ignore[no-any-return]


def remove(scene: Scene, actor: Actor, key: str) -> list[dict[str, Any]]:
    return scene.database.run(lambda tx: methods.remove_method(tx, call(contract.REMOVE_PAYMENT_METHOD, actor, {"id": key})))["items"]  # type: ignore[no-any-return]


def test_what_the_provider_says_of_a_token_is_kept_and_listed(scene: Scene) -> None:
    actor = buyer()
    card = bind(scene, actor)
    bind(scene, actor, token="wallet_ok", label="Mine")
    assert [(each["kind"], each["label"], each["expires"]) for each in mine(scene, actor)] == [
        ("card", "Card •••• 4242", "2098-12"),
        ("wallet", "Mine", None),
    ]
    dumped = contract.PaymentMethod().dump(card)
    assert contract.PaymentMethod().validate(dumped) == {}
    assert "reference" not in dumped, "what the provider knows it by is nobody's business"


def test_an_account_binds_so_many_and_one_that_is_bound_already_is_none_more(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(methods, "MOST", 2)
    actor = buyer()
    card = bind(scene, actor)
    bind(scene, actor, token="wallet_ok")
    with pytest.raises(Conflict) as refused:
        bind(scene, actor, token="bank_debit_ok")
    assert refused.value.code == "too_many_payment_methods"
    assert bind(scene, actor) == card
    remove(scene, actor, card["id"])
    bind(scene, actor, token="bank_debit_ok")
    assert len(mine(scene, actor)) == 2


def test_the_same_method_bound_again_is_the_same(scene: Scene) -> None:
    actor = buyer()
    assert bind(scene, actor) == bind(scene, actor)
    assert len(mine(scene, actor)) == 1
    assert bind(scene, buyer())["id"] != mine(scene, actor)[0]["id"], "another account has its own"


def test_methods_are_their_owners_alone(scene: Scene) -> None:
    owner, other = buyer(), buyer()
    key = bind(scene, owner)["id"]
    assert mine(scene, other) == []
    with pytest.raises(NotFound):
        remove(scene, other, key)
    assert remove(scene, owner, key) == mine(scene, owner) == []
    with pytest.raises(NotFound):
        remove(scene, owner, key)


@pytest.mark.parametrize(
    ("data", "code", "field"),
    [
        ({"provider": "another"}, "provider_unknown", "provider"),
        ({"token": "unknown"}, "payment_method_refused", "token"),
    ],
)
def test_what_the_provider_does_not_know_is_refused_by_field(scene: Scene, data: dict[str, str], code: str, field: str) -> None:
    with pytest.raises(Invalid) as caught:
        bind(scene, buyer(), **data)
    assert (caught.value.code, list(caught.value.errors)) == (code, [field])
    assert scene.count(payment_methods) == 0


def test_without_a_provider_there_is_none_to_bind(scene: Scene) -> None:
    asked = call(contract.ADD_PAYMENT_METHOD, buyer(), {"provider": "sandbox", "token": "card_ok"})
    with pytest.raises(Invalid, match="No provider"):
        methods.ask(None, asked)


def test_somebody_must_be_signed_in(scene: Scene) -> None:
    with pytest.raises(Unauthenticated):
        bind(scene, None)


@pytest.mark.parametrize(
    "data",
    [
        {"provider": "sandbox", "token": "4242 4242 4242 4242"},
        {"provider": "sandbox", "token": "tok_1", "label": "4242-4242-4242-4242"},
        {"provider": "sandbox", "token": "tok_1", "card": {"number": 4242424242424242}},
        {"provider": "sandbox", "token": "tok_1", "4242424242424242": ""},
        {"provider": "4242424242424242"},
    ],
)
def test_a_card_number_is_refused_before_anything_else_and_neither_kept_nor_logged(
    scene: Scene, caplog: pytest.LogCaptureFixture, data: dict[str, Any]
) -> None:
    caplog.set_level(logging.DEBUG)
    body = {"data": data, "actor": actor_data(buyer()), "command_id": new_id()}
    with pytest.raises(Invalid) as caught:
        read_call(contract.ADD_PAYMENT_METHOD, body)
    assert caught.value.code == "card_number_refused"
    seen = json.dumps([caught.value.message, caught.value.errors, caught.value.data]) + caplog.text
    assert "4242424242424242" not in seen.replace(" ", "").replace("-", "")
    assert scene.database.run(lambda tx: tx.execute(select(payment_methods)).all()) == []


def test_an_id_is_no_card_number() -> None:
    assert ById().validate({"id": "01234567-4242-7242-8242-424242424242"}) == {}
