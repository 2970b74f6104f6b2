"""What orders do to shipments, and payments to logistics orders. Each step that orders hand in is answered with one event: done, or refused with the reason."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from sqlalchemy import Row, select

from services.logistics.application import filings, freight, logistics_orders, online_shipping, shipments, tracking, warehouses, watch
from services.logistics.application.carriers.directory import carrier_of
from services.logistics.application.channel_list import CHANNELS
from services.logistics.application.papers import PAPERS, Export
from services.logistics.domain.channels import Packages, goods_refusal, packages_refusal
from services.logistics.domain.export import declared_lines
from services.logistics.domain.numbers import comparable, export_number
from services.logistics.domain.refusal import Refusal
from services.logistics.models import ARRIVED, DELIVERED, DISPATCHED, EXPORT, IMPORT, INSURANCE, PLANNED, REFUSED, VOIDED, shipments as table
from shared.kit.ids import new_number
from shared.platform.database import Transaction
from shared.platform.wire import Event


def plan_shipment(tx: Transaction, event: Event) -> None:
    """Keep what the order is about and say whether its channel can carry it."""
    order = event.data
    order_id, terms = order["order_id"], order["terms"]
    refusal = _goods_refusal(order, terms["channel"])
    values = {
        "order_id": order_id,
        "number": new_number("SH"),
        "order_number": order["number"],
        "buyer_id": order["buyer"]["id"],
        "supplier_id": order["supplier"]["id"],
        "facts": {name: event.raw[name] for name in shipments.FACTS},
        "channel": terms["channel"],
        "state": REFUSED if refusal else PLANNED,
        "created_at": tx.now,
        "updated_at": tx.now,
    }
    tx.add(table, values)
    if refusal:
        _refuse(tx, "logistics.channel_refused.v1", order_id, refusal)
    else:
        tx.emit("logistics.channel_confirmed.v1", order_id, {"order_id": order_id, "channel": terms["channel"]})


def declare_export(tx: Transaction, event: Event) -> None:
    """File the export declaration and issue the papers that go with it."""
    data = event.data
    order_id, form, at = data["order_id"], data["form"], data["at"]
    shipment = shipments.find(tx, order_id, lock=True)
    order = shipments.facts(shipment)
    pairs = declared_lines(order["lines"], form)
    if isinstance(pairs, Refusal):
        _refuse(tx, "logistics.export_refused.v1", order_id, pairs)
        return
    country = form["port_of_export"][:2]
    number = filings.number_on_file(tx, order_id, EXPORT) or export_number(at.year, country)
    filings.file(tx, order_id, EXPORT, country, number, event.raw["form"], at)
    numbers, revisions = _paper_numbers(tx, order_id, number)
    export = Export(order, form, pairs, CHANNELS[shipment.channel].name, at, numbers, revisions)
    papers = {name: compose(export) for name, compose in PAPERS.items()}
    filings.issue(tx, order_id, papers, at)
    _filed(tx, "logistics.export_declared.v1", order_id, number, documents=list(papers))


def dispatch(tx: Transaction, event: Event) -> None:
    """The goods are packed and handed to the carrier under a waybill."""
    data = event.data
    order_id, form = data["order_id"], data["form"]
    shipment = shipments.find(tx, order_id, lock=True)
    waybill = form["shipping_notice"]["waybill_number"]
    refusal = _dispatch_refusal(shipment, form) or online_shipping.shipping_refusal(tx, shipment, form) or _waybill_refusal(tx, shipment, waybill)
    if refusal:
        _refuse(tx, "logistics.shipment_refused.v1", order_id, refusal)
        return
    goods = {"waybill_number": waybill, "waybill_key": comparable(waybill), "carrier": carrier_of(shipment.channel, waybill), "notice": event.raw["form"]}
    shipments.change(tx, order_id, state=DISPATCHED, **goods, **watch.begin(tx))
    tracking.attach(tx, shipments.find(tx, order_id))
    _filed(tx, "logistics.shipment_created.v1", order_id, shipment.number)


def change_channel(tx: Transaction, event: Event) -> None:
    """Both parties want another channel: it has to carry the goods like the one at first, and nothing may be booked or dispatched."""
    order_id, channel = event.data["order_id"], event.data["channel"]
    shipment = shipments.find(tx, order_id, lock=True)
    refusal = _change_refusal(tx, shipment) or _goods_refusal(shipments.facts(shipment), channel)
    if refusal:
        _refuse(tx, "logistics.channel_change_refused.v1", order_id, refusal)
        return
    facts = {**shipment.facts, "terms": {**shipment.facts["terms"], "channel": channel}}
    shipments.change(tx, order_id, channel=channel, facts=facts)
    tx.emit("logistics.channel_changed.v1", order_id, {"order_id": order_id, "channel": channel})


def record_policy(tx: Transaction, event: Event) -> None:
    """Put the insurance policy on file."""
    data = event.data
    order_id, form = data["order_id"], data["form"]
    shipments.find(tx, order_id, lock=True)
    if filings.file(tx, order_id, INSURANCE, form["insurer"], form["policy_number"], event.raw["form"], data["at"]):
        _filed(tx, "logistics.policy_recorded.v1", order_id, form["policy_number"])
    else:
        refusal = Refusal("policy_number_taken", f"{form['insurer']}'s policy {form['policy_number']} is on file for another order.")
        _refuse(tx, "logistics.policy_refused.v1", order_id, refusal)


def declare_import(tx: Transaction, event: Event) -> None:
    """Put the import clearance on file; entry numbers are those of the destination's customs."""
    data = event.data
    order_id, form = data["order_id"], data["form"]
    shipment = shipments.find(tx, order_id, lock=True)
    country = shipment.facts["terms"]["ship_to"]["country"]
    if filings.file(tx, order_id, IMPORT, country, form["entry_number"], event.raw["form"], data["at"]):
        _filed(tx, "logistics.import_declared.v1", order_id, form["entry_number"])
    else:
        refusal = Refusal("entry_number_taken", f"Entry {form['entry_number']} of customs in {country} is on file for another order.")
        _refuse(tx, "logistics.import_refused.v1", order_id, refusal)


def follow(tx: Transaction, event: Event) -> None:
    """Keep in step with an order on its way: tracking's arrival counts only while the order waits for it."""
    order = event.data
    shipment = shipments.find(tx, order["order_id"], lock=True)
    state = {"orders.goods_arrived.v1": ARRIVED, "orders.goods_received.v1": DELIVERED}.get(event.type, shipment.state)
    waits = order["to_state"] == "in_transit"
    # Orders passes over what it is told while something else is amiss: once that is put right it is told again.
    again = {"arrival_told_at": None} if waits and event.type == "orders.exception_resolved.v1" else {}
    shipments.change(tx, shipment.order_id, state=state, in_transit=waits, **again)
    shipments.tell_arrival(tx, shipments.find(tx, shipment.order_id))
    if waits and event.type == "orders.goods_insured.v1":
        warehouses.tell_again(tx, shipment)


def void(tx: Transaction, event: Event) -> None:
    """The order is over before its time: so is its shipment."""
    shipment = shipments.find(tx, event.subject, lock=True)
    if shipment.state == REFUSED:
        return
    shipments.change(tx, shipment.order_id, state=VOIDED, in_transit=False)
    if not online_shipping.cancel(tx, shipment) and shipment.waybill_number:
        _filed(tx, "logistics.waybill_voided.v1", shipment.order_id, shipment.waybill_number)


REACTIONS: dict[str, Callable[[Transaction, Event], None]] = {
    "orders.order_placed.v1": plan_shipment,
    "orders.order_rejected.v1": void,
    "orders.export_customs_submitted.v1": declare_export,
    "orders.channel_agreed.v1": change_channel,
    "orders.shipping_submitted.v1": dispatch,
    "orders.goods_shipped.v1": follow,
    "orders.insurance_submitted.v1": record_policy,
    "orders.goods_insured.v1": follow,
    "orders.exception_raised.v1": follow,
    "orders.exception_resolved.v1": follow,
    "orders.goods_arrived.v1": follow,
    "orders.import_customs_submitted.v1": declare_import,
    "orders.goods_received.v1": follow,
    "orders.order_cancelled.v1": void,
    "payments.freight_charged.v1": freight.on_charged,
    "payments.freight_refused.v1": freight.on_refused,
}
TOGETHER = ("orders.order_placed.v1",)
"""What may share a transaction: it writes what is its order's alone."""


def _paper_numbers(tx: Transaction, order_id: str, declaration: str) -> tuple[dict[str, str], dict[str, int]]:
    """Numbers and revisions by name: a paper that is issued again keeps its number."""
    earlier = filings.issued(tx, order_id)
    numbers = {"commercial_invoice": new_number("CI"), "packing_list": new_number("PL"), "export_declaration": declaration}
    numbers |= {name: number for name, (number, _) in earlier.items()}
    return numbers, {name: earlier[name][1] + 1 if name in earlier else 1 for name in PAPERS}


def _goods_refusal(order: dict[str, Any], channel: str) -> Refusal | None:
    terms = order["terms"]
    gross_mass = sum((line["gross_mass_kg"] for line in order["lines"]), start=Decimal(0))
    return goods_refusal(CHANNELS, channel, terms["incoterm"], terms["ship_to"]["country"], gross_mass, _special_goods(order))


def _change_refusal(tx: Transaction, shipment: Row[Any]) -> Refusal | None:
    if shipment.state != PLANNED:
        return Refusal("already_shipped", f"The goods are on their way by {shipment.channel}.")
    if booked := logistics_orders.live_of(tx, shipment):
        return Refusal("logistics_order_exists", f"{booked.row.number} books {shipment.channel} for this order: void it first.")
    return None


def _dispatch_refusal(shipment: Row[Any], form: dict[str, Any]) -> Refusal | None:
    if form["logistics_channel"] != shipment.channel:
        return Refusal("channel_changed", f"{shipment.channel} was agreed on, not {form['logistics_channel']}.")
    packages = [Packages(each["count"], (each["length_cm"], each["width_cm"], each["height_cm"]), each["weight_kg"]) for each in form["packages"]]
    special_goods = _special_goods(shipment.facts) | set(form.get("special_goods") or ())
    return packages_refusal(CHANNELS[shipment.channel], form["shipping_notice"]["mode"], packages, special_goods)


def _waybill_refusal(tx: Transaction, shipment: Row[Any], waybill: str) -> Refusal | None:
    same = select(table.c.order_id).where(table.c.channel == shipment.channel, table.c.waybill_key == comparable(waybill))
    if tx.execute(same).scalar_one_or_none() in (None, shipment.order_id):
        return None
    return Refusal("waybill_taken", f"Waybill {waybill} of {shipment.channel} is used for another order.")


def _special_goods(order: dict[str, Any]) -> set[str]:
    return {each for line in order["lines"] for each in line.get("special_goods") or ()}


def _filed(tx: Transaction, type: str, order_id: str, number: str, **more: Any) -> None:
    tx.emit(type, order_id, {"order_id": order_id, "number": number, **more})


def _refuse(tx: Transaction, type: str, order_id: str, refusal: Refusal) -> None:
    tx.emit(type, order_id, {"order_id": order_id, "reason": refusal.reason, "message": refusal.message})
