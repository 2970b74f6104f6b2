"""The goods go by another channel than was agreed on: proposed by one party, agreed to by the other, and found fit by logistics."""

from __future__ import annotations

from typing import Any

import pytest

from shared.contracts.orders import ACT_ON_ORDER
from shared.kit.actor import Actor
from shared.kit.errors import Conflict, Invalid, NotFound
from tests.integration.orders.scene import BUYER, STRANGER, SUPPLIER, Scene, names, parcel

CHANGED, REFUSED = "logistics.channel_changed.v1", "logistics.channel_change_refused.v1"
BY_DHL = {"logistics_channel": "dhl_express", "note": "It is needed a week sooner."}


@pytest.fixture
def order(scene: Scene) -> Any:
    return scene.walk(scene.confirmed(agreed=parcel()), until="ready_to_ship")


def actions(scene: Scene, order: Any, actor: Actor) -> set[str]:
    return set(names(scene.order(order["id"], actor)["actions"])) & {"propose_channel", "agree_channel", "decline_channel"}


@pytest.mark.parametrize(("proposer", "other"), [(BUYER, SUPPLIER), (SUPPLIER, BUYER)], ids=["buyer proposes", "supplier proposes"])
def test_a_channel_changes_once_one_proposes_the_other_agrees_and_logistics_can_carry_it(scene: Scene, order: Any, proposer: Actor, other: Actor) -> None:
    shown = scene.act(order, "propose_channel", proposer, BY_DHL)
    assert shown["channel_proposal"] == {"channel": "dhl_express", "proposed_by": proposer.id}
    assert (actions(scene, order, proposer), actions(scene, order, other)) == ({"propose_channel"}, {"agree_channel", "decline_channel"})
    agreed = scene.act(order, "agree_channel", other)
    assert (agreed["awaiting"], agreed["terms"]["channel"]) == ([CHANGED], "express")
    assert scene.last(order["id"])["channel"] == "dhl_express"
    scene.hear(order, CHANGED, channel="dhl_express")
    changed = scene.order(order["id"])
    assert (changed["state"], changed["awaiting"], changed["terms"]["channel"], changed["channel_proposal"]) == ("ready_to_ship", [], "dhl_express", None)
    assert [each["action"] for each in changed["history"][-3:]] == ["propose_channel", "agree_channel", "change_channel"]
    assert changed["history"][-3]["form"] == BY_DHL
    assert changed["deadlines"] == order["deadlines"], "the shipping date is no later for it"


def test_what_logistics_cannot_carry_leaves_the_channel_as_it_was_and_says_why(scene: Scene, order: Any) -> None:
    scene.act(order, "propose_channel", SUPPLIER, BY_DHL)
    scene.act(order, "agree_channel", BUYER)
    scene.hear(order, REFUSED, reason="special_goods_not_taken", message="DHL does not take: battery.")
    kept = scene.order(order["id"])
    assert (kept["terms"]["channel"], kept["awaiting"], kept["channel_proposal"]) == ("express", [], None)
    assert (kept["history"][-1]["reason"], kept["history"][-1]["note"]) == ("special_goods_not_taken", "DHL does not take: battery.")
    assert actions(scene, order, SUPPLIER) == {"propose_channel"}


def test_the_other_party_may_decline_and_then_anybody_may_propose_again(scene: Scene, order: Any) -> None:
    scene.act(order, "propose_channel", SUPPLIER, BY_DHL)
    declined = scene.act(order, "decline_channel", BUYER, {"note": "Too dear."})
    assert (declined["channel_proposal"], declined["terms"]["channel"]) == (None, "express")
    assert actions(scene, order, BUYER) == actions(scene, order, SUPPLIER) == {"propose_channel"}


def test_a_party_may_change_its_own_proposal_but_not_agree_to_it(scene: Scene, order: Any) -> None:
    scene.act(order, "propose_channel", SUPPLIER, BY_DHL)
    assert scene.act(order, "propose_channel", SUPPLIER, {"logistics_channel": "postal_parcel"})["channel_proposal"]["channel"] == "postal_parcel"
    with pytest.raises(Conflict) as refused:
        scene.act(order, "agree_channel", SUPPLIER)
    assert refused.value.code == "action_not_allowed"


def test_nothing_is_shipped_while_a_change_is_under_way_and_a_late_answer_changes_nothing(scene: Scene, order: Any) -> None:
    scene.act(order, "propose_channel", SUPPLIER, BY_DHL)
    scene.act(order, "agree_channel", BUYER)
    with pytest.raises(Conflict) as refused:
        scene.act(order, "ship", SUPPLIER, {})
    assert refused.value.code == "submission_under_way"
    scene.hear(order, CHANGED, channel="dhl_express")
    before = scene.order(order["id"])
    scene.hear(order, CHANGED, channel="dhl_express")
    scene.hear(order, REFUSED)
    assert scene.order(order["id"]) == before


def test_a_proposal_does_not_outlive_the_step(scene: Scene, order: Any) -> None:
    scene.act(order, "propose_channel", BUYER, BY_DHL)
    scene.act(order, "exception", SUPPLIER, {"reason": "no_capacity", "note": "Nothing leaves this week."})
    assert scene.act(order, "resolve", SUPPLIER)["channel_proposal"] is None


def test_a_proposal_names_its_channel_and_is_for_the_parties(scene: Scene, order: Any) -> None:
    with pytest.raises(Invalid) as wrong:
        scene.act(order, "propose_channel", BUYER, {"note": "?"})
    assert list(wrong.value.errors) == ["logistics_channel"]
    before_payment = scene.confirmed(agreed=parcel())
    with pytest.raises(Conflict):
        scene.act(before_payment, "propose_channel", BUYER, BY_DHL)
    with pytest.raises(NotFound):
        scene.do(ACT_ON_ORDER, STRANGER, id=order["id"], action="propose_channel", form=BY_DHL)


@pytest.mark.parametrize("state", ["in_transit", "receiving"])
def test_a_parcel_that_cannot_be_delivered_stops_the_order_where_it_is(scene: Scene, state: str) -> None:
    order = scene.walk(scene.confirmed(agreed=parcel()), until=state)
    scene.hear(order, "logistics.parcel_undeliverable.v1", reason="consignee_refused", message="The consignee refused it; it goes back to the sender.")
    stopped = scene.order(order["id"])
    assert stopped["state"] == {"in_transit": "transport_exception", "receiving": "receiving_exception"}[state]
    assert (stopped["exception"]["reason"], stopped["exception"]["evidence"]) == ("consignee_refused", [])
    assert not any(each["kind"] == "acceptance" for each in stopped["deadlines"]), "the clock does not take it as received"
    scene.act(order, "propose_abort", SUPPLIER)
    assert scene.act(order, "abort", BUYER)["state"] == "cancelled"
