"""Paying by card over HTTP, with the sandbox that the system brings along: bound by token, captured into escrow, refunded in part, cancelled."""

from __future__ import annotations

import pytest
import requests

from tests.builders.provider import CARD
from tests.builders.system import System
from tests.journeys.market import Deal, Market, eventually
from tradelane.client import Refused
from tradelane.demo.trade import Json

PARCEL = {"settlement": "escrow", "customs": "carrier", "insurance": "none"}


@pytest.fixture(scope="module")
def market(embedded: System) -> Market:
    return Market(embedded, embedded.operator())


def bind(market: Market) -> Json:
    """A card of the buyer, whose number only the provider sees."""
    shown = market.buyer.get("/v1/payment-provider")
    card = {"card": {"number": CARD, "expires": "2098-12"}}
    made = requests.post(shown["tokens_url"], json=card, headers={"Authorization": f"Bearer {shown['public_key']}"}, timeout=30).json()
    bound: Json = market.buyer.post("/v1/payment-methods", {"provider": shown["name"], "token": made["id"]})
    return bound


def pay(deal: Deal, card: Json) -> Json:
    return deal.do("buyer", "pay", deal.form("payment") | {"method": "card", "payment_method_id": card["id"]})


def money(deal: Deal) -> tuple[str, str]:
    stands = deal.payments()
    return stands["state"], stands["held"]["amount"]


def test_a_card_is_bound_listed_and_removed(market: Market) -> None:
    card = bind(market)
    assert (card["kind"], card["last4"]) == ("card", CARD[-4:])
    assert card in market.buyer.get("/v1/payment-methods")["items"]
    assert market.supplier.get("/v1/payment-methods")["items"] == []
    market.buyer.request("DELETE", f"/v1/payment-methods/{card['id']}")
    assert card not in market.buyer.get("/v1/payment-methods")["items"]


def test_the_number_itself_is_refused_wherever_it_stands(market: Market) -> None:
    for body in ({"provider": "sandbox", "token": CARD}, {"provider": "sandbox", "token": "tok_1", "card": {"number": CARD}}):
        with pytest.raises(Refused) as refused:
            market.buyer.post("/v1/payment-methods", body)
        assert (refused.value.status, refused.value.problem["code"]) == (422, "card_number_refused")
    deal = market.place(**PARCEL)
    form = deal.form("payment") | {"method": "card", "payment_method_id": bind(market)["id"], "reference": CARD}
    with pytest.raises(Refused) as refused:
        deal.do("buyer", "pay", form)
    assert (refused.value.problem["code"], list(refused.value.problem["errors"])) == ("card_number_refused", ["reference"])
    with pytest.raises(Refused, match="card number"):
        market.buyer.put(f"{deal.path}/drafts/payment", form)
    assert CARD not in market.system.log.read_text()


def test_a_card_pays_part_goes_back_and_the_rest_with_the_order(market: Market) -> None:
    deal = market.place(**PARCEL)
    assert pay(deal, bind(market))["state"] == "ready_to_ship"
    total = deal.seen()["total"]
    assert money(deal) == ("held", total["amount"])
    part = market.operator.post(f"{deal.path}/refunds", {"amount": total | {"amount": "10.00"}, "reason": "Two bags were torn."}, wait=30)
    assert (part["state"], part["awaiting"]) == ("made", [])
    assert market.buyer.get(f"/v1/refunds/{part['id']}")["amount"]["amount"] == "10.00"
    assert (deal.seen()["state"], deal.seen()["refund"]) == ("ready_to_ship", None), "a part is not the whole"
    market.advance(deal.deadline("shipping"))
    assert deal.do("buyer", "cancel")["state"] == "cancelled"
    eventually(lambda: money(deal), ("refunded", "0.00"))
    eventually(lambda: bool(deal.seen()["refund"]["received_at"]), True)
    assert market.balance("buyer") == []


def test_the_books_add_up(market: Market) -> None:
    audit = market.system.command("reconcile", "--wait", "60")
    assert audit.returncode == 0, audit.stdout + audit.stderr
