"""The parts of a walk that are about parcels: quotes, the payment provider, the freight account, shipping online, warehouse and tracking."""

from __future__ import annotations

import secrets
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import requests

from tradelane.demo.trade import Json

if TYPE_CHECKING:
    from tradelane.demo.walk import Walk


class ParcelError(Exception):
    """The parcel cannot go on as its trade's file says."""


def money(money: Json) -> str:
    """As people read it."""
    whole, point, cents = money["amount"].partition(".")
    return f"{int(whole):,}{point}{cents} {money['currency']}"


def ask_quotes(walk: Walk, request: Json) -> None:
    """What each channel would cost, the chosen one and the cheapest told."""
    with walk.doing("buyer", "Asks for quotes") as tell:
        answer = walk.clients["buyer"].post("/v1/quotes", request)
        told = [f"{each['name']} {money(each['price'])}, {each['transit_days']['shortest']}-{each['transit_days']['longest']} days" for each in answer["items"]]
        tell(f"{len(told)} channels, {len(answer['refused'])} cannot: {'; '.join(told[:3])}")


def bind_method(walk: Walk, given: Json) -> str:
    """The buyer's payment method, bound by a token that the provider made of the number: the platform never sees it."""
    with walk.doing("buyer", "Binds a payment method") as tell:
        provider = walk.clients["buyer"].get("/v1/payment-provider")
        method: Json = walk.clients["buyer"].post("/v1/payment-methods", {"provider": provider["name"], "token": make_token(provider, given)})
        tell(f"{method['label']}, at the provider “{provider['name']}”")
    return str(method["id"])


def make_token(provider: Json, given: Json) -> str:
    """What the provider, as the platform tells of it, makes of a number."""
    made = requests.post(provider["tokens_url"], json=given, headers={"Authorization": f"Bearer {provider['public_key']}"}, timeout=30)
    made.raise_for_status()
    return str(made.json()["id"])


def fund_freight(walk: Walk, wanted: Json) -> None:
    """The supplier's freight account, topped up from a balance that an operator fills."""
    supplier, amount = walk.clients["supplier"], wanted["top_up"]
    with walk.doing("operator", "Books the supplier's deposit") as tell:
        reference = f"Freight {secrets.token_hex(5)}"
        walk.operator.post("/v1/deposits", {"account_id": walk.accounts["supplier"]["id"], "amount": amount, "reference": reference})
        tell(money(amount))
    with walk.doing("supplier", "Binds a freight account, tops it up") as tell:
        supplier.post("/v1/freight-account", {"currency": wanted["currency"]})
        account = supplier.post("/v1/freight-account/top-ups", {"amount": amount})
        tell(f"balance {money(account['balance'])}")


def book(walk: Walk, order: Json, request: Json) -> str:
    """The order's channel booked online; its waybill number, once the freight is charged."""
    supplier = walk.clients["supplier"]
    with walk.doing("supplier", "Ships online: logistics order") as tell:
        booked = supplier.post(f"/v1/orders/{order['id']}/logistics-order", request, wait=10)
        deadline = time.monotonic() + 60
        while booked["awaiting"] and time.monotonic() < deadline:
            time.sleep(0.2)
            booked = supplier.get(f"/v1/logistics-orders/{booked['id']}")
        if not booked["waybill_number"]:
            raise ParcelError(f"{booked['number']} has no waybill: {booked['message'] or booked['label']}")
        tell(f"{booked['number']}: freight {money(booked['freight'])}, waybill {booked['waybill_number']}, {booked['collection']['warehouse']['name']}")
    with walk.doing("supplier", "Prints the label") as tell:
        label = supplier.request("GET", f"/v1/orders/{order['id']}/label")
        tell(f"PDF of {len(label.content) / 1024:.0f} kB")
    return str(booked["waybill_number"])


def through_warehouse(walk: Walk, weighed: Json) -> None:
    """Scanned in, weighed and handed over to the carrier."""
    staff = walk.operator
    with walk.doing("operator", "Warehouse: scans, weighs, hands over") as tell:
        parcel = staff.post("/v1/warehouse-scans", {"waybill_number": walk.known["waybill"]})
        parcel = staff.post(f"/v1/logistics-orders/{parcel['id']}/weighings", weighed, wait=10)
        parcel = staff.post(f"/v1/logistics-orders/{parcel['id']}/hand-over", {})
        tell(f"{parcel['billable_kg']} kg billable, freight {money(parcel['freight'])} → {parcel['label']}")


def report(walk: Walk, waybill: str, seen: Json) -> None:
    """What the carrier saw."""
    with walk.doing("operator", "Carrier: tracking event") as tell:
        event = {"waybill_number": waybill, "event_id": secrets.token_hex(8), "occurred_at": datetime.now(UTC).isoformat()}
        walk.operator.post("/v1/tracking-events", event | seen)
        tell(", ".join(filter(None, (seen["status"].replace("_", " "), seen.get("location")))))
