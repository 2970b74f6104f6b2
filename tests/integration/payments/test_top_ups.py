"""Freight accounts topped up through a payment provider: there once captured, once, whatever the provider says, and when."""

from __future__ import annotations

from datetime import timedelta

import pytest

from services.payments.application import asking, top_ups
from services.payments.application.asked import Heard
from services.payments.models import freight_top_ups, transfers
from shared.kit.errors import Invalid
from shared.kit.ids import new_id
from tests.integration.payments.model import ModelProvider
from tests.integration.payments.scene import Parcel, Scene, usd, wire

LATER = timedelta(hours=1)


@pytest.fixture
def provider() -> ModelProvider:
    return ModelProvider()


@pytest.fixture
def supplier(scene: Scene) -> str:
    """Has a freight account and no funds."""
    supplier = new_id()
    scene.bind(supplier)
    return supplier


@pytest.mark.parametrize("kind", ["card", "wallet", "bank_debit"])
def test_it_is_on_the_account_once_it_is_captured(scene: Scene, provider: ModelProvider, supplier: str, kind: str) -> None:
    asked = scene.top_up(supplier, usd(40_00), scene.bind_method(supplier, f"{kind}_ok"))
    assert (asked["balance"], asked["awaiting"]) == (usd(0), ["payments.freight_topped_up.v1"])
    assert [(each["state"], each["kind"], each["last4"]) for each in asked["top_ups"]] == [("pending", kind, "4242")]
    scene.work_off(provider)
    account = scene.freight_account(supplier)
    assert (account["balance"], account["awaiting"], account["top_ups"][0]["state"]) == (usd(40_00), [], "made")
    assert scene.told(supplier)[-1] == ("freight_topped_up", {"account_id": supplier, "amount": wire(usd(40_00))})
    assert provider.has() == 40_00
    assert scene.faults() == []


def test_what_is_outstanding_is_taken_from_it(scene: Scene, provider: ModelProvider, supplier: str) -> None:
    parcel = Parcel(supplier)
    scene.happen(parcel.due(("reweighing", usd(15_00))))
    scene.top_up(supplier, usd(40_00), scene.bind_method(supplier, "card_ok"))
    scene.work_off(provider)
    assert scene.freight_account(supplier)["balance"] == usd(25_00)
    assert scene.told_names(parcel.order_id) == ["freight_refused", "freight_charged"]


def test_a_declined_one_is_told_in_words_and_moves_nothing(scene: Scene, provider: ModelProvider, supplier: str) -> None:
    scene.top_up(supplier, usd(40_00), scene.bind_method(supplier, "card_declined"))
    scene.work_off(provider)
    refusal = {"reason": "declined", "message": "There are not enough funds."}
    assert scene.told(supplier)[-1] == ("freight_top_up_refused", {"account_id": supplier, "amount": wire(usd(40_00)), **refusal})
    (top_up,) = scene.freight_account(supplier)["top_ups"]
    assert (top_up["state"], top_up["reason"], top_up["message"]) == ("refused", *refusal.values())
    assert scene.count(transfers) == 0
    assert scene.faults() == []


def test_answers_that_get_lost_are_asked_for_again_and_it_counts_once(scene: Scene, supplier: str) -> None:
    lost = iter([True, False, True] * 2)  # a call that never arrives, and one whose answer gets lost, each twice
    provider = ModelProvider(trouble=lambda: next(lost, False))
    scene.top_up(supplier, usd(40_00), scene.bind_method(supplier, "card_ok"))
    for seconds in range(0, 100, 10):
        scene.work_off(provider, timedelta(seconds=seconds))
    assert provider.states() == ["captured"]
    assert scene.freight_account(supplier)["balance"] == usd(40_00)
    assert scene.told_names(supplier).count("freight_topped_up") == 1


def test_the_same_answer_twice_has_one_effect(scene: Scene, provider: ModelProvider, supplier: str) -> None:
    scene.top_up(supplier, usd(40_00), scene.bind_method(supplier, "card_ok"))
    (task,) = scene.run()(asking.lease, 8)
    captured = Heard("captured", "pay_1", usd(40_00))
    scene.run()(top_ups.hear, task.row.id, task.until, Heard("authorized", "pay_1", usd(40_00)))
    for _ in range(2):
        scene.run()(lambda tx: top_ups.hear(tx, task.row.id, task.until, captured))
    (leased,) = scene.run()(asking.lease, 8)
    for _ in range(2):
        scene.run()(lambda tx: top_ups.hear(tx, leased.row.id, leased.until, captured))
    assert scene.freight_account(supplier)["balance"] == usd(40_00)
    assert scene.told_names(supplier).count("freight_topped_up") == 1


def test_one_that_is_captured_after_it_was_given_up_is_the_suppliers_as_well(scene: Scene, provider: ModelProvider, supplier: str) -> None:
    scene.top_up(supplier, usd(40_00), scene.bind_method(supplier, "card_slow"))
    scene.work_off(provider)
    scene.work_off(provider, LATER)
    assert scene.told(supplier)[-1][1]["reason"] == "provider_timeout"
    (row,) = scene.database.run(lambda tx: tx.execute(freight_top_ups.select()).all())
    scene.run()(top_ups.hear, row.id, row.next_at or row.changed_at, Heard("captured", row.reference, usd(40_00)))
    account = scene.freight_account(supplier)
    assert (account["balance"], account["top_ups"][0]["state"]) == (usd(40_00), "made")


def test_a_method_of_somebody_else_is_refused_by_name(scene: Scene, supplier: str) -> None:
    for method in (scene.bind_method(new_id(), "card_ok"), new_id()):
        with pytest.raises(Invalid) as caught:
            scene.top_up(supplier, usd(40_00), method)
        assert caught.value.errors.keys() == {"payment_method_id"}
    assert scene.count(freight_top_ups) == 0
