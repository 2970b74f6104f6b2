"""What may be read: the channels by everybody, a shipment and its papers by the order's parties and operators."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row, select

from services.logistics.application import notices, shipments
from services.logistics.application.channel_list import CHANNELS
from services.logistics.application.paper import Paper
from services.logistics.domain.tracking import status
from services.logistics.models import documents, filings
from shared.kit.errors import NotFound
from shared.platform.calls import Call
from shared.platform.database import Transaction


def list_channels(call: Call) -> dict[str, Any]:
    """All channels, with their limits; for everybody who is signed in."""
    call.require_actor()
    return {"items": list(CHANNELS.values())}


def get_shipment(tx: Transaction, call: Call) -> dict[str, Any]:
    """The order's shipment with its papers, filings and tracking; NotFound for everybody but its parties and operators."""
    shipment = _visible(tx, call)
    papers = tx.execute(select(documents).where(documents.c.order_id == shipment.order_id).order_by(documents.c.name))
    filed = tx.execute(select(filings).where(filings.c.order_id == shipment.order_id).order_by(filings.c.filed_at, filings.c.kind))
    return tracked(tx, shipment) | {"documents": papers.all(), "declarations": filed.all()}


def tracked(tx: Transaction, shipment: Row[Any]) -> dict[str, Any]:
    """What a carrier sees: the shipment without the order's papers."""
    events = shipments.tracking(tx, shipment)
    return {
        "order_id": shipment.order_id,
        "number": shipment.number,
        "channel": shipment.channel,
        "state": shipment.state,
        "waybill_number": shipment.waybill_number,
        "tracking_status": status(shipments.sightings(events)),
        "tracking": events,
        "notices": notices.of(tx, shipment),
        "documents": [],
        "declarations": [],
    }


def get_document(tx: Transaction, call: Call) -> Paper:
    """A paper as it was issued; NotFound `document_not_found` where the order has none of this name."""
    shipment = _visible(tx, call)
    mine = select(documents.c.paper).where(documents.c.order_id == shipment.order_id, documents.c.name == call.data["name"])
    paper: Paper | None = tx.execute(mine).scalar_one_or_none()
    if paper is None:
        raise NotFound("document_not_found", f"There is no {call.data['name']} for this order.")
    return paper


def _visible(tx: Transaction, call: Call) -> Row[Any]:
    actor = call.require_actor()
    shipment = shipments.find(tx, call.data["id"])
    if not shipments.is_visible(shipment, actor):
        raise shipments.not_found()
    return shipment
