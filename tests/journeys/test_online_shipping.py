"""A parcel that ships online, as its supplier, the warehouse and the carrier have it go over HTTP: paid for once, and never without what it needs."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.builders.system import System
from tests.journeys.market import changed, eventually
from tests.journeys.parcels import FORM, PACKAGE, Parcel, Parcels
from tests.journeys.problems import refused
from tradelane.client import Client
from tradelane.demo.trade import Json


@pytest.fixture(scope="module")
def market(system: System, operator: Client) -> Parcels:
    return Parcels(system, operator)


def ship(deal: Parcel, waybill: str) -> Json:
    """The shipping notice, with this waybill."""
    return deal.do("supplier", "ship", changed(deal.form("shipping"), {"shipping_notice.waybill_number": waybill}))


def test_a_parcel_is_booked_paid_for_weighed_handed_over_and_comes_back(market: Parcels) -> None:
    deal = market.parcel()

    # Without a freight account, and without funds on it, it is refused with what to do; nothing can be shipped meanwhile.
    unbound = market.book(deal)
    assert (unbound["state"], unbound["reason"]) == ("refused", "freight_account_missing")
    assert "POST /v1/freight-account" in unbound["message"]
    market.supplier.post("/v1/freight-account", {"currency": "USD"})
    unfunded = market.book(deal)
    assert (unfunded["state"], unfunded["reason"]) == ("refused", "insufficient_freight_funds")
    returned = ship(deal, "1234567890")
    assert (returned["state"], returned["history"][-1]["reason"]) == ("ready_to_ship", "logistics_order_missing")

    # With funds it is charged once, and its waybill is the only one that ships it.
    market.fund("500.00")
    booked = market.book(deal)
    assert (booked["state"], booked["awaiting"]) == ("ready", [])
    paid = Decimal(booked["paid"]["amount"])
    assert paid == Decimal(booked["freight"]["amount"]) + Decimal("3.00")
    eventually(market.freight_balance, Decimal(500) - paid)
    refused(market.supplier.session.post(f"{market.url}{deal.path}/logistics-order", json=FORM), 409, "logistics_order_exists")
    assert ship(deal, "1234567890")["history"][-1]["reason"] == "waybill_mismatch"
    assert ship(deal, booked["waybill_number"])["state"] == "in_transit"

    # The warehouse finds it heavier, and lets it go once the difference is paid.
    scanned = market.warehouse.post("/v1/warehouse-scans", {"waybill_number": booked["waybill_number"]})
    assert scanned["state"] == "in_warehouse"
    measured = {name: value for name, value in PACKAGE.items() if name != "kind"}
    heavier = market.do(market.warehouse, booked, "weigh", {"packages": [measured | {"weight_kg": "4.2"}]})
    assert heavier["state"] == "on_hold"
    eventually(lambda: market.supplier.get(f"/v1/logistics-orders/{booked['id']}")["state"], "in_warehouse")
    assert market.do(market.warehouse, booked, "hand_over")["state"] == "handed_over"
    eventually(market.freight_balance, Decimal(500) - Decimal(heavier["freight"]["amount"]) - 3)

    # It cannot be delivered: it goes back, as was paid for, and its order stops.
    report = {"waybill_number": booked["waybill_number"], "reason": "not_collected"}
    for _ in range(2):
        assert market.carrier.post("/v1/undeliverable-reports", report)["state"] == "returning"
    eventually(lambda: deal.seen()["state"], "transport_exception")
    assert market.do(market.warehouse, booked, "confirm_return")["state"] == "returned"


def test_what_is_given_up_is_paid_back(market: Parcels) -> None:
    market.fund("200.00")
    before, deal = market.freight_balance(), market.parcel()
    booked = market.book(deal)
    eventually(market.freight_balance, before - Decimal(booked["paid"]["amount"]))
    assert market.do(market.supplier, booked, "void")["state"] == "voided"
    eventually(market.freight_balance, before)
    again = market.book(deal, if_undeliverable="destroy")
    assert again["waybill_number"] != booked["waybill_number"]
    deal.do("supplier", "exception", {"reason": "out_of_stock", "note": "Sold twice."})
    deal.do("supplier", "propose_abort", {})
    deal.do("buyer", "abort", {})
    eventually(lambda: market.supplier.get(f"/v1/logistics-orders/{again['id']}")["state"], "voided")
    eventually(market.freight_balance, before)


def test_nobody_else_sees_or_does_anything_with_it(market: Parcels) -> None:
    market.fund("200.00")
    deal = market.parcel()
    booked = market.book(deal)
    path = f"/v1/logistics-orders/{booked['id']}"
    stranger = Parcels(market.system, market.operator).supplier
    refused(stranger.session.get(f"{market.url}{path}"), 404, "logistics_order_not_found")
    refused(stranger.session.post(f"{market.url}{deal.path}/logistics-order", json=FORM), 404, "not_found")
    refused(market.buyer.session.post(f"{market.url}{deal.path}/logistics-order", json=FORM), 403, "not_the_supplier")
    refused(market.supplier.session.post(f"{market.url}{path}/hand-over", json={}), 403, "role_required")
    refused(market.supplier.session.post(f"{market.url}/v1/undeliverable-reports", json={"waybill_number": "1", "reason": "refused"}), 403, "role_required")


def test_after_all_this_everything_adds_up(market: Parcels) -> None:
    audit = market.system.command("reconcile", "--wait", "60")
    assert audit.returncode == 0, audit.stdout + audit.stderr
