"""Random stories of top-ups, charges, credits, and each of them again: what payments told adds up to what the freight accounts have."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

from hypothesis import HealthCheck, given, settings, strategies as st

from shared.kit.errors import TradeError
from shared.kit.ids import new_id
from shared.kit.money import Money
from tests.integration.payments.scene import Parcel, Scene

PARCELS, CHARGES = 3, 6
ACCOUNT, BILLED = "USD", ("USD", "JPY")


@dataclass(frozen=True)
class TopUp:
    amount: int


@dataclass(frozen=True)
class Freight:
    """A charge, or a credit under the id of one or of its own, of a parcel; each id is one parcel's, kind's and amount's."""

    charge: int
    credit: bool


top_ups = st.builds(TopUp, st.integers(1, 60))
freights = st.builds(Freight, st.integers(0, CHARGES - 1), st.booleans())


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    bills=st.lists(
        st.tuples(st.sampled_from(("freight", "reweighing")), st.integers(1, 40), st.sampled_from(BILLED), st.integers(0, PARCELS - 1)),
        min_size=CHARGES,
        max_size=CHARGES,
    ),
    story=st.lists(top_ups | freights, min_size=5, max_size=25),
)
def test_what_is_told_adds_up_to_what_the_account_has(scene: Scene, bills: list[tuple[str, int, str, int]], story: list[TopUp | Freight]) -> None:
    supplier = new_id()
    scene.load_rates(("USD/JPY", "1.5", "2026-01-01"))
    scene.bind(supplier, ACCOUNT)
    scene.deposit(supplier, Money(10_000, ACCOUNT))
    parcels, ids = [Parcel(supplier) for _ in range(PARCELS)], [new_id() for _ in bills]
    topped_up = 0
    for happening in story:
        if isinstance(happening, TopUp):
            scene.top_up(supplier, Money(happening.amount, ACCOUNT))
            topped_up += happening.amount
            continue
        kind, minor, currency, parcel = bills[happening.charge]
        make = Parcel.credited if happening.credit else Parcel.due
        try:
            scene.happen(make(parcels[parcel], (kind, Money(minor, currency)), charge_id=ids[happening.charge]))
        except TradeError:
            continue  # more than is left of the order's freight

    assert scene.faults() == []
    told = [(name, data) for parcel in parcels for name, data in scene.told(parcel.order_id)]
    sums = Counter[str]()
    for name, data in told:
        sums[name] += Money.of(**data["amount"]).minor if "amount" in data else 0
    account = scene.freight_account(supplier)
    assert account["balance"].minor == topped_up - sums["freight_charged"] + sums["freight_refunded"] >= 0
    for name in ("freight_charged", "freight_refunded", "freight_refused"):
        assert all(count == 1 for count in Counter(data["charge_id"] for told_name, data in told if told_name == name).values()), name
    for parcel in parcels:
        check_parcel(parcel, account["entries"])


def check_parcel(parcel: Parcel, entries: list[dict[str, Any]]) -> None:
    """Of what was billed in a currency never more is given back than was taken for it; and where all of it is, all of that."""
    for currency in BILLED:
        billed, moved = Counter[str](), Counter[str]()
        for entry in entries:
            if entry["order_id"] == parcel.order_id and entry["amount"].currency == currency and entry["moved"] is not None:
                billed[entry["direction"]] += entry["amount"].minor
                moved[entry["direction"]] += entry["moved"].minor
        assert billed["credit"] <= billed["charge"]
        assert moved["credit"] <= moved["charge"]
        assert billed["credit"] != billed["charge"] or moved["credit"] == moved["charge"]
