from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, strategies as st

from services.logistics.domain.tracking import ARRIVED, RANKS, Sighting, furthest, status
from shared.contracts.tracking import TRACKING_STATUSES

START = datetime(2026, 3, 1, tzinfo=UTC)


def seen(name: str, hour: int = 0, event_id: str = "1") -> Sighting:
    return Sighting(name, START + timedelta(hours=hour), event_id)


sightings = st.lists(st.builds(seen, st.sampled_from(TRACKING_STATUSES), st.integers(0, 5), st.sampled_from("abc")), max_size=12)


def test_every_status_has_its_rank() -> None:
    assert RANKS.keys() == set(TRACKING_STATUSES)
    assert RANKS.keys() >= ARRIVED


def test_nothing_seen_is_pending() -> None:
    assert status([]) == "pending"
    assert furthest([seen("unknown"), seen("pending")]) is None


@given(sightings, st.data())
def test_neither_order_nor_repetition_changes_where_a_shipment_is(events: list[Sighting], data: st.DataObject) -> None:
    repeated = data.draw(st.lists(st.sampled_from(events))) if events else []
    shuffled = data.draw(st.permutations(events + repeated))
    assert furthest(shuffled) == furthest(events)


@given(sightings, sightings)
def test_a_further_event_never_moves_a_shipment_backwards(events: list[Sighting], later: list[Sighting]) -> None:
    assert RANKS[status(events + later)] >= RANKS[status(events)]


@given(sightings)
def test_the_status_is_that_of_an_event_or_pending(events: list[Sighting]) -> None:
    assert status(events) in {"pending", *(each.status for each in events)}


@pytest.mark.parametrize(
    ("first", "then", "stands"),
    [
        ("in_transit", "on_hold", "on_hold"),
        ("on_hold", "in_transit", "in_transit"),
        ("out_for_delivery", "in_transit", "out_for_delivery"),
        ("out_for_delivery", "delivery_failed", "delivery_failed"),
        ("delivery_failed", "ready_for_pickup", "ready_for_pickup"),
        ("delivered", "in_transit", "delivered"),
        ("delivered", "cancelled", "delivered"),
        ("cancelled", "delivered", "delivered"),
        ("return_to_sender", "delivered", "return_to_sender"),
        ("in_transit", "unknown", "in_transit"),
    ],
)
def test_what_stands_after_two_events(first: str, then: str, stands: str) -> None:
    assert status([seen(first, 1), seen(then, 2)]) == stands
    assert status([seen(then, 2), seen(first, 1)]) == stands


def test_events_of_one_rank_and_moment_have_an_order_too() -> None:
    one, other = seen("in_transit", 1, "a"), seen("on_hold", 1, "b")
    assert furthest([one, other]) == furthest([other, one]) == other
