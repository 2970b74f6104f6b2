"""What may be asked about a waybill number: by everybody how far the parcel is, by its order's parties all of it; and whose number it may be."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from sqlalchemy import Row, select

from services.logistics.application import notices, shipments
from services.logistics.application.carriers.directory import DIRECTORY
from services.logistics.application.channel_list import CHANNELS
from services.logistics.domain.numbers import comparable
from services.logistics.domain.tracking import status
from services.logistics.domain.waybills import recognise
from services.logistics.models import shipments as table
from shared.kit.errors import NotFound
from shared.platform.calls import Call
from shared.platform.database import Transaction


def track(tx: Transaction, call: Call) -> dict[str, Any]:
    """NotFound `number_unknown` where no shipment here has the number and no known carrier's look like it."""
    number = call.data["number"]
    known = tx.execute(select(table).where(table.c.waybill_key == comparable(number)).order_by(table.c.channel)).all()
    parcels = [_parcel(tx, shipment, shipments.is_visible(shipment, call.actor)) for shipment in known]
    recognised = [
        {"carrier": each.carrier, "name": entry.name, "kind": each.kind, "valid": each.valid, "website": entry.page(number)}
        for each in recognise(number)
        if (entry := DIRECTORY[each.carrier])
    ]
    if not parcels and not recognised:
        raise NotFound("number_unknown", "No parcel here has this number, and it looks like no number of the carriers we know. Check it on the waybill.")
    return {"number": number, "parcels": parcels, "recognised": recognised}


def _parcel(tx: Transaction, shipment: Row[Any], in_full: bool) -> dict[str, Any]:
    events = shipments.tracking(tx, shipment)
    return {
        "order_id": shipment.order_id if in_full else None,
        "channel": CHANNELS[shipment.channel].name,
        "carrier": notices.contact(shipment)["carrier"],
        "status": status(shipments.sightings(events)),
        "estimated_arrival": _estimated_arrival(shipment),
        "events": events if in_full else [{"status": each.status, "country": each.country, "occurred_at": each.occurred_at} for each in events],
        "notices": notices.of(tx, shipment) if in_full else [],
    }


def _estimated_arrival(shipment: Row[Any]) -> date:
    """What the shipping notice says, or else the end of the channel's transit time."""
    said = shipment.notice["shipping_notice"]
    if "estimated_arrival" in said:
        return date.fromisoformat(said["estimated_arrival"])
    return date.fromisoformat(said["dispatched_on"]) + timedelta(days=CHANNELS[shipment.channel].longest_transit_days)
