"""Parcels between two parties: ordered from the listing, paid by card, booked online, through a warehouse and brought by a carrier, all over HTTP."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import requests

from shared.contracts.forms import PackingCheckList
from tests.builders.provider import CARD, ProviderProcess, running_provider
from tests.builders.system import System, real_system
from tests.journeys.market import Deal, Market
from tests.servers.processes import free_port
from tradelane.client import Client
from tradelane.demo.trade import Json

SPECIAL = ("battery", "liquid", "cosmetics", "powder", "magnetic")
PACKAGE = {"kind": "carton", "count": 1, "length_cm": "30", "width_cm": "30", "height_cm": "20", "weight_kg": "1.2"}
SENDER = {"name": "Li Na", "street": "7 Fuhua Road", "city": "Shenzhen", "postal_code": "518000", "country": "CN"}
CHECKED = dict.fromkeys(PackingCheckList().fields, True)
FORM = {"packages": [PACKAGE], "packing_check_list": CHECKED, "collection": {"way": "pickup", "address": SENDER}, "if_undeliverable": "return"}


def _product(sku: str, special_goods: list[str], stock: int) -> Json:
    return {
        "sku": sku,
        "title": f"Diamond blade 110 mm, {sku}",
        "unit": "C62",
        "price": {"amount": "9.50", "currency": "USD"},
        "hs_code": "820239",
        "country_of_origin": "CN",
        "net_mass_kg": "0.2",
        "gross_mass_kg": "0.25",
        "special_goods": special_goods,
        "stock": stock,
    }


class Parcels(Market):
    """A market whose supplier sells what goes into a parcel, plain and of each special kind, and whose buyer has bound a card."""

    SESSIONS = ("buyer", "supplier", "operator", "warehouse", "carrier")
    STOCK = 10_000

    def __init__(self, system: System, operator: Client) -> None:
        super().__init__(system, operator)
        self.warehouse, self.carrier = system.session("warehouse"), system.session("carrier")
        for kind in (None, *SPECIAL):
            sku = f"BLADE-{kind or 'PLAIN'}".upper()
            self.products[sku] = self.supplier.post("/v1/products", _product(sku, [kind] if kind else [], self.STOCK))["id"]
        self.card = self.bind(self.buyer, CARD)

    def bind(self, client: Client, number: str) -> str:
        """The payment method that this card of the sandbox's becomes."""
        provider = client.get("/v1/payment-provider")
        key = {"Authorization": f"Bearer {provider['public_key']}"}
        made = requests.post(provider["tokens_url"], json={"card": {"number": number, "expires": "2031-12"}}, headers=key, timeout=30)
        made.raise_for_status()
        return str(client.post("/v1/payment-methods", {"provider": provider["name"], "token": made.json()["id"]})["id"])

    def ask(self, channel: str = "dhl_express", kind: str | None = None, quantity: int = 4, **more: Any) -> Json:
        """The request for an order from the listing."""
        ship_to = self.terms()["ship_to"]
        terms = {"preset": "parcel", "incoterm": "DAP", "named_place": "Hamburg", "channel": channel, "ship_to": ship_to}
        return {"lines": [{"product_id": self.products[f"BLADE-{kind or 'PLAIN'}".upper()], "quantity": quantity}], "terms": terms, **more}

    def parcel(self, channel: str = "dhl_express", state: str = "ready_to_ship", **more: Any) -> Parcel:
        """An order of four, brought into the state."""
        order = self.buyer.post("/v1/orders", self.ask(channel, **more), wait=30)
        assert (order["state"], order["awaiting"]) == ("awaiting_payment", []), order["history"][-1]
        deal = Parcel(self, order["id"])
        deal.to(state)
        return deal

    def fund(self, amount: str) -> None:
        """Put it on the supplier's freight account, which is bound if it was not yet."""
        money = {"amount": amount, "currency": "USD"}
        supplier = self.accounts["supplier"]["id"]
        self.operator.post("/v1/deposits", {"account_id": supplier, "amount": money, "reference": f"Freight {secrets.token_hex(6)}"})
        self.supplier.session.post(f"{self.url}/v1/freight-account", json={"currency": "USD"})
        self.supplier.post("/v1/freight-account/top-ups", {"amount": money})

    def freight_balance(self) -> Decimal:
        return Decimal(self.supplier.get("/v1/freight-account")["balance"]["amount"])

    def book(self, deal: Deal, **changes: Any) -> Json:
        booked: Json = self.supplier.post(f"{deal.path}/logistics-order", FORM | changes, wait=30)
        return booked

    def do(self, who: Client, booked: Json, action: str, form: Json | None = None) -> Json:
        """Do what this account is offered for a logistics order."""
        offered = {each["name"]: each for each in who.get(f"/v1/logistics-orders/{booked['id']}")["actions"]}
        answer: Json = who.send(offered[action]["method"], offered[action]["href"], form or {})
        return answer

    def hand_over(self, booked: Json) -> Json:
        """Through the warehouse, which finds it as it was booked."""
        self.warehouse.post("/v1/warehouse-scans", {"waybill_number": booked["waybill_number"]})
        measured = {name: value for name, value in booked["packages"][0].items() if name not in ("kind", "marks")}
        self.do(self.warehouse, booked, "weigh", {"packages": [measured]})
        return self.do(self.warehouse, booked, "hand_over")

    def track(self, deal: Deal, *statuses: str) -> None:
        """What the carrier tells of it."""
        waybill = self.supplier.get(f"{deal.path}/shipment")["waybill_number"]
        for status in statuses:
            event = {"event_id": secrets.token_hex(8), "status": status, "occurred_at": datetime.now(UTC).isoformat()}
            self.carrier.post("/v1/tracking-events", event | {"waybill_number": waybill, "channel": deal.seen()["terms"]["channel"]})


class Parcel(Deal):
    """One order of the market's two parties that goes by parcel. Unless told otherwise it is paid by the buyer's card and shipped by what was booked."""

    market: Parcels
    booked: Json | None = None
    method: str | None = None

    def form(self, step: str, seen: Json | None = None) -> Json:
        order = seen or self.seen()
        day = order["updated_at"][:10]
        match step:
            case "payment":
                how = {"method": "card", "payment_method_id": self.method or self.market.card}
                return {**how, **order["payable"], "payer_name": "Jonas Weber", "reference": order["number"], "paid_on": day}
            case "shipping":
                channel = order["terms"]["channel"]
                waybill = self.booked["waybill_number"] if self.booked else f"WB{order['number'][3:]}"
                mode = next(each["mode"] for each in self.market.supplier.get("/v1/channels")["items"] if each["code"] == channel)
                notice = {"waybill_number": waybill, "dispatched_on": day, "mode": mode}
                return FORM | {"logistics_channel": channel, "shipping_notice": notice}
            case _:
                lines = [{"product_id": each["product_id"], "quantity_received": each["quantity"], "accepted": each["quantity"]} for each in order["lines"]]
                return {"received_on": day, "lines": [line | {"damaged": 0} for line in lines], "received_by": "Jonas Weber"}

    def book(self, **changes: Any) -> Json:
        """Its channel booked online, freight paid, waybill issued."""
        self.booked = self.market.book(self, **changes)
        assert (self.booked["state"], self.booked["awaiting"]) == ("ready", []), self.booked["message"]
        return self.booked

    def ship(self) -> Json:
        """The shipping notice."""
        return self.do("supplier", "ship", self.form("shipping"))

    def money(self) -> dict[str, Any]:
        """Where its money stands, amounts as numbers."""
        account = self.payments()
        return {"state": account["state"], "paid": Decimal(account["paid"]["amount"]), "held": Decimal(account["held"]["amount"])}


@contextmanager
def system_with_provider(folder: Path, broker: str, management: str, database: str) -> Iterator[tuple[System, ProviderProcess]]:
    """A system of its own on the real servers, and a provider that calls it back and that the test may look into."""
    port = free_port()
    with (
        running_provider(folder, "--webhook-url", f"http://127.0.0.1:{port}/v1/payment-callbacks/sandbox") as provider,
        real_system(broker, management, database, folder, HTTP_PORT=str(port), **provider.environment) as system,
    ):
        yield system, provider
