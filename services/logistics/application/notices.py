"""Notices to buyer and supplier: raised when tracking tells something amiss, and by the clock when it tells nothing, once an occasion."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import Row, select

from services.logistics.application import shipments
from services.logistics.application.carriers.directory import DIRECTORY
from services.logistics.application.channel_list import CHANNELS
from services.logistics.domain.notices import Journey, Occasion, message, next_look, occasions
from services.logistics.models import ARRIVED, DISPATCHED, tracking_notices
from shared.platform.database import Transaction

UNDER_WAY = (DISPATCHED, ARRIVED)


def tell(tx: Transaction, shipment: Row[Any]) -> None:
    """Raise what is amiss by now and was not told yet. The shipment is locked."""
    if shipment.state in UNDER_WAY:
        journey = _journey(tx, shipment)
        for occasion in occasions(journey, tx.now):
            _raise(tx, shipment, journey, occasion)


def next_look_at(tx: Transaction, shipment: Row[Any]) -> Any:
    """When to look at the shipment again; None where its order does not wait for it any more."""
    return next_look(_journey(tx, shipment), tx.now) if shipment.state == DISPATCHED else None


def of(tx: Transaction, shipment: Row[Any]) -> list[Row[Any]]:
    """The notices about the shipment's waybill, oldest first."""
    notice = tracking_notices.c
    mine = select(tracking_notices).where(notice.order_id == shipment.order_id, notice.waybill_key == shipment.waybill_key)
    return list(tx.execute(mine.order_by(notice.raised_at, notice.occasion)))


def contact(shipment: Row[Any]) -> dict[str, Any]:
    """Whom the parties may ask."""
    carrier = DIRECTORY.get(shipment.carrier)
    named = {"carrier": carrier.name, "website": carrier.page(shipment.waybill_number)} if carrier else {"carrier": shipment.carrier, "website": None}
    return named | {"supplier": shipment.facts["supplier"]["name"]}


def _journey(tx: Transaction, shipment: Row[Any]) -> Journey:
    channel = CHANNELS[shipment.channel]
    events = shipments.tracking(tx, shipment)
    begun = shipment.dispatched_at or shipment.updated_at  # the first is not known of what was dispatched before this was looked after
    promised_at = begun + timedelta(days=channel.longest_transit_days)
    heard_at = max((each.reported_at for each in events), default=begun)
    return Journey(channel.mode, promised_at, heard_at, shipments.sightings(events))


def _raise(tx: Transaction, shipment: Row[Any], journey: Journey, occasion: Occasion) -> None:
    known = contact(shipment)
    told = {
        "order_id": shipment.order_id,
        "kind": occasion.kind,
        "status": occasion.sighting.status if occasion.sighting else journey.status,
        "reason": occasion.sighting.reason if occasion.sighting else None,
        "message": message(occasion, journey, shipment.waybill_number, known["carrier"], known["supplier"]),
        "contact": known,
        "raised_at": tx.now,
    }
    if tx.insert_once(tracking_notices, told | {"waybill_key": shipment.waybill_key, "occasion": occasion.key}):
        parties = {"buyer_id": shipment.buyer_id, "supplier_id": shipment.supplier_id}
        tx.emit("logistics.tracking_noticed.v1", shipment.order_id, told | parties | {"waybill_number": shipment.waybill_number})
