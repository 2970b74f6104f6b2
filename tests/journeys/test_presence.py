"""Each party of a trade sees whether the other is there; nobody else does."""

from __future__ import annotations

import pytest

from tests.journeys.market import Market, eventually
from tradelane.client import Client, Refused


def test_the_parties_of_an_enquiry_and_an_order_see_whether_the_other_is_there(market: Market) -> None:
    deal, enquiry = market.place(), market.enquire()
    for path in (deal.path, f"/v1/enquiries/{enquiry['id']}"):
        eventually(lambda path=path: [party["online"] for party in market.buyer.get(f"{path}/presence").values()], [True, True])
        seen = market.supplier.get(f"{path}/presence")
        assert {role: party["id"] for role, party in seen.items()} == {role: account["id"] for role, account in market.accounts.items()}
        assert all(party["last_seen_at"] for party in seen.values())
        stranger = Client(market.url)
        market.register("buyer", stranger)
        with pytest.raises(Refused) as caught:
            stranger.get(f"{path}/presence")
        assert caught.value.status == 404
