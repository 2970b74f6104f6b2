"""What a supplier does to ship online: book a logistics order, tell its domestic waybill, void it. Its end with the order's is here too."""

from __future__ import annotations

from collections.abc import Collection as Bag
from decimal import Decimal
from typing import Any

from sqlalchemy import Row

from services.logistics.application import freight, logistics_orders, quotes, shipments
from services.logistics.application.channel_list import CHANNELS
from services.logistics.application.logistics_orders import Booked
from services.logistics.application.warehouse_list import RETURN_FEES, WAREHOUSES
from services.logistics.domain.channels import Channel, Packages, chargeable_kg, goods_refusal, packages_refusal
from services.logistics.domain.collection import match
from services.logistics.domain.logistics_order import RETURN, STATES, Row as Along, consequence, decide
from services.logistics.domain.numbers import comparable
from services.logistics.domain.refusal import Refusal
from services.logistics.models import PLANNED, logistics_orders as table
from shared.contracts.dumping import dump
from shared.contracts.logistics_orders import CreateLogisticsOrder
from shared.contracts.trade import Address
from shared.kit.actor import Actor
from shared.kit.errors import Conflict, Forbidden, Invalid
from shared.kit.ids import new_id, new_number
from shared.kit.money import Money
from shared.platform.calls import Call
from shared.platform.database import Transaction

READY = "ready_to_ship"

# Which field of the booking a refusal is about; one that is about none is a matter of the channel or its tariff.
_FIELDS = {
    "special_goods_not_taken": "special_goods",
    "package_too_heavy": "packages",
    "package_too_long": "packages",
    "too_heavy": "packages",
    "mass_mismatch": "packages",
    "mass_not_priced": "packages",
    "outside_pickup_range": "collection.address.postal_code",
    "no_warehouse": "collection.address.country",
    "return_not_offered": "if_undeliverable",
}
_OTHERS_MAY_TAKE_IT = ("special_goods_not_taken", "package_too_heavy", "package_too_long", "too_heavy")


def create(tx: Transaction, call: Call, order: dict[str, Any]) -> dict[str, Any]:
    """Book the channel of the order, which is as orders answered it before this transaction, and have its freight charged.

    Forbidden for all but its supplier. Conflict `not_ready_to_ship`, `channel_not_online`, `logistics_order_exists`, or where the tariff has no price.
    Invalid where the channel does not take the packages, there is no warehouse for them, or a return has no fee.
    """
    actor, data = call.require_actor(), call.data
    if order["supplier"]["id"] != actor.id:
        raise Forbidden("not_the_supplier", "Only the order's supplier books its shipping.")
    shipment = shipments.find(tx, data["id"], lock=True)
    channel = _bookable(tx, shipment, order)
    packages = logistics_orders.parts(data["packages"])
    facts = shipments.facts(shipment)
    special_goods = sorted({each for line in facts["lines"] for each in line.get("special_goods") or ()} | set(data["special_goods"]))
    net_mass = sum((line["net_mass_kg"] for line in facts["lines"]), Decimal(0))
    if (mass := chargeable_kg(packages, None)) < net_mass:
        raise _refused(Refusal("mass_mismatch", f"The goods' net mass is {net_mass:f} kg: the packages cannot weigh {mass:f} kg."))

    ship_to, given = facts["terms"]["ship_to"], data["collection"]
    price = quotes.freight(tx, channel.code, ship_to["country"], packages, special_goods, tx.now.date(), ship_to.get("postal_code", ""))
    if isinstance(price, Refusal):
        raise _refused(price, _takers(facts["terms"], packages, special_goods) if price.reason in _OTHERS_MAY_TAKE_IT else "")
    fee = RETURN_FEES.get(price.price.currency) if data["if_undeliverable"] == RETURN else Money(0, price.price.currency)
    if fee is None:
        raise _refused(Refusal("return_not_offered", f"{channel.name} has no fee for returns in {price.price.currency}: choose to destroy."))
    collection = match(WAREHOUSES, given["way"], given["address"]["country"], given["address"].get("postal_code", ""))
    if isinstance(collection, Refusal):
        raise _refused(collection)

    form = dump(CreateLogisticsOrder, data)
    told = {name: form["collection"][name] for name in ("way", "domestic_waybill", "arranged_with") if name in form["collection"]}
    values = {
        "id": new_id(),
        "order_id": shipment.order_id,
        "number": new_number("LO"),
        "supplier_id": actor.id,
        "channel": channel.code,
        "carrier": channel.carrier,
        "state": "awaiting_freight",
        "packages": form["packages"],
        "special_goods": special_goods,
        "check_list": form["packing_check_list"],
        "sender": dump(Address, given["address"]),
        "collection": {**told, "warehouse": collection.warehouse.as_data(), "instructions": list(collection.instructions)},
        "if_undeliverable": data["if_undeliverable"],
        "tariff_id": price.tariff_id,
        "billable_kg": price.billable_kg,
        "currency": price.price.currency,
        "freight": price.price.minor,
        "return_fee": fee.minor,
        "paid": 0,
        "due": price.price.minor + fee.minor,
        "charge_id": new_id(),
        "domestic_waybill_key": comparable(told["domestic_waybill"]) if "domestic_waybill" in told else None,
        "created_at": tx.now,
        "updated_at": tx.now,
    }
    tx.add(table, values)
    booked = logistics_orders.find(tx, table.c.id == values["id"])
    freight.charge(tx, booked, {freight.FREIGHT: price.price.minor, freight.RETURN_FEE: fee.minor})
    return logistics_orders.shown(booked, actor)


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


def _end(tx: Transaction, booked: Booked, along: Along) -> Booked:
    warehouse = booked.row.collection["warehouse"]
    message = f"The parcel is in the warehouse: fetch it at {warehouse['name']}, {warehouse['phone']}." if booked.row.scanned_at else None
    freight.end(tx, booked)
    return logistics_orders.move(tx, booked, along, {"number": booked.row.waybill_number}, paid=0, due=0, reason=None, message=message)


def _bookable(tx: Transaction, shipment: Row[Any], order: dict[str, Any]) -> Channel:
    if order["state"] != READY or shipment.state != PLANNED:
        raise Conflict("not_ready_to_ship", f"Shipping is booked while the order is ready to ship; it is: {order['label']}.", state=order["state"])
    channel = CHANNELS[shipment.channel]
    if not channel.online:
        raise Conflict("channel_not_online", f"{channel.name} is not booked here: book it with the carrier and put its waybill into the shipping notice.")
    if live := logistics_orders.live_of(tx, shipment):
        number, state = live.row.number, STATES[live.row.state].lower()
        raise Conflict("logistics_order_exists", f"{number} stands for this order ({state}): void it first.", logistics_order_id=live.row.id)
    return channel


def _takers(terms: dict[str, Any], packages: list[Packages], special_goods: Bag[str]) -> str:
    """Which channels would take them."""
    country, incoterm, mass = terms["ship_to"]["country"], terms["incoterm"], chargeable_kg(packages, None)
    takers = [
        each.code
        for each in CHANNELS.values()
        if not goods_refusal(CHANNELS, each.code, incoterm, country, mass, special_goods) and not packages_refusal(each, each.mode, packages, special_goods)
    ]
    return f" Agree with the buyer on one that does: {', '.join(takers)}." if takers else ""


def _refused(refusal: Refusal, more: str = "") -> Conflict | Invalid:
    words, field = refusal.message + more, _FIELDS.get(refusal.reason)
    return Invalid(refusal.reason, words, {field: [words]}) if field else Conflict(refusal.reason, words)


def _decided(tx: Transaction, call: Call, action: str) -> tuple[Actor, Booked, Along]:
    actor = call.require_actor()
    booked = logistics_orders.find(tx, table.c.id == call.data["id"], lock=True)
    _check_seen(booked, actor)
    return actor, booked, decide(booked.standing, action, actor)


def _seen(booked: Booked, actor: Actor) -> dict[str, Any]:
    _check_seen(booked, actor)
    return logistics_orders.shown(booked, actor)


def _check_seen(booked: Booked, actor: Actor) -> None:
    if not (actor.is_operator or actor.id == booked.row.supplier_id or "warehouse" in actor.roles):
        raise logistics_orders.not_found()
