"""Shipments as rows, with their tracking: read under lock, changed, and their arrival told once."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row, bindparam, select, update

from services.logistics.domain.tracking import ARRIVED, Sighting, furthest
from services.logistics.models import shipments, tracking_events
from shared.contracts.events.orders import OrderPlaced
from shared.kit.actor import Actor
from shared.kit.errors import NotFound
from shared.platform.database import Transaction

FACTS = ("number", "buyer", "supplier", "terms", "lines", "total")
"""What is kept of `OrderPlaced`."""
_FACTS = OrderPlaced(only=FACTS)

_KEY: Any = bindparam("key")
_SHIPMENT = select(shipments).where(shipments.c.order_id == _KEY)
_LOCKED = _SHIPMENT.with_for_update()
_CHANGE = update(shipments).where(shipments.c.order_id == _KEY)


def find(tx: Transaction, order_id: str, *, lock: bool = False) -> Row[Any]:
    """The order's shipment, NotFound `shipment_not_found` without one; with `lock`, whoever else wants to change it waits for the end of this transaction."""
    row = tx.execute(_LOCKED if lock else _SHIPMENT, {"key": order_id}).one_or_none()
    if row is None:
        raise not_found()
    return row


def not_found() -> NotFound:
    """The answer to whoever may not see a shipment, and where there is none."""
    return NotFound("shipment_not_found", "There is no such shipment.")


def is_visible(shipment: Row[Any], actor: Actor | None) -> bool:
    """To its order's parties and operators only."""
    return actor is not None and (actor.is_operator or actor.id in (shipment.buyer_id, shipment.supplier_id))


def facts(shipment: Row[Any]) -> dict[str, Any]:
    """The order's facts as Python values (Money, Decimal)."""
    return _FACTS.load(shipment.facts)  # type: ignore[no-any-return]


def change(tx: Transaction, order_id: str, **values: Any) -> None:
    """Set these columns."""
    tx.later(_CHANGE, {"key": order_id, "updated_at": tx.now, **values})


def tracking(tx: Transaction, shipment: Row[Any]) -> list[Row[Any]]:
    """The tracking events of the shipment's waybill, by when they happened."""
    events = tracking_events.c
    mine = select(tracking_events).where(events.order_id == shipment.order_id, events.waybill_key == shipment.waybill_key)
    return list(tx.execute(mine.order_by(events.occurred_at, events.event_id)))


def tell_arrival(tx: Transaction, shipment: Row[Any]) -> None:
    """Tell orders that the goods have arrived, once, if tracking says so and the order waits for it."""
    if not shipment.in_transit or shipment.arrival_told_at:
        return
    last = furthest(sightings(tracking(tx, shipment)))
    if last and last.status in ARRIVED:
        change(tx, shipment.order_id, arrival_told_at=tx.now)
        arrival = {"order_id": shipment.order_id, "waybill_number": shipment.waybill_number, "occurred_at": last.occurred_at}
        tx.emit("logistics.parcel_arrived.v1", shipment.order_id, arrival)


def sightings(events: list[Row[Any]]) -> list[Sighting]:
    """Tracking events as the domain sees them."""
    return [Sighting(each.status, each.occurred_at, each.event_id, each.reason) for each in events]
