"""A supplier books the order's channel online: what is checked, what it costs, and which warehouse has the parcel."""

from __future__ import annotations

from collections.abc import Collection as Bag
from decimal import Decimal
from typing import Any

from sqlalchemy import Row

from services.logistics.application import freight, logistics_orders, quotes, shipments
from services.logistics.application.channel_list import CHANNELS
from services.logistics.application.warehouse_list import RETURN_FEES, WAREHOUSES
from services.logistics.domain.channels import Channel, Packages, chargeable_kg, goods_refusal, packages_refusal
from services.logistics.domain.collection import match
from services.logistics.domain.logistics_order import RETURN, STATES
from services.logistics.domain.numbers import comparable
from services.logistics.domain.refusal import Refusal
from services.logistics.domain.tariff import Freight
from services.logistics.models import PLANNED, logistics_orders as table
from shared.contracts.dumping import dump
from shared.contracts.logistics_orders import CreateLogisticsOrder
from shared.contracts.trade import Address
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
    facts = shipments.facts(shipment)
    special_goods = sorted({each for line in facts["lines"] for each in line.get("special_goods") or ()} | set(data["special_goods"]))
    price = _priced(tx, channel, facts, logistics_orders.parts(data["packages"]), special_goods)
    fee = RETURN_FEES.get(price.price.currency) if data["if_undeliverable"] == RETURN else Money(0, price.price.currency)
    if fee is None:
        raise _refused(Refusal("return_not_offered", f"{channel.name} has no fee for returns in {price.price.currency}: choose to destroy."))
    sender = data["collection"]["address"]
    collection = match(WAREHOUSES, data["collection"]["way"], sender["country"], sender.get("postal_code", ""))
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
        "sender": dump(Address, sender),
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
    return logistics_orders.shown(freight.begin(tx, logistics_orders.find(tx, table.c.id == values["id"])), actor)


def _bookable(tx: Transaction, shipment: Row[Any], order: dict[str, Any]) -> Channel:
    if order["state"] != READY or shipment.state != PLANNED:
        state = order["label"] if order["state"] != READY else shipment.state  # it went on while we asked
        raise Conflict("not_ready_to_ship", f"Shipping is booked while the order is ready to ship; it is: {state}.", state=order["state"])
    channel = CHANNELS[shipment.channel]
    if not channel.online:
        raise Conflict("channel_not_online", f"{channel.name} is not booked here: book it with the carrier and put its waybill into the shipping notice.")
    if live := logistics_orders.live_of(tx, shipment):
        number, state = live.row.number, STATES[live.row.state].lower()
        raise Conflict("logistics_order_exists", f"{number} stands for this order ({state}): void it first.")
    return channel


def _priced(tx: Transaction, channel: Channel, order: dict[str, Any], packages: list[Packages], special_goods: list[str]) -> Freight:
    net_mass = sum((line["net_mass_kg"] for line in order["lines"]), Decimal(0))
    if (mass := chargeable_kg(packages, None)) < net_mass:
        raise _refused(Refusal("mass_mismatch", f"The goods' net mass is {net_mass:f} kg: the packages cannot weigh {mass:f} kg."))
    ship_to = order["terms"]["ship_to"]
    where = ship_to["country"], packages, special_goods, tx.now.date(), ship_to.get("postal_code", "")
    price = quotes.freight(tx, channel.code, *where, value=order["total"])
    if isinstance(price, Refusal):
        raise _refused(price, _takers(order["terms"], packages, special_goods) if price.reason in _OTHERS_MAY_TAKE_IT else "")
    return price


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
