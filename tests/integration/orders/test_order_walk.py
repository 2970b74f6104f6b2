"""Orders from being placed to their end, for all terms."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

import pytest

from services.orders.domain.terms import ALLOWED, EVERY_CHOICE, Choices
from shared.kit.actor import Actor
from tests.integration.orders.forms import export_customs
from tests.integration.orders.scene import BUYER, MUG, NOT_READY_FOR_CUSTOMS, OPERATOR, SUPPLIER, Scene, line, names, parcel, terms


def of_choices(choices: Choices) -> dict[str, str]:
    return terms(preset=None, incoterm="FOB", **dict(zip(ALLOWED, choices, strict=True)))


def test_the_export_trade_walks_all_eight_steps_to_its_end(scene: Scene) -> None:
    order = scene.walk(scene.confirmed())
    assert (order["state"], order["label"], order["awaiting"], order["actions"], order["deadlines"]) == ("completed", "End", [], [], [])
    assert [(step["name"], step["status"]) for step in order["steps"]] == [
        (name, "done") for name in ("payment", "payment_confirmation", "export_customs", "shipping", "insurance", "transport", "import_customs", "receiving")
    ]
    assert scene.told(order["id"]) == [
        "orders.order_placed.v1",
        "orders.order_confirmed.v1",
        "orders.payment_submitted.v1",
        "orders.payment_made.v1",
        "orders.payment_confirmed.v1",
        "orders.export_customs_submitted.v1",
        "orders.export_cleared.v1",
        "orders.shipping_submitted.v1",
        "orders.goods_shipped.v1",
        "orders.insurance_submitted.v1",
        "orders.goods_insured.v1",
        "orders.goods_arrived.v1",
        "orders.import_customs_submitted.v1",
        "orders.import_cleared.v1",
        "orders.goods_received.v1",
    ]


def test_the_history_tells_who_when_from_where_to_where_and_what_was_submitted(scene: Scene) -> None:
    history = scene.walk(scene.confirmed())["history"]
    assert [each["version"] for each in history] == list(range(1, 16))
    assert all(after["from_state"] == before["to_state"] for before, after in pairwise(history))
    assert [each["actor_role"] for each in history[:6]] == ["buyer", "system", "buyer", "system", "supplier", "supplier"]
    assert [each["actor_id"] for each in history[:6]] == [BUYER.id, "logistics", BUYER.id, "payments", SUPPLIER.id, SUPPLIER.id]
    paid, declared = history[2], history[5]
    assert (paid["step"], paid["action"], paid["form"]["reference"]) == ("payment", "pay", "RF18 5390 0754 7034")
    assert declared["form"]["lines"][0]["customs_value"] == {"amount": "240.00", "currency": "USD"}


@pytest.mark.parametrize("choices", EVERY_CHOICE, ids="-".join)
def test_every_combination_of_terms_walks_its_own_route_to_the_end(scene: Scene, choices: Choices) -> None:
    order = scene.walk(scene.confirmed(agreed=of_choices(choices)))
    walked = [step["name"] for step in order["steps"]]
    assert ("payment_confirmation" in walked) == (choices.settlement == "direct")
    assert ("export_customs" in walked) == ("import_customs" in walked) == (choices.customs == "platform")
    assert ("insurance" in walked) == (choices.insurance == "supplier")
    assert {"payment", "shipping", "transport", "receiving"} <= set(walked)


def test_an_order_is_placed_only_once_stock_and_channel_are_both_confirmed_in_whichever_order(scene: Scene) -> None:
    order = scene.place()
    assert (order["state"], order["awaiting"]) == ("placing", ["catalog.stock_reserved.v1", "logistics.channel_confirmed.v1"])
    assert order["actions"] == []
    scene.hear(order, "logistics.channel_confirmed.v1")
    half = scene.order(order["id"])
    assert (half["state"], half["awaiting"], len(half["history"])) == ("placing", ["catalog.stock_reserved.v1"], 1)
    scene.hear(order, "catalog.stock_reserved.v1")
    assert (scene.order(order["id"])["state"], scene.order(order["id"])["awaiting"]) == ("awaiting_payment", [])


def test_events_of_several_orders_in_one_transaction_do_what_they_do_one_by_one(scene: Scene) -> None:
    first, second, third = scene.place(), scene.place(), scene.place()
    scene.hear_together(
        scene.event(first, "catalog.stock_reserved.v1"),
        scene.event(first, "logistics.channel_confirmed.v1"),
        scene.event(second, "logistics.channel_confirmed.v1"),
        scene.event(third, "catalog.stock_refused.v1", reason="out_of_stock"),
        scene.event(third, "logistics.channel_confirmed.v1"),
    )
    assert [scene.order(order["id"])["state"] for order in (first, second, third)] == ["awaiting_payment", "placing", "rejected"]
    assert scene.order(second["id"])["awaiting"] == ["catalog.stock_reserved.v1"]
    assert [each["kind"] for each in scene.order(first["id"])["deadlines"]] == ["payment"]
    assert scene.order(third["id"])["deadlines"] == []
    scene.hear_together(scene.event(first, "payments.account_opened.v1"))  # moves none


def test_an_order_without_stock_is_rejected_with_the_lines_that_are_short(scene: Scene) -> None:
    order = scene.place()
    short = [{"product_id": MUG["id"], "wanted": 100, "available": 3}]
    scene.hear(order, "catalog.stock_refused.v1", reason="out_of_stock", lines=short)
    rejected = scene.order(order["id"])
    assert (rejected["state"], rejected["history"][-1]["reason"]) == ("rejected", "out_of_stock")
    assert rejected["history"][-1]["note"] == "MUG: 100 wanted, 3 available"
    scene.hear(order, "logistics.channel_confirmed.v1")
    assert scene.order(order["id"])["version"] == rejected["version"]


def test_an_order_whose_channel_cannot_carry_it_is_rejected_in_the_services_words(scene: Scene) -> None:
    order = scene.place()
    scene.hear(order, "logistics.channel_refused.v1", reason="too_heavy", message="Express takes up to 30 kg.")
    last = scene.order(order["id"])["history"][-1]
    assert (last["to_state"], last["actor_id"], last["reason"], last["note"]) == ("rejected", "logistics", "too_heavy", "Express takes up to 30 kg.")


def test_the_placing_event_carries_all_that_the_other_services_need(scene: Scene) -> None:
    order = scene.place()
    told = scene.last(order["id"])
    assert told["buyer"] == {"id": BUYER.id, "name": BUYER.name}
    assert told["total"] == {"amount": "302.00", "currency": "USD"}
    assert told["terms"] == order["terms"]
    assert told["lines"] == order["lines"]
    assert order["lines"][0]["gross_mass_kg"] == "38.500"
    assert order["terms"]["settlement"] == "direct"


def test_a_submission_that_comes_back_tells_why_and_may_be_made_again(scene: Scene) -> None:
    order = scene.walk(scene.confirmed(), until="payment_ready")
    scene.act(order, "declare_export", SUPPLIER, export_customs(order))
    scene.hear(order, "logistics.export_refused.v1", reason="licence_missing", message="HS 691110 needs a licence.")
    back = scene.order(order["id"], SUPPLIER)
    assert (back["state"], back["awaiting"]) == ("payment_ready", [])
    assert (back["history"][-1]["reason"], back["history"][-1]["note"]) == ("licence_missing", "HS 691110 needs a licence.")
    assert names(back["actions"]) == ["declare_export", "exception"]
    assert scene.step(order, "export_customs")["state"] == "ready_to_ship"


def test_tracking_moves_an_order_in_transit_and_only_that(scene: Scene) -> None:
    order = scene.walk(scene.confirmed(agreed=parcel()), until="ready_to_ship")
    scene.hear(order, "logistics.parcel_arrived.v1")
    assert scene.order(order["id"])["state"] == "ready_to_ship"
    scene.walk(order, until="in_transit")
    scene.hear(order, "logistics.parcel_arrived.v1")
    arrived = scene.order(order["id"])
    assert (arrived["state"], arrived["history"][-1]["actor_role"]) == ("receiving", "carrier")
    scene.hear(order, "logistics.parcel_arrived.v1")
    assert scene.order(order["id"])["version"] == arrived["version"]


@pytest.mark.parametrize(
    "event",
    ["catalog.stock_reserved.v1", "catalog.stock_refused.v1", "payments.payment_recorded.v1", "payments.payment_refused.v1", "logistics.shipment_created.v1"],
)
def test_late_and_repeated_events_change_nothing(scene: Scene, event: str) -> None:
    order = scene.walk(scene.confirmed(), until="payment_ready")
    told = scene.told(order["id"])
    scene.hear(order, event)
    assert scene.order(order["id"]) == order
    assert scene.told(order["id"]) == told


@pytest.mark.parametrize(("actor", "expected"), [(BUYER, ["pay", "cancel"]), (SUPPLIER, ["cancel"]), (OPERATOR, [])])
def test_each_is_shown_what_they_may_do_now(scene: Scene, actor: Actor, expected: list[str]) -> None:
    assert names(scene.order(scene.confirmed()["id"], actor)["actions"]) == expected


def test_actions_name_their_form_their_step_their_reasons_and_whether_a_draft_can_be_kept(scene: Scene) -> None:
    order = scene.walk(scene.confirmed(), until="ready_to_ship")
    assert scene.order(order["id"], SUPPLIER)["actions"] == [
        {"name": "ship", "label": "Ship", "form": "shipping", "step": "shipping", "reasons": [], "draft": True},
        {
            "name": "exception",
            "label": "Exception",
            "form": "exception",
            "step": "shipping",
            "reasons": ["carrier_refused", "no_capacity", "goods_damaged", "out_of_stock", "other"],
            "draft": False,
        },
        {"name": "propose_channel", "label": "Propose Channel", "form": "channel", "step": None, "reasons": [], "draft": False},
    ]


def test_what_customs_will_ask_for_is_told_line_by_line_until_the_goods_are_shipped(scene: Scene) -> None:
    order = scene.confirmed(line(MUG), line(NOT_READY_FOR_CUSTOMS, 5))
    assert [(gap["line"], gap["field"]) for gap in order["customs_gaps"]] == [(1, "hs_code"), (1, "country_of_origin")]
    assert scene.walk(order, until="need_insurance")["customs_gaps"] == []


def test_the_order_keeps_the_time_of_its_own_clock(scene: Scene) -> None:
    scene.later = timedelta(days=400)
    order = scene.place()
    assert order["placed_at"] == order["history"][0]["at"] > "2026"
