"""Parcels as suppliers book them, for labels: a small order by post or courier from China to the Netherlands."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from services.logistics.application.label import Consignment
from services.logistics.domain.waybills import issue
from shared.kit.ids import derived_id
from tests.unit.logistics.sample import CHUCK, DRILL, loaded_order, order, order_line, terms, usd

SENDER = {
    "name": "Wang Li",
    "company": "Ningbo Haitian Tools Co., Ltd. 宁波海天",
    "street": "88 Beilun Road",
    "city": "Ningbo",
    "postal_code": "315800",
    "country": "CN",
    "phone": "+86 574 8765 4321",
}
RECIPIENT = {
    "name": "Jörg Müller",
    "company": "Müller & Søn GmbH",
    "street": "Überseeallee 12",
    "city": "Rotterdam",
    "postal_code": "3011 AB",
    "country": "NL",
    "phone": "+31 10 123 4567",
    "email": "j.mueller@example.com",
}
WAYBILLS = {"post": "CP473124829CN", "dhl": "3318810025", "ups": "1Z879E930346834440", "fedex": "986578788855", "tnt": "183928252"}


def package(**changes: Any) -> dict[str, Any]:
    return {"kind": "carton", "count": 1, "length_cm": "30", "width_cm": "20.5", "height_cm": "10", "weight_kg": "3.250"} | changes


def small_order(**changes: Any) -> dict[str, Any]:
    """A drill and two sets of chucks, 77.50 USD, as JSON."""
    lines = [
        order_line(DRILL, "HT-1200", "Pneumatic hand drill 12 mm", 1, "C62", "58.50", "58.50", "84671100", "1.8", "2.0"),
        order_line(CHUCK, "HT-0013", "Keyless chuck set", 2, "SET", "9.50", "19.00", "84661020", "1.162", "1.3"),
    ]
    parcel = terms(ship_to=RECIPIENT, incoterm="DAP", channel="postal_parcel", settlement="escrow", customs="carrier", insurance="none")
    return order(lines=lines, terms=parcel, total=usd("77.50")) | changes


def consignment(of: dict[str, Any] | None = None, carrier: str = "post", **changes: Any) -> Consignment:
    given: dict[str, Any] = {
        "order": loaded_order(of or small_order()),
        "carrier": carrier,
        "channel": "Postal parcel" if carrier == "post" else "Express courier",
        "waybill": WAYBILLS[carrier],
        "packages": [package()],
        "special_goods": [],
        "sender": SENDER,
        "if_undeliverable": "return",
        "booked_at": datetime(2026, 3, 2, 8, 30, tzinfo=UTC),
    }
    return Consignment(**given | changes)


def logistics_order(order_id: str, supplier_id: str, serial: int, now: datetime) -> dict[str, Any]:
    """The row of one that is ready, by post, under the waybill of this serial number."""
    waybill = issue("post", "postal_parcel", serial, "CN")
    return {
        "id": derived_id("logistics order", order_id),
        "order_id": order_id,
        "number": f"LO-{serial:05d}",
        "supplier_id": supplier_id,
        "channel": "postal_parcel",
        "carrier": "post",
        "state": "ready",
        "packages": [package()],
        "special_goods": [],
        "check_list": {},
        "sender": SENDER,
        "collection": {"way": "pickup"},
        "if_undeliverable": "return",
        "tariff_id": derived_id("tariff"),
        "billable_kg": Decimal("3.25"),
        "currency": "USD",
        **dict.fromkeys(("freight", "return_fee", "paid", "due"), 0),
        "charge_id": derived_id("charge", order_id),
        "waybill_number": waybill,
        "waybill_key": waybill.lower(),
        "created_at": now,
        "updated_at": now,
    }
