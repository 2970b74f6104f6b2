"""The money of logistics orders: what is due is told to payments, whose answer issues the waybill, and what is given back is told too.

One charge at a time is under way for a logistics order, under an id of its own, so that an answer that comes twice or late finds nothing due.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from services.logistics.application import logistics_orders, shipments, tariffs
from services.logistics.application.channel_list import CHANNELS
from services.logistics.application.logistics_orders import Booked
from services.logistics.domain import waybills
from services.logistics.domain.channels import Packages, packages_refusal
from services.logistics.domain.logistics_order import consequence
from services.logistics.domain.numbers import comparable
from services.logistics.domain.refusal import Refusal
from services.logistics.domain.tariff import Consignment, Destination, Freight, price
from services.logistics.models import logistics_orders as table, waybill_serials
from shared.kit.ids import new_id
from shared.platform.database import Transaction
from shared.platform.wire import Event

FREIGHT, RETURN_FEE, REWEIGHING = "freight", "return_fee", "reweighing"


def price_again(tx: Transaction, booked: Booked, packages: Sequence[Packages]) -> Freight | Refusal:
    """What these packages cost by the tariff that it was booked by, or why the channel does not take them."""
    row, ship_to = booked.row, booked.shipment.facts["terms"]["ship_to"]
    channel = CHANNELS[row.channel]
    if refusal := packages_refusal(channel, channel.mode, packages, row.special_goods):
        return refusal
    consignment = Consignment(packages, Destination(ship_to["country"], ship_to.get("postal_code", "")), row.special_goods)
    return price(tariffs.find(tx, row.tariff_id), consignment, channel.cm3_per_kg)


def begin(tx: Transaction, booked: Booked) -> Booked:
    """Have a new logistics order's freight charged; one that costs nothing has nothing to wait for."""
    row = booked.row
    if not row.due:
        return _go_on(tx, booked)
    charge(tx, booked, {FREIGHT: row.freight, RETURN_FEE: row.return_fee})
    return booked


def charge(tx: Transaction, booked: Booked, items: Mapping[str, int]) -> None:
    """Have payments take these (kind → minor units) under the row's charge id."""
    _tell(tx, "logistics.freight_due.v1", booked, booked.row.charge_id, items)


def credit(tx: Transaction, booked: Booked, items: Mapping[str, int], charge_id: str | None = None) -> None:
    """Have payments give these back; under the id of a charge that is not taken yet, it is not to be taken any more."""
    _tell(tx, "logistics.freight_credited.v1", booked, charge_id or new_id(), items)


def end(tx: Transaction, booked: Booked) -> None:
    """Have all given back that was taken for it, and what is due not taken."""
    row = booked.row
    if row.paid:
        credit(tx, booked, {FREIGHT: row.paid - row.return_fee, RETURN_FEE: row.return_fee})
    if row.due:
        credit(tx, booked, {REWEIGHING: row.due} if row.paid else {FREIGHT: row.freight, RETURN_FEE: row.return_fee}, row.charge_id)


def on_charged(tx: Transaction, event: Event) -> None:
    """What was due is taken."""
    if booked := _asked(tx, event):
        _go_on(tx, booked)


def on_refused(tx: Transaction, event: Event) -> None:
    """It could not be taken: payments' words say what to do. What is on hold stays due, and is taken when the account is topped up."""
    if not (booked := _asked(tx, event)):
        return
    along = consequence(booked.standing, "not_charged")
    assert along, "what is due is waited for"
    due = booked.row.due if along.target == "on_hold" else 0
    logistics_orders.move(tx, booked, along, reason=event.data["reason"], message=event.data["message"], due=due)


def _asked(tx: Transaction, event: Event) -> Booked | None:
    """What the charge is for, while it is due."""
    shipments.find(tx, event.data["order_id"], lock=True)
    charge_id = event.data["charge_id"]
    if not tx.execute(table.select().where(table.c.charge_id == charge_id, table.c.due > 0)).one_or_none():
        return None
    return logistics_orders.find(tx, table.c.charge_id == charge_id, lock=True)


def _go_on(tx: Transaction, booked: Booked) -> Booked:
    """All is paid: a new logistics order gets its waybill, one on hold goes on."""
    along, row = consequence(booked.standing, "charged"), booked.row
    assert along, "what is due is waited for"
    paid = {"paid": row.paid + row.due, "due": 0, "reason": None, "message": None}
    if along.target != "ready":
        return logistics_orders.move(tx, booked, along, **paid)
    number = _issue(tx, row.carrier, row.channel, row.sender["country"])
    told = {"channel": row.channel, "carrier": row.carrier, "number": number}
    return logistics_orders.move(tx, booked, along, told, **paid, waybill_number=number, waybill_key=comparable(number))


def _issue(tx: Transaction, carrier: str, channel: str, country: str) -> str:
    """The next waybill number of the channel's range; who else wants one waits for the end of this transaction, so none is lost or used twice."""
    first = tx.upsert(waybill_serials).values(channel=channel, last=1)
    counted = first.on_conflict_do_update(index_elements=["channel"], set_={"last": waybill_serials.c.last + 1})
    serial = tx.execute(counted.returning(waybill_serials.c.last)).scalar_one()
    return waybills.issue(carrier, channel, serial, country)


def _tell(tx: Transaction, event: str, booked: Booked, charge_id: str, items: Mapping[str, int]) -> None:
    row = booked.row
    told = [{"kind": kind, "amount": booked.money(minor)} for kind, minor in items.items() if minor]
    tx.emit(event, row.order_id, {"order_id": row.order_id, "charge_id": charge_id, "account_id": row.supplier_id, "items": told})
