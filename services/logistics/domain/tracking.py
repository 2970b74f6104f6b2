"""How far a shipment is, told from the carrier's tracking events in whatever order and however often they come."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

ARRIVED = frozenset({"ready_for_pickup", "delivered"})
OVER = frozenset({"delivered", "return_to_sender", "cancelled"})
"""Nothing more is to be expected of the carrier."""

EARLIEST = timedelta(days=1)
"""How long before its order was placed a shipment's events may be: clocks differ, and carriers tell a day without its hour."""

# Where each status stands on the way; among those of one rank the latest event counts. Delivery outranks a cancelled waybill (the goods
# are the better evidence), and a return outranks delivery: what is "delivered" after it was delivered to the sender.
RANKS = {
    "unknown": 0,
    "pending": 1,
    "picked_up": 2,
    "in_transit": 3,
    "on_hold": 3,
    "delivery_delayed": 3,
    "out_for_delivery": 4,
    "delivery_failed": 4,
    "ready_for_pickup": 4,
    "cancelled": 5,
    "delivered": 6,
    "return_to_sender": 7,
}


@dataclass(frozen=True, slots=True)
class Sighting:
    """A tracking event: Karrio's unified status, when it happened, the carrier's id of it, and why where something is amiss."""

    status: str
    occurred_at: datetime
    event_id: str
    reason: str | None = None


def furthest(sightings: Iterable[Sighting]) -> Sighting | None:
    """The event that says how far the shipment is: a maximum, so neither order nor repetition matters. None where none says anything."""
    known = (each for each in sightings if RANKS[each.status] > RANKS["pending"])
    return max(known, key=lambda each: (RANKS[each.status], each.occurred_at, each.event_id, each.status), default=None)


def status(sightings: Iterable[Sighting]) -> str:
    """The status of `furthest`, `pending` while there is none."""
    last = furthest(sightings)
    return last.status if last else "pending"


def is_of_its_time(occurred_at: datetime, placed_at: datetime) -> bool:
    """Whether what is told of a waybill number may be about the shipment of an order that was placed then: carriers use their numbers again."""
    return occurred_at >= placed_at - EARLIEST
