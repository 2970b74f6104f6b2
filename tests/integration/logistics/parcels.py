"""Parcels that ship online as tests drive them: a trade by DHL under a tariff of round figures, its supplier, the warehouse's staff, and payments' answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from sqlalchemy import select

from services.logistics.application import booking as bookings, online_shipping, tariffs, warehouses
from services.logistics.domain.tariff import PERCENT, Break, Surcharge, Tariff, Zone
from services.logistics.models import logistics_orders, waybill_serials
from shared.contracts import logistics_orders as contract
from shared.kit.actor import Actor
from shared.kit.clock import utc_now
from shared.kit.ids import new_id
from shared.platform.context import Context
from shared.platform.wire import Event
from tests.builders.database import call
from tests.integration.logistics.scene import Scene, Trade
from tests.unit.logistics import sample

WAREHOUSE = Actor(new_id(), frozenset({"warehouse"}))
SHENZHEN = {"name": "Li Na", "company": "Haitian Tools", "street": "7 Fuhua Road", "city": "Shenzhen", "postal_code": "518000", "country": "CN"}
JINGDEZHEN = SHENZHEN | {"street": "26 Zhushan Middle Road", "city": "Jingdezhen", "postal_code": "333000"}

# 20.00 USD up to 1 kg and 1.50 USD each further 500 g begun, and 10 % for fuel.
DHL = Tariff(
    "dhl_express",
    "USD",
    utc_now().date() - timedelta(days=30),
    None,
    (Zone("world", frozenset({"*"}), (Break(1000, 2000), Break(200_000, 150, 500))),),
    (Surcharge("Fuel", PERCENT, 1000),),
    step_g=500,
)

CARTON = {"kind": "carton", "count": 2, "length_cm": "30", "width_cm": "20", "height_cm": "20", "weight_kg": "3"}
"""Two of them are 6 kg: 20.00 and ten times 1.50, and 3.50 for fuel: 38.50 USD."""

Data = dict[str, Any]


def order(**changes: Any) -> Data:
    """Two drills, 4 kg net, to the Netherlands by DHL Express, under escrow."""
    line = sample.order_line(sample.DRILL, "HT-1200", "Pneumatic hand drill 12 mm", 2, "C62", "58.50", "117.00", "84671100", "4", "5")
    terms = sample.terms(settlement="escrow", customs="carrier", insurance="none", incoterm="DAP", channel="dhl_express")
    return sample.order(lines=[line], total=sample.usd("117.00"), terms=terms) | changes


def booking(**changes: Any) -> Data:
    """What a supplier in Shenzhen sends to have it booked."""
    return {
        "packages": [CARTON],
        "special_goods": [],
        "packing_check_list": sample.shipping_form()["packing_check_list"],
        "collection": {"way": "pickup", "address": SHENZHEN},
        "if_undeliverable": "return",
    } | changes


def sent_from_jingdezhen(**more: Any) -> Data:
    return {"collection": {"way": "drop_off", "address": JINGDEZHEN, **more}}


@dataclass
class Parcel(Trade):
    """A trade by DHL, and what happens to its logistics order."""

    facts: Data = field(default_factory=order)
    scene: Scene = field(kw_only=True)

    def ask(self, operation: Any, handler: Callable[..., Any], actor: Actor | None, data: Data, *more: Any) -> Any:
        """As the bus would answer it."""
        asked = call(operation, actor, data)
        return operation.answer().dump(self.scene.database.run(lambda tx: handler(tx, asked, *more)))

    def book(self, state: str = "ready_to_ship", actor: Actor | None = None, **changes: Any) -> Data:
        seen = {"state": state, "label": state.replace("_", " ").capitalize(), "supplier": self.facts["supplier"]}
        data = booking(**changes) | {"id": self.order_id}
        return self.ask(contract.CREATE_LOGISTICS_ORDER, bookings.create, actor or self.supplier, data, seen)  # type: ignore[no-any-return]

    def booked(self, actor: Actor | None = None) -> Data:
        return self.ask(contract.GET_ORDERS_LOGISTICS_ORDER, online_shipping.get_of_order, actor or self.supplier, {"id": self.order_id})  # type: ignore[no-any-return]

    def void(self, actor: Actor | None = None) -> Data:
        return self.ask(contract.VOID_LOGISTICS_ORDER, online_shipping.void, actor or self.supplier, {"id": self.booked()["id"]})  # type: ignore[no-any-return]

    def scan(self, waybill: str | None = None, actor: Actor | None = WAREHOUSE) -> Data:
        data = {"waybill_number": waybill or self.booked()["waybill_number"]}
        return self.ask(contract.SCAN_PARCEL, warehouses.scan, actor, data)  # type: ignore[no-any-return]

    def weigh(self, *packages: Data, actor: Actor | None = WAREHOUSE, **changes: Any) -> Data:
        measured = [{name: value for name, value in (CARTON | changes).items() if name != "kind"}]
        data = {"id": self.booked()["id"], "packages": list(packages) or measured}
        return self.ask(contract.WEIGH_PARCEL, warehouses.weigh, actor, data)  # type: ignore[no-any-return]

    def hand_over(self, actor: Actor | None = WAREHOUSE) -> Data:
        return self.ask(contract.HAND_OVER_PARCEL, warehouses.hand_over, actor, {"id": self.booked()["id"]})  # type: ignore[no-any-return]

    def undeliverable(self, reason: str = "refused", actor: Actor | None = WAREHOUSE) -> Data:
        data = {"waybill_number": self.booked()["waybill_number"], "reason": reason}
        return self.ask(contract.REPORT_UNDELIVERABLE, warehouses.report_undeliverable, actor, data)  # type: ignore[no-any-return]

    def returned(self, actor: Actor | None = WAREHOUSE) -> Data:
        return self.ask(contract.CONFIRM_RETURN, warehouses.confirm_return, actor, {"id": self.booked()["id"]})  # type: ignore[no-any-return]

    def tell_domestic_waybill(self, number: str, actor: Actor | None = None) -> Data:
        data = {"id": self.booked()["id"], "domestic_waybill": number}
        return self.ask(contract.TELL_DOMESTIC_WAYBILL, online_shipping.tell_domestic_waybill, actor or self.supplier, data)  # type: ignore[no-any-return]

    def money(self, *kinds: str) -> list[tuple[str, str, dict[str, str]]]:
        """What was told of freight: due or credited, whose account, and how much of what."""
        told = [(name, data) for name, data in self.scene.told(self) if name in ("freight_due", "freight_credited")]
        assert all(data["order_id"] == self.order_id for _, data in told)
        return [(name, data["account_id"], {item["kind"]: item["amount"]["amount"] for item in data["items"]}) for name, data in told]

    def charge(self, place: int = -1) -> str:
        """The id of a charge that was asked for, by default the last."""
        return [data["charge_id"] for name, data in self.scene.told(self) if name == "freight_due"][place]  # type: ignore[no-any-return]

    def charged(self, charge_id: str | None = None) -> Event:
        return self._answer("freight_charged", charge_id)

    def refused_freight(self, charge_id: str | None = None) -> Event:
        words = {"reason": "insufficient_freight_funds", "message": "Top up the freight account by 41.50 USD, then book again."}
        return self._answer("freight_refused", charge_id, **words)

    def agreed_on(self, channel: str) -> Event:
        return self.event("channel_agreed", "ready_to_ship", channel=channel)

    def shipped(self, waybill: str | None = None, **changes: Any) -> Event:
        """The supplier's shipping form, with the waybill that was issued."""
        waybill = waybill or self.booked()["waybill_number"]
        notice = {"waybill_number": waybill, "dispatched_on": "2026-03-02", "mode": "express"}
        form = {"logistics_channel": self.facts["terms"]["channel"], "packages": [CARTON], "shipping_notice": notice}
        return self.shipping_submitted(**{**form, **changes})

    def _answer(self, name: str, charge_id: str | None, **data: Any) -> Event:
        raw = {"order_id": self.order_id, "charge_id": charge_id or self.charge(), **data}
        return Event(new_id(), f"payments.{name}.v1", "payments", self.order_id, 1, utc_now(), Context(), raw)


def parcel(scene: Scene, *, booked: bool = False, **facts: Any) -> Parcel:
    """An order that logistics knows of, ready to ship; `booked` with the booking's freight paid."""
    made = Parcel(order(**facts), scene=scene)
    scene.happen(made.placed())
    if booked:
        made.book()
        scene.happen(made.charged())
    return made


def handed_over(trade: Parcel) -> Parcel:
    """Booked already; shipped by its supplier and through the warehouse."""
    trade.scene.happen(trade.shipped())
    trade.scan()
    trade.weigh()
    trade.hand_over()
    return trade


def add_tariff(scene: Scene, **changes: Any) -> None:
    scene.database.run(lambda tx: tariffs.add(tx, replace(DHL, **changes), "somebody"))


def rows(scene: Scene, *columns: str) -> list[Any]:
    """All logistics orders, by when they were made."""
    wanted = select(*(logistics_orders.c[name] for name in columns)).order_by(logistics_orders.c.id)
    return scene.database.run(lambda tx: [tuple(row) for row in tx.execute(wanted)])  # type: ignore[no-any-return]


def serials(scene: Scene) -> dict[str, int]:
    return scene.database.run(lambda tx: dict(tuple(row) for row in tx.execute(select(waybill_serials))))  # type: ignore[no-any-return]
