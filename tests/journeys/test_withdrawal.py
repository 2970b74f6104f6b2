"""A supplier is verified no longer, and later again: what they may do in between, and what becomes of orders, from accounts through the catalog to the buyer."""

from __future__ import annotations

import pytest

from tests.builders.system import System
from tests.journeys.market import TRADE, Market, eventually
from tradelane.client import Refused
from tradelane.demo.verification import verify


def refused_lines(market: Market) -> set[str]:
    with pytest.raises(Refused) as caught:
        market.buyer.post("/v1/orders", market.request())
    assert caught.value.status == 422
    return set(caught.value.problem["errors"])


def test_who_is_verified_no_longer_sells_no_longer_and_what_was_ordered_goes_on(embedded: System) -> None:
    market = Market(embedded, embedded.operator())
    offered, deal = market.offer(), market.place()
    product = f"/v1/products/{next(iter(market.products.values()))}"

    verification = market.supplier.get("/v1/me/verification")["latest"]["id"]
    market.operator.post(f"/v1/verifications/{verification}/actions/withdraw", {"reason": "The licence has run out."})
    eventually(lambda: market.supplier.get(product)["held_back"], "verification_withdrawn")

    assert refused_lines(market) == {f"lines.{number}.product_id" for number in range(len(market.request()["lines"]))}
    too_late = market.buyer.post(f"/v1/enquiries/{offered['id']}/actions/accept", {}, wait=30)
    eventually(lambda: market.buyer.get(f"/v1/orders/{too_late['id']}")["state"], "rejected")
    deal.to("completed")

    verify(market.supplier, market.operator, TRADE.supplier)
    eventually(lambda: market.supplier.get(product)["held_back"], None)
    assert market.place().seen()["state"] == "awaiting_payment"
