"""When tracking is not as it should be: what is abnormal, how long a carrier may be silent, and whom the parties are to ask."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from services.logistics.domain.tracking import ARRIVED, OVER, Sighting, status

SILENCE = {
    "express": timedelta(days=3),
    "air": timedelta(days=5),
    "road": timedelta(days=5),
    "rail": timedelta(days=10),
    "post": timedelta(days=14),
    "sea": timedelta(days=21),
}
"""By mode: after how long without a word of the carrier the parties are told. Post is scanned at borders only, a ship in ports only."""

ABNORMAL = {
    "on_hold": "is held up",
    "delivery_delayed": "is delayed",
    "delivery_failed": "could not be delivered",
    "return_to_sender": "goes back to its sender",
    "cancelled": "was cancelled at the carrier",
}
GRAVE = frozenset({"carrier_damaged_parcel", "carrier_parcel_lost", "parcel_being_researched", "customs_prohibited"})
"""Reasons that are abnormal whatever the status."""

# By the one who causes it, which Karrio's reasons begin with.
_ADVICE = {
    "carrier": "{carrier} has to put it right; either party may ask there.",
    "retailer": "The supplier, {supplier}, has to put it right with {carrier}.",
    "consignee": "The recipient should tell {carrier} how to deliver it.",
    "customs": "{carrier} knows what customs waits for: papers of the supplier, {supplier}, or duties of the recipient.",
}
_OTHERWISE = "Ask {carrier}, or the supplier, {supplier}."


@dataclass(frozen=True, slots=True)
class Journey:
    """What is known of a parcel on its way: `promised_at` is the end of its channel's transit time, `heard_at` when its carrier last told
    something (at first, when it was dispatched)."""

    mode: str
    promised_at: datetime
    heard_at: datetime
    sightings: Sequence[Sighting]

    @property
    def silent_at(self) -> datetime:
        return self.heard_at + SILENCE[self.mode]

    @property
    def status(self) -> str:
        return status(self.sightings)

    @property
    def is_under_way(self) -> bool:
        return self.status not in ARRIVED | OVER


@dataclass(frozen=True, slots=True)
class Occasion:
    """What there is to tell, once for each `key`; `sighting` is the event that tells it, if one does."""

    key: str
    kind: str
    sighting: Sighting | None = None


def occasions(journey: Journey, now: datetime) -> Iterator[Occasion]:
    """All that is amiss by now. The same status and reason count once a day, since carriers repeat them at each place; what was amiss before the
    delivery is not worth a word after it."""
    is_delivered = journey.status == "delivered"
    for each in journey.sightings:
        if is_abnormal(each) and (each.status == "delivered" or not is_delivered):
            yield Occasion(f"{each.status}/{each.reason or ''}/{each.occurred_at:%Y-%m-%d}", "abnormal", each)
    if journey.is_under_way and now >= journey.promised_at:
        yield Occasion(f"overdue/{journey.promised_at.isoformat()}", "overdue")
    if journey.is_under_way and now >= journey.silent_at:
        yield Occasion(f"silent/{journey.heard_at.isoformat()}", "silent")


def next_look(journey: Journey, now: datetime) -> datetime | None:
    """When to see again whether something is amiss, if nothing comes before; None where nothing is expected any more."""
    if not journey.is_under_way:
        return None
    # Of a silence that is told already: a word that comes now may be followed by the next one.
    silence = journey.silent_at if journey.silent_at > now else now + SILENCE[journey.mode]
    return min(silence, journey.promised_at) if journey.promised_at > now else silence


def is_abnormal(sighting: Sighting) -> bool:
    """Whether the parties are to be told of it."""
    return sighting.status in ABNORMAL or sighting.reason in GRAVE


def message(occasion: Occasion, journey: Journey, waybill: str, carrier: str | None, supplier: str) -> str:
    """What is amiss and whom to ask, for both parties."""
    reason, last = None, journey.status.replace("_", " ")
    if occasion.sighting:
        reason = occasion.sighting.reason
        what = ABNORMAL.get(occasion.sighting.status, "is not as it should be")
    elif occasion.kind == "overdue":
        what = f"should have arrived by {journey.promised_at:%Y-%m-%d}; its status is {last}"
    else:
        what = f"has not been heard of since {journey.heard_at:%Y-%m-%d}; its status is {last}"
    cause, _, _ = (reason or "").partition("_")
    why = f" ({reason.replace('_', ' ')})" if reason and reason != "unknown" else ""
    advice = _ADVICE.get(cause, _OTHERWISE).format(carrier=carrier or "the carrier", supplier=supplier)
    return f"The parcel {waybill} {what}{why}. {advice[0].upper()}{advice[1:]}"
