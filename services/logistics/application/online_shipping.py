"""What becomes of a logistics order that a supplier has booked: shown, its domestic waybill told, voided; its end with the order's is here too."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row

from services.logistics.application import freight, logistics_orders
from services.logistics.application.channel_list import CHANNELS
from services.logistics.application.logistics_orders import Booked
from services.logistics.domain.logistics_order import Row as Along, consequence, decide
from services.logistics.domain.numbers import comparable
from services.logistics.domain.refusal import Refusal
from services.logistics.models import logistics_orders as table
from shared.kit.actor import Actor
from shared.platform.calls import Call
from shared.platform.database import Transaction


def get(tx: Transaction, call: Call) -> dict[str, Any]:
    """A logistics order, for the supplier whose it is, warehouse staff and operators; NotFound for everybody else."""
    return _seen(logistics_orders.find(tx, table.c.id == call.data["id"]), call.require_actor())


def get_of_order(tx: Transaction, call: Call) -> dict[str, Any]:
    """The order's latest."""
    return _seen(logistics_orders.latest_of(tx, call.data["id"]), call.require_actor())


def tell_domestic_waybill(tx: Transaction, call: Call) -> dict[str, Any]:
    """Keep the number that the parcel comes to the warehouse under."""
    actor, booked, along = _decided(tx, call, "tell_domestic_waybill")
    number = call.data["domestic_waybill"]
    collection = {**booked.row.collection, "domestic_waybill": number}
    return logistics_orders.shown(logistics_orders.move(tx, booked, along, collection=collection, domestic_waybill_key=comparable(number)), actor)


def void(tx: Transaction, call: Call) -> dict[str, Any]:
    """Give it up before the shipping notice: what was paid goes back, and the waybill is used no more."""
    actor, booked, along = _decided(tx, call, "void")
    return logistics_orders.shown(_end(tx, booked, along), actor)


def cancel(tx: Transaction, shipment: Row[Any]) -> bool:
    """The order is over: so is its logistics order, unless the parcel is handed over. Whether a waybill is void now, which is told."""
    booked = logistics_orders.live_of(tx, shipment)
    if booked is None or (along := consequence(booked.standing, "cancel")) is None:
        return False
    return _end(tx, booked, along).row.waybill_number is not None


def shipping_refusal(tx: Transaction, shipment: Row[Any], form: dict[str, Any]) -> Refusal | None:
    """Why the shipping form does not go with what is booked, and what to do; None where it does, or the channel is not booked online."""
    channel = CHANNELS[shipment.channel]
    if not channel.online:
        return None
    booked = logistics_orders.live_of(tx, shipment)
    if booked is None:
        where = f"POST /v1/orders/{shipment.order_id}/logistics-order"
        return Refusal("logistics_order_missing", f"{channel.name} is booked online: do so ({where}), and put the waybill issued into the shipping notice.")
    row = booked.row
    if row.waybill_number is None:
        return Refusal("freight_unpaid", f"The freight of {row.number} is being charged: hand this in again once its waybill is issued.")
    waybill = form["shipping_notice"]["waybill_number"]
    if comparable(waybill) != row.waybill_key:
        return Refusal("waybill_mismatch", f"The waybill issued for this order is {row.waybill_number}, not {waybill}: put it into the shipping notice.")
    told, counted = (sum(each["count"] for each in packages) for packages in (row.packages, form["packages"]))
    if told != counted:
        return Refusal("packages_mismatch", f"{told} packages are booked, {counted} are shipped: mend the form, or void {row.number} and book it anew.")
    return None


def _end(tx: Transaction, booked: Booked, along: Along) -> Booked:
    warehouse = booked.row.collection["warehouse"]
    message = f"The parcel is in the warehouse: fetch it at {warehouse['name']}, {warehouse['phone']}." if booked.row.scanned_at else None
    freight.end(tx, booked)
    return logistics_orders.move(tx, booked, along, {"number": booked.row.waybill_number}, paid=0, due=0, reason=None, message=message)


def _decided(tx: Transaction, call: Call, action: str) -> tuple[Actor, Booked, Along]:
    actor = call.require_actor()
    booked = logistics_orders.find(tx, table.c.id == call.data["id"], lock=True)
    _check_seen(booked, actor)
    logistics_orders.check_version(booked, call)
    return actor, booked, decide(booked.standing, action, actor)


def _seen(booked: Booked, actor: Actor) -> dict[str, Any]:
    _check_seen(booked, actor)
    return logistics_orders.shown(booked, actor)


def _check_seen(booked: Booked, actor: Actor) -> None:
    if not (actor.is_operator or actor.id == booked.row.supplier_id or "warehouse" in actor.roles):
        raise logistics_orders.not_found()
