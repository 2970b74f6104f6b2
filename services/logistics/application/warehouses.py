"""What warehouses do with parcels: scan them in, weigh them, hand them over to the carrier; and what becomes of those that cannot be delivered."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Row, select

from services.logistics.application import freight, logistics_orders
from services.logistics.application.logistics_orders import Booked
from services.logistics.domain.channels import chargeable_kg
from services.logistics.domain.logistics_order import OVER, Row as Along, consequence, decide
from services.logistics.domain.numbers import comparable
from services.logistics.domain.refusal import Refusal
from services.logistics.models import logistics_orders as table
from shared.contracts.dumping import dump
from shared.contracts.logistics_orders import WeighParcel
from shared.kit.errors import Invalid
from shared.kit.ids import new_id
from shared.platform.calls import Call
from shared.platform.database import Transaction

STAFF = ("warehouse", "operator")


def scan(tx: Transaction, call: Call) -> dict[str, Any]:
    """A parcel comes in, under its waybill or the domestic one that it was sent by. Scanned again, it stays as it is."""
    actor = call.require_actor(*STAFF)
    key = comparable(call.data["waybill_number"])
    # Several parcels may come in one outer layer: its number means the one of them that is still to be scanned.
    under_it = (table.c.domestic_waybill_key == key) & table.c.waybill_key.is_not(None)
    booked = _only(tx, table.c.waybill_key == key) or _only(tx, under_it & (table.c.state == "ready")) or _only(tx, under_it & table.c.state.not_in(OVER))
    if booked is None:
        raise logistics_orders.not_found()
    along = decide(booked.standing, "scan_in", actor)
    if along.target != along.source:
        booked = logistics_orders.move(tx, booked, along, scanned_at=tx.now)
    return logistics_orders.shown(booked, actor)


def weigh(tx: Transaction, call: Call) -> dict[str, Any]:
    """The packages as they are. More freight for them, by the tariff of the booking, is charged and the parcel kept until it is paid; less is given back.

    Packages that the channel does not take are kept too; the supplier is told. Invalid `packages_missing` where there are not as many as were booked.
    """
    actor = call.require_actor(*STAFF)
    booked = logistics_orders.find(tx, table.c.id == call.data["id"], lock=True)
    logistics_orders.check_version(booked, call)
    along = decide(booked.standing, "weigh", actor)
    row, given = booked.row, call.data["packages"]
    counted, told = (sum(each["count"] for each in packages) for packages in (given, row.packages))
    if counted != told:
        raise Invalid("packages_missing", f"{told} packages were booked, {counted} are weighed.", {"packages": [f"{told} packages were booked."]})
    packages = logistics_orders.parts(given)
    price = freight.price_again(tx, booked, packages)
    measured = {"measured": dump(WeighParcel, call.data)["packages"], "weighed_kg": chargeable_kg(packages, None), "reason": None, "message": None}
    if isinstance(price, Refusal):
        weighed = logistics_orders.move(tx, booked, along, **measured)
        words = f"{price.message} Void this logistics order, or give up the order, and fetch the parcel."
        return logistics_orders.shown(_hold(tx, weighed, reason=price.reason, message=words), actor)
    difference = price.price.minor + row.return_fee - row.paid
    measured |= {"freight": price.price.minor, "billable_kg": price.billable_kg, "paid": row.paid + min(difference, 0)}
    weighed = logistics_orders.move(tx, booked, along, **measured)
    if difference < 0:
        freight.credit(tx, weighed, {freight.REWEIGHING: -difference})
    if difference > 0:
        weighed = _hold(tx, weighed, due=difference, charge_id=new_id())
        freight.charge(tx, weighed, {freight.REWEIGHING: difference})
    return logistics_orders.shown(weighed, actor)


def hand_over(tx: Transaction, call: Call) -> dict[str, Any]:
    """The carrier has it."""
    actor = call.require_actor(*STAFF)
    booked = logistics_orders.find(tx, table.c.id == call.data["id"], lock=True)
    logistics_orders.check_version(booked, call)
    along = decide(booked.standing, "hand_over", actor)
    if along.target != along.source:
        booked = logistics_orders.move(tx, booked, along, handed_over_at=tx.now)
    return logistics_orders.shown(booked, actor)


def report_undeliverable(tx: Transaction, call: Call) -> dict[str, Any]:
    """Have done what was chosen at the booking; reported again, nothing more happens."""
    actor = call.require_actor("carrier", *STAFF)
    booked = _only(tx, table.c.waybill_key == comparable(call.data["waybill_number"]))
    if booked is None:
        raise logistics_orders.not_found()
    return _undeliverable(tx, booked, decide(booked.standing, "report_undeliverable", actor), call.data["reason"]).row._asdict()


def see_return(tx: Transaction, shipment: Row[Any]) -> None:
    """Tracking says that the carrier sends it back: the same as its report, whichever comes first."""
    booked = logistics_orders.live_of(tx, shipment)
    if booked and (along := consequence(booked.standing, "report_undeliverable")):
        _undeliverable(tx, booked, along, "other")


def tell_again(tx: Transaction, shipment: Row[Any]) -> None:
    """A parcel that was undeliverable before its order was on its way stops the order now."""
    booked = logistics_orders.live_of(tx, shipment)
    if booked and booked.row.state in ("returning", "returned", "destroyed"):
        told = {name: getattr(booked.row, name) for name in ("order_id", "reason", "message")}
        tx.emit("logistics.parcel_undeliverable.v1", shipment.order_id, told)


def _undeliverable(tx: Transaction, booked: Booked, along: Along, reason: str) -> Booked:
    if along.target == along.source:
        return booked
    back = along.target == "returning"
    fate = "it goes back to the sender" if back else "it is destroyed"
    why = {"reason": reason, "message": f"The parcel cannot be delivered ({reason.replace('_', ' ')}): {fate}, as was chosen when it was booked."}
    return logistics_orders.move(tx, booked, along, why, **why, disposition_at=None if back else tx.now)


def confirm_return(tx: Transaction, call: Call) -> dict[str, Any]:
    """The sender has it again."""
    actor = call.require_actor(*STAFF)
    booked = logistics_orders.find(tx, table.c.id == call.data["id"], lock=True)
    logistics_orders.check_version(booked, call)
    along = decide(booked.standing, "confirm_return", actor)
    if along.target != along.source:
        booked = logistics_orders.move(tx, booked, along, disposition_at=tx.now)
    return logistics_orders.shown(booked, actor)


def _hold(tx: Transaction, weighed: Booked, **changes: Any) -> Booked:
    along = consequence(weighed.standing, "hold")
    assert along, "what is weighed is in the warehouse"
    return logistics_orders.move(tx, weighed, along, **changes)


def _only(tx: Transaction, which: ColumnElement[bool]) -> Booked | None:
    """The one logistics order, if there is any. Invalid `waybill_ambiguous` where there are several."""
    found = tx.execute(select(table.c.id, table.c.waybill_number).where(which).order_by(table.c.waybill_number)).all()
    if len(found) > 1:
        waybills = ", ".join(each.waybill_number for each in found)
        raise Invalid("waybill_ambiguous", "Several parcels have this number.", {"waybill_number": [f"Scan each parcel's own waybill: {waybills}."]})
    return logistics_orders.find(tx, table.c.id == found[0].id, lock=True) if found else None
