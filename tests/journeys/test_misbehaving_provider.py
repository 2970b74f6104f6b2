"""Two hundred parcel trades with a provider that declines, delays, duplicates, reorders and loses its callbacks, and fails before and after doing what
it is asked: at the end both books say the same, and money and stock are all there."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import pytest

from tests.builders.provider import ProviderProcess
from tests.builders.system import System
from tests.journeys.market import eventually
from tests.journeys.parcels import Parcels, system_with_provider

TRADES, CLIENTS, QUANTITY = 200, 8, 4
MISCHIEF = {"seed": 7, "decline": 0.15, "delay_s": 0.5, "duplicate": 0.3, "reorder": 0.3, "lose": 0.2, "error_before": 0.05, "error_after": 0.05}
PRICE = Decimal("9.50") * QUANTITY


@pytest.fixture(scope="module")
def both(broker_url: str, management_url: str, database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[System, ProviderProcess]]:
    with system_with_provider(tmp_path_factory.mktemp("misbehaving"), broker_url, management_url, database_url) as both:
        yield both


def trade(market: Parcels, number: int) -> str:
    """Every third is given up before it is shipped, every third after; the others are received. What it came to."""
    deal = market.parcel(state="awaiting_payment")
    if deal.take()["state"] == "awaiting_payment":
        deal.do("buyer", "cancel", {})
        return "declined"
    if number % 3:
        deal.book(if_undeliverable=random.Random(number).choice(("return", "destroy")))
        deal.ship()
    if number % 3 == 1:
        market.track(deal, "delivered")
        eventually(lambda: deal.seen()["state"], "receiving")
        deal.take()
        return "completed"
    deal.do("supplier", "exception", {"reason": "other", "note": "Given up on purpose."})
    deal.do("operator", "abort", {})
    return "sent and given up" if number % 3 else "given up"


def test_money_and_stock_are_all_there_after_two_hundred_trades_with_a_provider_that_misbehaves(both: tuple[System, ProviderProcess]) -> None:
    system, provider = both
    market = Parcels(system, system.operator())
    market.fund("9000.00")
    plain = market.products["BLADE-PLAIN"]
    provider.mischief(**MISCHIEF)
    with ThreadPoolExecutor(CLIENTS) as clients:
        outcomes = Counter(clients.map(lambda number: trade(market.elsewhere(), number), range(TRADES)))
    provider.mischief()

    assert sum(outcomes.values()) == TRADES
    assert all(outcomes[each] for each in ("declined", "completed", "sent and given up", "given up")), outcomes
    eventually(provider.kept, PRICE * outcomes["completed"], seconds=90)
    product = market.supplier.get(f"/v1/products/{plain}")
    sent = QUANTITY * (outcomes["completed"] + outcomes["sent and given up"])
    assert (product["on_hand"], product["reserved"]) == (Parcels.STOCK - sent, 0)
    audit = system.command("reconcile", "--wait", "60")
    assert audit.returncode == 0, audit.stdout + audit.stderr
