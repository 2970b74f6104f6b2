"""How a parcel trade ends before its time: each way to cancel it or give it up, and each to deal with a parcel that cannot be delivered.

Whatever was paid is at the card again, whatever was set aside is for sale again, and freight comes back where nothing was sent.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from tests.builders.provider import ProviderProcess
from tests.builders.system import System
from tests.journeys.market import eventually
from tests.journeys.parcels import Parcel, Parcels, system_with_provider

DECLINED = "4000000000000002"


@pytest.fixture(scope="module")
def both(broker_url: str, management_url: str, database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[System, ProviderProcess]]:
    """A system of its own, since its clock will be weeks ahead."""
    with system_with_provider(tmp_path_factory.mktemp("endings"), broker_url, management_url, database_url) as both:
        yield both


@pytest.fixture(scope="module")
def provider(both: tuple[System, ProviderProcess]) -> ProviderProcess:
    return both[1]


@pytest.fixture(scope="module")
def market(both: tuple[System, ProviderProcess]) -> Parcels:
    parcels = Parcels(both[0], both[0].operator())
    parcels.fund("2000.00")
    return parcels


def cancel_unpaid(deal: Parcel, who: str) -> None:
    deal.do(who, "cancel", {"note": "Not needed any more."})


def give_up(deal: Parcel, reason: str) -> None:
    """The step's actor says what went wrong, and both parties give the order up."""
    actor = next(step["actor"] for step in deal.seen()["steps"] if step["status"] == "current")
    deal.do(actor, "exception", {"reason": reason, "note": "It cannot be put right."})
    deal.do("supplier", "propose_abort", {})
    deal.do("buyer", "abort", {})


def by_operator(deal: Parcel, reason: str) -> None:
    actor = next(step["actor"] for step in deal.seen()["steps"] if step["status"] == "current")
    deal.do(actor, "exception", {"reason": reason, "note": "It cannot be put right."})
    deal.do("operator", "abort", {"note": "Decided for the buyer."})


@pytest.mark.parametrize("who", ["buyer", "supplier"])
def test_before_it_is_paid_either_party_cancels_and_nothing_was_taken(market: Parcels, provider: ProviderProcess, who: str) -> None:
    stock, taken = market.stock(), provider.kept()
    deal = market.parcel(state="awaiting_payment")
    cancel_unpaid(deal, who)
    _ended(market, deal, "closed")
    eventually(market.stock, stock)
    assert provider.kept() == taken


def test_an_order_that_is_not_paid_in_time_is_cancelled_by_the_clock(market: Parcels) -> None:
    stock = market.stock()
    deal = market.parcel(state="awaiting_payment")
    market.advance(deal.deadline("payment") + timedelta(seconds=1))
    eventually(lambda: deal.seen()["state"], "cancelled")
    eventually(market.stock, stock)


def test_a_card_that_is_declined_comes_back_and_another_one_pays(market: Parcels, provider: ProviderProcess) -> None:
    taken = provider.kept()
    deal = market.parcel(state="awaiting_payment")
    deal.method = market.bind(market.buyer, DECLINED)
    back = deal.take()
    assert (back["state"], back["history"][-1]["reason"]) == ("awaiting_payment", "declined")
    assert provider.kept() == taken
    deal.method = None
    assert deal.take()["state"] == "ready_to_ship"


def test_goods_that_are_not_there_reject_the_order(market: Parcels) -> None:
    order = market.buyer.post("/v1/orders", market.ask("sea_freight_lcl", quantity=Parcels.STOCK + 1), wait=30)
    assert (order["state"], order["history"][-1]["reason"]) == ("rejected", "out_of_stock")


def test_late_shipping_lets_the_buyer_cancel_and_the_card_has_its_money_back(market: Parcels, provider: ProviderProcess) -> None:
    stock, taken = market.stock(), provider.kept()
    deal = market.parcel()
    market.advance(deal.deadline("shipping") + timedelta(seconds=1))
    deal.do("buyer", "cancel", {})
    _refunded(market, deal, provider, taken)
    eventually(market.stock, stock)


@pytest.mark.parametrize("end", [give_up, by_operator])
@pytest.mark.parametrize("booked", [False, True], ids=["not booked", "booked"])
def test_before_it_is_shipped_it_is_given_up_and_money_stock_and_freight_are_back(market: Parcels, provider: ProviderProcess, end: Any, booked: bool) -> None:
    stock, taken, freight = market.stock(), provider.kept(), market.freight_balance()
    deal = market.parcel()
    if booked:
        deal.book()
    end(deal, "out_of_stock")
    _refunded(market, deal, provider, taken)
    eventually(market.stock, stock)
    eventually(market.freight_balance, freight)


@pytest.mark.parametrize("end", [give_up, by_operator])
@pytest.mark.parametrize(("state", "reason"), [("in_transit", "lost"), ("receiving", "not_as_described")])
def test_after_it_is_shipped_it_is_given_up_and_the_card_has_its_money_back(
    market: Parcels, provider: ProviderProcess, end: Any, state: str, reason: str
) -> None:
    taken = provider.kept()
    deal = market.parcel()
    deal.book()
    deal.ship()
    if state == "receiving":
        market.track(deal, "delivered")
        eventually(lambda: deal.seen()["state"], "receiving")
    end(deal, reason)
    _refunded(market, deal, provider, taken)


@pytest.mark.parametrize(("policy", "first", "last"), [("return", "returning", "returned"), ("destroy", "destroyed", "destroyed")])
def test_a_parcel_that_cannot_be_delivered_goes_back_or_is_destroyed_as_was_chosen(
    market: Parcels, provider: ProviderProcess, policy: str, first: str, last: str
) -> None:
    taken, freight = provider.kept(), market.freight_balance()
    deal = market.parcel()
    booked = deal.book(if_undeliverable=policy)
    fee = Decimal(booked["return_fee"]["amount"])
    assert (fee > 0) is (policy == "return")
    deal.ship()
    market.hand_over(booked)
    market.track(deal, "in_transit", "delivery_failed")
    told = market.carrier.post("/v1/undeliverable-reports", {"waybill_number": booked["waybill_number"], "reason": "refused"})
    assert (told["state"], told["if_undeliverable"]) == (first, policy)
    eventually(lambda: deal.seen()["state"], "transport_exception")
    if policy == "return":
        market.do(market.warehouse, booked, "confirm_return")
    deal.do("supplier", "propose_abort", {})
    deal.do("buyer", "abort", {})
    _refunded(market, deal, provider, taken)
    assert market.supplier.get(f"/v1/logistics-orders/{booked['id']}")["state"] == last
    eventually(market.freight_balance, freight - Decimal(booked["freight"]["amount"]) - fee)


def test_after_all_of_it_the_books_come_out_even(market: Parcels) -> None:
    audit = market.system.command("reconcile", "--wait", "60")
    assert audit.returncode == 0, audit.stdout + audit.stderr


def _ended(market: Parcels, deal: Parcel, account: str) -> None:
    assert deal.seen()["state"] == "cancelled"
    eventually(lambda: deal.money()["state"], account)


def _refunded(market: Parcels, deal: Parcel, provider: ProviderProcess, taken: Decimal) -> None:
    _ended(market, deal, "refunded")
    assert deal.money()["held"] == 0
    eventually(provider.kept, taken)
