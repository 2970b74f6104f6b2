"""Deadlines: when they start, when they strike, and that they strike once."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from services.orders.application import deadlines as clockwork, durations, moves
from services.orders.models import deadlines
from shared.kit.errors import Conflict, Forbidden
from tests.integration.orders import forms
from tests.integration.orders.scene import BUYER, SUPPLIER, Scene, names, parcel

DAY = timedelta(days=1)
MOMENT = timedelta(minutes=5)


def distance(order: Any, kind: str) -> timedelta:
    """From when the order entered its state until the deadline."""
    entered = next(each["at"] for each in reversed(order["history"]) if each["from_state"] != each["to_state"] == order["state"])
    due = next(each["at"] for each in order["deadlines"] if each["kind"] == kind)
    return datetime.fromisoformat(due) - datetime.fromisoformat(entered)


def test_an_order_that_is_not_paid_in_time_is_cancelled_by_the_clock(scene: Scene) -> None:
    order = scene.confirmed()
    assert distance(order, "payment") == 7 * DAY
    assert scene.sweep(7 * DAY - MOMENT) == 0
    assert scene.sweep(MOMENT) == 1
    cancelled = scene.order(order["id"])
    last = cancelled["history"][-1]
    assert (cancelled["state"], last["actor_id"], last["actor_role"], cancelled["deadlines"]) == ("cancelled", "clock", "clock", [])
    assert scene.told(order["id"])[-1] == "orders.order_cancelled.v1"


def test_a_payment_that_was_submitted_in_time_is_waited_for(scene: Scene) -> None:
    order = scene.confirmed()
    scene.act(order, "pay", BUYER, forms.payment(order))
    assert scene.sweep(8 * DAY) == 1
    assert scene.order(order["id"])["state"] == "awaiting_payment"
    scene.hear(order, "payments.payment_recorded.v1")
    assert scene.order(order["id"])["state"] == "buyer_paid"
    assert scene.sweep(8 * DAY) == 0


def test_a_payment_that_comes_back_after_its_time_cancels_the_order(scene: Scene) -> None:
    order = scene.confirmed()
    scene.act(order, "pay", BUYER, forms.payment(order))
    scene.sweep(8 * DAY)
    scene.hear(order, "payments.payment_refused.v1")
    assert scene.sweep(clockwork.LOOK_AGAIN) == 1
    assert scene.order(order["id"])["state"] == "cancelled"


def test_goods_that_are_not_refused_in_time_count_as_received(scene: Scene) -> None:
    order = scene.walk(scene.confirmed(), until="receiving")
    assert distance(order, "acceptance") == 15 * DAY
    assert scene.sweep(15 * DAY - MOMENT) == 0
    assert scene.sweep(MOMENT) == 1
    received = scene.order(order["id"])
    assert (received["state"], received["history"][-1]["actor_id"], received["history"][-1]["form"]) == ("completed", "clock", None)


def test_an_exception_stops_the_acceptance_deadline_and_resolving_it_starts_it_anew(scene: Scene) -> None:
    order = scene.walk(scene.confirmed(), until="receiving")
    scene.later += 10 * DAY
    scene.act(order, "exception", BUYER, {"reason": "damaged", "note": "Chipped."})
    assert scene.sweep(10 * DAY) == 0
    resolved = scene.act(order, "resolve", BUYER)
    assert distance(resolved, "acceptance") == 15 * DAY


def test_the_buyers_protection_ends_once_and_only_under_escrow(scene: Scene) -> None:
    direct, escrow = scene.walk(scene.confirmed()), scene.walk(scene.confirmed(agreed=parcel()))
    assert direct["deadlines"] == []
    assert distance(escrow, "protection") == 15 * DAY
    assert scene.sweep(15 * DAY) == 1
    ended = scene.order(escrow["id"])
    assert (ended["state"], ended["deadlines"], ended["history"][-1]["action"]) == ("completed", [], "end_protection")
    assert scene.told(escrow["id"])[-1] == "orders.protection_ended.v1"
    assert scene.sweep(100 * DAY) == 0


def test_a_late_shipment_may_be_cancelled_by_the_buyer_under_escrow(scene: Scene) -> None:
    order = scene.walk(scene.confirmed(agreed=parcel()), until="ready_to_ship")
    assert distance(order, "shipping") == 10 * DAY
    with pytest.raises(Conflict):
        scene.act(order, "cancel", BUYER)
    assert scene.sweep(10 * DAY) == 0
    assert names(scene.order(order["id"])["actions"]) == ["cancel", "propose_channel"]
    with pytest.raises(Forbidden):
        scene.act(order, "cancel", SUPPLIER)
    cancelled = scene.act(order, "cancel", BUYER)
    assert (cancelled["state"], cancelled["refund"]["amount"]) == ("cancelled", order["total"])


def test_an_exception_does_not_put_off_the_date_of_shipping(scene: Scene) -> None:
    order = scene.walk(scene.confirmed(agreed=parcel()), until="ready_to_ship")
    agreed = order["deadlines"]
    scene.sweep(9 * DAY)
    raised = scene.act(order, "exception", SUPPLIER, {"reason": "no_capacity", "note": "The flight is full."})
    resolved = scene.act(raised, "resolve", SUPPLIER, {"note": "Another one is booked."})
    assert raised["deadlines"] == resolved["deadlines"] == agreed
    scene.sweep(2 * DAY)
    assert "cancel" in names(scene.order(order["id"], BUYER)["actions"])


def test_a_late_shipment_is_only_told_under_direct_settlement(scene: Scene) -> None:
    order = scene.walk(scene.confirmed(), until="ready_to_ship")
    scene.sweep(11 * DAY)
    assert names(scene.order(order["id"])["actions"]) == ["propose_channel"]
    with pytest.raises(Conflict):
        scene.act(order, "cancel", BUYER)


def test_deadlines_are_rows_that_a_restart_does_not_lose(scene: Scene) -> None:
    order = scene.confirmed()
    rows = scene.run(lambda tx: tx.execute(select(deadlines)).all())
    assert [(row.aggregate, row.aggregate_id, row.kind) for row in rows] == [("order", order["id"], "payment")]
    scene.database.engine.dispose()
    assert Scene(scene.database).sweep(7 * DAY) == 1


def test_replicas_pass_over_what_another_is_at(scene: Scene) -> None:
    first, second = scene.confirmed(), scene.confirmed()
    with scene.database.transaction(8 * DAY) as one, scene.database.transaction(8 * DAY) as other:
        assert clockwork.sweep(one)
        assert clockwork.sweep(other)
        assert not clockwork.sweep(other)
    assert {scene.order(order["id"])["state"] for order in (first, second)} == {"cancelled"}


def test_a_failure_at_one_order_does_not_stop_the_clock_of_the_others(scene: Scene, monkeypatch: pytest.MonkeyPatch, caplog: Any) -> None:
    broken, sound = scene.confirmed(), scene.confirmed()
    apply = moves.apply

    def fail(tx: Any, order: Any, *rest: Any, **more: Any) -> Any:
        moved = apply(tx, order, *rest, **more)
        if order.row.id == broken["id"]:
            raise RuntimeError("a defect")
        return moved

    monkeypatch.setattr(moves, "apply", fail)
    assert scene.sweep(8 * DAY) == 2
    assert (scene.order(broken["id"])["state"], scene.order(sound["id"])["state"]) == ("awaiting_payment", "cancelled")
    assert scene.told(broken["id"])[-1] == "orders.order_confirmed.v1"
    assert broken["id"] in caplog.text
    monkeypatch.undo()
    assert scene.sweep(clockwork.LOOK_AGAIN) == 1
    assert scene.order(broken["id"])["state"] == "cancelled"


def test_the_environment_sets_how_long_deadlines_run(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEADLINE_ESCROW_PAYMENT", "36h")
    monkeypatch.setitem(durations.DEADLINES, "escrow", durations.read("escrow"))
    assert distance(scene.confirmed(agreed=parcel()), "payment") == timedelta(hours=36)
    assert distance(scene.confirmed(), "payment") == 7 * DAY


@pytest.mark.parametrize("value", ["soon", "-1d", "0s"])
def test_a_duration_that_is_none_is_refused_by_its_variables_name(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("DEADLINE_DIRECT_SHIPPING", value)
    with pytest.raises(ValueError, match="DEADLINE_DIRECT_SHIPPING"):
        durations.read("direct")
