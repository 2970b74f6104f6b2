"""The commands of logistics: carriers report tracking."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row, select

from services.logistics.application import shipments, tracking
from services.logistics.application.queries import tracked
from services.logistics.domain.numbers import comparable
from services.logistics.models import shipments as table, tracking_events
from shared.kit.errors import Invalid
from shared.platform.calls import Call
from shared.platform.database import Transaction


def report_tracking(tx: Transaction, call: Call) -> dict[str, Any]:
    """Keep a tracking event as it came; the carrier's event id counts once per waybill. What it means is told from all of them together."""
    actor = call.require_actor("carrier", "operator")
    data = call.data
    shipment = _by_waybill(tx, data["waybill_number"], data.get("channel"))
    values = {
        "order_id": shipment.order_id,
        "waybill_key": shipment.waybill_key,
        "event_id": data["event_id"],
        "status": data["status"],
        "reason": data.get("reason"),
        "description": data.get("description"),
        "location": data.get("location"),
        "country": data.get("country"),
        "occurred_at": data["occurred_at"],
        "reported_at": tx.now,
        "reported_by": actor.id,
    }
    if tx.insert_once(tracking_events, values):
        tracking.follow_up(tx, shipment)
    return tracked(tx, shipment)


def _by_waybill(tx: Transaction, waybill: str, channel: str | None) -> Row[Any]:
    """Locked. Invalid `waybill_ambiguous` where channels share the number and none is named."""
    known = select(table).where(table.c.waybill_key == comparable(waybill)).order_by(table.c.order_id)
    found = tx.execute((known.where(table.c.channel == channel) if channel else known).with_for_update()).all()
    if not found:
        raise shipments.not_found()
    if len(found) > 1:
        channels = ", ".join(sorted(each.channel for each in found))
        raise Invalid("waybill_ambiguous", "Several channels use this waybill number.", {"channel": [f"Name one of: {channels}."]})
    return found[0]
