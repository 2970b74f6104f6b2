"""Carriers call: signed or refused, kept as it came, once, before or after the waybill is known, and never a step back."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import delete, func, select, update
from sqlalchemy.exc import DBAPIError

from services.logistics.domain.tracking import RANKS
from services.logistics.domain.waybills import issue
from services.logistics.models import carrier_events, shipments
from shared.kit.clock import utc_now
from shared.kit.errors import Invalid, Unauthenticated
from tests.builders.carrier import SECRET, body, event, signatures
from tests.integration.logistics.scene import Scene, Trade
from tests.unit.logistics import sample

JOURNEY = ["picked_up", "in_transit", "on_hold", "in_transit", "out_for_delivery", "delivery_failed", "out_for_delivery", "delivered"]


@pytest.fixture(autouse=True)
def the_shipping_line_has_a_secret(access: Callable[..., None]) -> None:
    pass


@pytest.fixture
def trade(scene: Scene) -> Trade:
    trade = Trade()
    scene.happen(*trade.in_transit())
    return trade


def kept(scene: Scene) -> int:
    return scene.database.run(lambda tx: tx.execute(select(func.count()).select_from(carrier_events)).scalar_one())  # type: ignore[no-any-return]


def test_a_callback_is_kept_as_it_came_and_shown_with_what_it_means(scene: Scene, trade: Trade) -> None:
    sent = event("on_hold", waybill="cosu-6123456780", reason="customs_documentation", code="CD", location="Ningbo", country="CN")
    assert scene.callback(sent) == {"received": 1, "new": 1, "unknown_waybills": []}
    shown = scene.shipment(trade)
    assert shown["tracking_status"] == "on_hold"
    (told,) = shown["tracking"]
    assert (told["reason"], told["location"], told["country"], told["description"]) == ("customs_documentation", "Ningbo", "CN", None)
    assert json.loads(scene.database.run(lambda tx: tx.execute(select(carrier_events.c.raw)).scalar_one())) == sent


def test_a_callback_repeated_has_no_second_effect(scene: Scene, trade: Trade) -> None:
    sent = event("delivered")
    text = body(sent)
    signed = signatures(text)
    answers = [scene.callback(sent, signatures=signed) for _ in range(3)]
    assert [answer["new"] for answer in answers] == [1, 0, 0]
    assert scene.callback(sent | {"status": "in_transit", "description": "Another story"})["new"] == 0
    assert scene.shipment(trade)["tracking_status"] == "delivered"
    assert len(scene.shipment(trade)["tracking"]) == 1
    assert scene.told_names(trade).count("parcel_arrived") == 1


@pytest.mark.parametrize(
    "signed",
    [
        lambda text: {},
        lambda text: {"tracking-signature": "t=1,v1=00"},
        lambda text: {"other-signature": signatures(text)["tracking-signature"]},
        lambda text: signatures(text, secret="a guessed secret, long enough"),
        lambda text: signatures(text + " "),
        lambda text: signatures(text, at=utc_now() - timedelta(minutes=6)),
        lambda text: signatures(text, at=utc_now() + timedelta(minutes=6)),
    ],
    ids=["none", "wrong", "elsewhere", "other secret", "other body", "old", "ahead"],
)
def test_a_callback_that_is_not_signed_by_its_sender_now_is_refused_and_leaves_nothing(scene: Scene, trade: Trade, signed: Callable[[str], Any]) -> None:
    sent = event("delivered")
    with pytest.raises(Unauthenticated):
        scene.callback(sent, signatures=signed(body(sent)))
    assert kept(scene) == 0
    assert scene.shipment(trade)["tracking"] == []


@pytest.mark.parametrize("sender", ["ups", "nobody", "COSCO"])
def test_a_sender_without_a_secret_is_refused(scene: Scene, trade: Trade, sender: str) -> None:
    with pytest.raises(Unauthenticated):
        scene.callback(event("delivered"), sender=sender)
    assert kept(scene) == 0


def test_a_callback_with_one_wrong_event_leaves_nothing(scene: Scene, trade: Trade) -> None:
    with pytest.raises(Invalid):
        scene.callback(event("delivered"), event("arrived", "e-2"))
    assert kept(scene) == 0


def test_what_comes_before_the_waybill_is_known_is_kept_and_counts_when_it_is(scene: Scene) -> None:
    assert scene.callback(event("picked_up"), event("in_transit", "e-2")) == {"received": 2, "new": 2, "unknown_waybills": ["COSU 6123456780"]}
    trade = Trade()
    scene.happen(*trade.in_transit("cosu 6123 456780"))
    assert scene.shipment(trade)["tracking_status"] == "in_transit"
    assert len(scene.shipment(trade)["tracking"]) == 2


def test_an_arrival_told_before_the_waybill_is_known_is_told_to_orders_once_the_order_waits_for_it(scene: Scene) -> None:
    scene.callback(event("delivered"))
    trade = Trade()
    scene.happen(*trade.in_transit())
    assert scene.told_names(trade).count("parcel_arrived") == 1


def test_a_callback_that_missed_the_waybill_by_a_moment_is_found_by_the_clock(scene: Scene) -> None:
    trade = Trade()
    *before, insured = trade.in_transit()
    scene.callback(event("delivered", waybill="MISSED-1"))
    scene.happen(*before)
    # Neither transaction saw the other's row: as if the waybill had been told with the one callback under way.
    scene.happen(trade.shipping_submitted("OTHER-1"))
    unseen = update(shipments).where(shipments.c.order_id == trade.order_id).values(waybill_number="MISSED-1", waybill_key="missed1")
    scene.database.run(lambda tx: tx.execute(unseen))
    scene.happen(insured)
    assert scene.shipment(trade)["tracking"] == []
    assert scene.look(later=timedelta(minutes=2)) == 1
    assert scene.shipment(trade)["tracking_status"] == "delivered"
    assert scene.told_names(trade).count("parcel_arrived") == 1


@pytest.mark.parametrize("seed", range(6))
def test_any_order_any_repetition_and_any_moment_of_the_waybill_end_the_same(scene: Scene, seed: int) -> None:
    dice = random.Random(seed)
    trade = Trade()
    journey = trade.in_transit()
    calls = [event(status, f"e-{hour}", hours=hour) for hour, status in enumerate(JOURNEY)] * 2
    dice.shuffle(calls)
    moments = sorted(dice.choices(range(len(calls) + 1), k=len(journey)))
    ranks = [RANKS["pending"]]
    for number in range(len(calls) + 1):
        scene.happen(*(step for step, moment in zip(journey, moments, strict=True) if moment == number))
        if moments[0] <= number:  # there is a shipment to look at
            ranks.append(RANKS[scene.shipment(trade)["tracking_status"]])
        if number < len(calls):
            scene.callback(calls[number])
    shown = scene.shipment(trade)
    assert shown["tracking_status"] == "delivered"
    assert [told["status"] for told in shown["tracking"]] == JOURNEY
    assert ranks == sorted(ranks)
    assert scene.told_names(trade).count("parcel_arrived") == 1


def test_a_parcel_is_believed_of_its_own_carrier_only(scene: Scene, access: Callable[..., None]) -> None:
    access(CARRIER_DHL_SECRET=SECRET)
    waybill = issue("ups", "express", 7, "CN")
    trade = Trade(sample.order(terms=sample.terms(channel="express", incoterm="CIP"), lines=[sample.order()["lines"][1]]))
    packages = [sample.package(count=10, weight_kg="20", length_cm="40", width_cm="40", height_cm="40")]
    form = trade.shipping_submitted(waybill, logistics_channel="express", packages=packages)
    form.raw["form"]["shipping_notice"]["mode"] = "express"
    scene.happen(trade.placed(), form)
    for sender in ("dhl", "cosco"):
        assert scene.callback(event("delivered", waybill=waybill), sender=sender)["unknown_waybills"] == []
    assert scene.shipment(trade)["tracking_status"] == "pending"
    assert kept(scene) == 2


def test_what_a_courier_tells_of_a_number_that_is_none_of_theirs_moves_no_container(scene: Scene, trade: Trade, access: Callable[..., None]) -> None:
    access(CARRIER_DHL_SECRET=SECRET)
    scene.callback(event("delivered", "e-9"), sender="dhl")
    assert scene.shipment(trade)["tracking"] == []
    scene.callback(event("in_transit"), sender="cosco")
    assert scene.shipment(trade)["tracking_status"] == "in_transit"


def test_what_was_before_the_order_is_another_parcels(scene: Scene, trade: Trade) -> None:
    scene.callback(event("delivered", hours=-24 * 30), event("picked_up", "e-2", hours=-1))
    assert scene.shipment(trade)["tracking_status"] == "picked_up"
    assert kept(scene) == 2


def test_the_same_event_id_of_two_sources_is_two_events(scene: Scene, trade: Trade) -> None:
    scene.track("in_transit", "e-1")
    scene.callback(event("out_for_delivery", "e-1"))
    assert scene.shipment(trade)["tracking_status"] == "out_for_delivery"
    assert len(scene.shipment(trade)["tracking"]) == 2


@pytest.mark.parametrize("change", [update(carrier_events).values(raw="{}"), delete(carrier_events)])
def test_what_came_can_only_be_added_to(scene: Scene, change: object) -> None:
    scene.callback(event())
    with pytest.raises(DBAPIError, match="can only be added to"):
        scene.database.run(lambda tx: tx.execute(change))
