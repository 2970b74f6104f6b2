"""What carriers send by themselves: kept as it came, and handed to the shipments that it is about, whether these are known before or after."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, select

from services.logistics.application import notices, shipments, warehouses
from services.logistics.application.carriers.directory import carrier, may_have
from services.logistics.application.carriers.port import Told
from services.logistics.domain.numbers import comparable
from services.logistics.domain.tracking import is_of_its_time, status
from services.logistics.models import carrier_events, shipments as table, tracking_events
from shared.kit.clock import utc_now
from shared.platform.calls import Call
from shared.platform.database import Transaction

_MEANING = ("status", "reason", "description", "location", "country", "occurred_at")


def receive_callback(tx: Transaction, call: Call) -> dict[str, Any]:
    """Take what a carrier's callback tells; the same event of the same sender counts once. Its signature goes by the real time, not a test clock's."""
    sender = call.data["sender"]
    told = carrier(sender).read(call.data["body"], call.data["signatures"], utc_now())
    new, unknown = take(tx, sender, told)
    return {"received": len(told), "new": new, "unknown_waybills": unknown}


def take(tx: Transaction, sender: str, told: Sequence[Told]) -> tuple[int, list[str]]:
    """How many of the events are new, and the waybill numbers of these that no shipment has."""
    new, numbers = 0, {}
    for each in sorted(told, key=lambda each: (comparable(each.waybill_number), each.event_id)):  # in one order, lest two callbacks wait for each other
        key = comparable(each.waybill_number)
        values = {name: getattr(each, name) for name in (*_MEANING, "event_id", "raw")}
        if tx.insert_once(carrier_events, values | {"sender": sender, "waybill_key": key, "received_at": tx.now}):
            new += 1
            numbers[key] = each.waybill_number
    known = tx.execute(select(table).where(table.c.waybill_key.in_(numbers)).order_by(table.c.order_id).with_for_update()).all()
    for shipment in known:
        attach(tx, shipment)
        numbers.pop(shipment.waybill_key, None)
    return new, sorted(numbers.values())


def attach(tx: Transaction, shipment: Row[Any]) -> None:
    """Give the shipment what was kept about its waybill and is new to it. The shipment is locked."""
    kept = tx.execute(select(carrier_events).where(carrier_events.c.waybill_key == shipment.waybill_key)).all()
    new = [each for each in kept if _concerns(shipment, each) and _attached(tx, shipment, each)]
    if new:
        follow_up(tx, shipment)


def follow_up(tx: Transaction, shipment: Row[Any]) -> None:
    """What new tracking brings about: the arrival is told to orders, a return has done what was chosen, and what is amiss is told to the parties."""
    shipments.tell_arrival(tx, shipment)
    if status(shipments.sightings(shipments.tracking(tx, shipment))) == "return_to_sender":
        warehouses.see_return(tx, shipment)
    notices.tell(tx, shipment)


def _concerns(shipment: Row[Any], event: Row[Any]) -> bool:
    return may_have(event.sender, shipment.channel, shipment.waybill_number) and is_of_its_time(event.occurred_at, shipment.created_at)


def _attached(tx: Transaction, shipment: Row[Any], event: Row[Any]) -> bool:
    values = {name: getattr(event, name) for name in (*_MEANING, "waybill_key")}
    more = {"order_id": shipment.order_id, "event_id": f"{event.sender}:{event.event_id}", "reported_at": tx.now, "reported_by": event.sender}
    return tx.insert_once(tracking_events, values | more)
