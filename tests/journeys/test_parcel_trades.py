"""Whole parcel trades over HTTP: by each kind of channel and each way of collection, with special goods that some channels do not take."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from services.logistics.application.channel_list import CHANNELS
from tests.builders.system import System
from tests.journeys.market import eventually
from tests.journeys.parcels import FORM, SENDER, SPECIAL, Parcel, Parcels
from tests.journeys.problems import refused
from tradelane.client import Client

ONLINE = [code for code, channel in CHANNELS.items() if channel.online]
BOOKED_ELSEWHERE = ["sea_freight_lcl", "air_freight"]
UNTAKEN = [(code, kind) for code in ONLINE for kind in SPECIAL if kind not in CHANNELS[code].special_goods]
FAR = {"name": "Xu Meilin", "street": "26 Zhushan Middle Road", "city": "Jingdezhen", "postal_code": "333000", "country": "CN"}


@pytest.fixture(scope="module")
def market(system: System, operator: Client) -> Parcels:
    parcels = Parcels(system, operator)
    parcels.fund("2000.00")
    return parcels


@pytest.mark.parametrize("channel", [*ONLINE, *BOOKED_ELSEWHERE])
def test_a_parcel_is_ordered_paid_shipped_tracked_received_and_its_money_released(market: Parcels, channel: str) -> None:
    deal = market.parcel(channel)
    total = Decimal(deal.seen()["total"]["amount"])
    assert deal.money() == {"state": "held", "paid": total, "held": total}
    before = market.balance("supplier")
    if channel in ONLINE:
        deal.book()
    assert deal.ship()["state"] == "in_transit"
    if channel in ONLINE:
        assert market.hand_over(deal.booked or {})["state"] == "handed_over"
    market.track(deal, "delivered", "in_transit", "picked_up")
    eventually(lambda: deal.seen()["state"], "receiving")
    assert deal.take()["state"] == "completed"
    assert market.balance("supplier") == before, "held while the buyer is protected"
    market.advance(deal.deadline("protection") + timedelta(seconds=5))
    eventually(lambda: deal.money()["state"], "released")
    assert sum(Decimal(each["amount"]) for each in market.balance("supplier")) == sum(Decimal(each["amount"]) for each in before) + total


@pytest.mark.parametrize(
    ("collection", "warehouse", "told"),
    [
        ({"way": "pickup", "address": SENDER}, "cn-szx", ""),
        ({"way": "drop_off", "address": FAR, "domestic_waybill": "SF1400998877665"}, "cn-sha", "two layers"),
        ({"way": "arranged", "address": FAR, "arranged_with": "Mr Chen, Tuesday at ten"}, "cn-sha", ""),
    ],
    ids=["fetched within the pickup range", "sent to the transit warehouse by a domestic carrier", "arranged with the warehouse by hand"],
)
def test_a_parcel_gets_to_the_warehouse_in_each_way(market: Parcels, collection: Any, warehouse: str, told: str) -> None:
    deal = market.parcel()
    booked = deal.book(collection=collection)
    assert (booked["collection"]["warehouse"]["code"], booked["collection"]["way"]) == (warehouse, collection["way"])
    assert told in " ".join(booked["collection"]["instructions"]).lower()
    assert deal.ship()["state"] == "in_transit"
    scanned = market.warehouse.post("/v1/warehouse-scans", {"waybill_number": collection.get("domestic_waybill", booked["waybill_number"])})
    assert (scanned["state"], scanned["waybill_number"]) == ("in_warehouse", booked["waybill_number"])
    assert market.hand_over(booked)["state"] == "handed_over"


def test_an_address_outside_of_every_pickup_range_is_refused_with_where_to_send_it(market: Parcels) -> None:
    deal = market.parcel()
    answer = market.supplier.session.post(f"{market.url}{deal.path}/logistics-order", json=_form({"way": "pickup", "address": FAR}))
    refused(answer, 422, "outside_pickup_range", {"collection.address.postal_code": "drop_off"})


@pytest.mark.parametrize(("channel", "kind"), UNTAKEN)
def test_special_goods_that_a_channel_does_not_take_end_the_order_at_once(market: Parcels, channel: str, kind: str) -> None:
    order = market.buyer.post("/v1/orders", market.ask(channel, kind), wait=30)
    last = order["history"][-1]
    assert (order["state"], last["reason"]) == ("rejected", "special_goods_not_taken")
    assert kind in last["note"]


@pytest.mark.parametrize("kind", [kind for kind in SPECIAL if kind not in CHANNELS["dhl_express"].special_goods])
def test_special_goods_told_only_when_booking_are_refused_with_who_takes_them(market: Parcels, kind: str) -> None:
    deal = market.parcel()
    answer = market.supplier.session.post(f"{market.url}{deal.path}/logistics-order", json=_form(special_goods=[kind]))
    assert "express_special" in refused(answer, 422, "special_goods_not_taken", {"special_goods": kind})["detail"]


def test_the_parties_agree_on_a_channel_that_takes_them_and_ship_by_it(market: Parcels) -> None:
    deal = market.parcel("tnt_express")
    deal.do("supplier", "propose_channel", {"logistics_channel": "fedex_express", "note": "TNT takes no magnets."})
    changed = deal.do("buyer", "agree_channel", {})
    assert (changed["awaiting"], changed["terms"]["channel"]) == ([], "fedex_express")
    assert deal.book(special_goods=["magnetic"])["channel"] == "fedex_express"
    assert deal.ship()["state"] == "in_transit"


def test_an_order_that_names_its_card_has_its_payment_only_to_be_submitted(market: Parcels) -> None:
    deal = market.parcel(state="awaiting_payment", payment_method_id=market.card)
    seen = deal.seen()
    paid = deal.do("buyer", "pay", seen["drafts"]["payment"] | {"paid_on": seen["updated_at"][:10]})
    assert (paid["state"], paid["drafts"]) == ("ready_to_ship", {})


def test_a_basket_of_two_suppliers_is_one_purchase_whose_orders_are_paid_each(market: Parcels) -> None:
    other = Parcels(market.system, market.operator)
    request = market.ask(payment_method_id=market.card)
    request["lines"] += [{"product_id": other.products["BLADE-PLAIN"], "quantity": 2}]
    request["channels"] = {other.accounts["supplier"]["id"]: "postal_packet"}
    purchase = market.buyer.post("/v1/purchases", request, wait=30)
    assert (purchase["awaiting"], purchase["totals"]) == ([], [{"amount": "57.00", "currency": "USD"}])
    deals = [Parcel(market, each["id"]) for each in purchase["orders"]]
    channels = {deal.seen()["supplier"]["id"]: deal.seen()["terms"]["channel"] for deal in deals}
    assert channels == {market.accounts["supplier"]["id"]: "dhl_express", other.accounts["supplier"]["id"]: "postal_packet"}
    assert [deal.take()["state"] for deal in deals] == ["ready_to_ship"] * 2
    assert {each["state"] for each in market.buyer.get(f"/v1/purchases/{purchase['id']}")["orders"]} == {"ready_to_ship"}


def test_after_all_these_trades_everything_adds_up(market: Parcels) -> None:
    audit = market.system.command("reconcile", "--wait", "60")
    assert audit.returncode == 0, audit.stdout + audit.stderr


def _form(collection: Any = None, **changes: Any) -> Any:
    return FORM | ({"collection": collection} if collection else {}) | changes
