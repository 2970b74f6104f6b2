"""Orders between two parties, walked by what each answer offers one action at a time: for journeys that leave the straight way.

What the parties sell and fill in is the shipped coffee trade's; whole trades from their files are `tradelane.demo.walk`'s.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Mapping
from copy import copy, deepcopy
from datetime import date, datetime, timedelta
from typing import Any, Self

from tests.builders.system import System
from tradelane.client import Client
from tradelane.demo.placeholders import Facts
from tradelane.demo.trade import Json
from tradelane.demo.trade_file import load
from tradelane.demo.verification import verify

TRADE = load("coffee-cif-sea")
STOCK = 10**6
MISSING = object()
"""The value of a field that is left out."""


def changed(form: Json, changes: Mapping[str, Any]) -> Json:
    """A copy of the form with other values at these paths (`lines.0.quantity`)."""
    copy = deepcopy(form)
    for path, value in changes.items():
        *above, last = (int(name) if name.isdigit() else name for name in path.split("."))
        part: Any = copy
        for name in above:
            part = part[name]
        if value is MISSING:
            del part[last]
        else:
            part[last] = value
    return copy


def eventually(answer: Callable[[], Any], expected: Any, seconds: float = 60) -> None:
    """Other services follow an order's events, and the clock its deadlines, in their own time."""
    deadline = time.monotonic() + seconds
    while answer() != expected and time.monotonic() < deadline:
        time.sleep(0.1)
    assert answer() == expected


def another(client: Client) -> Client:
    """The same account on another connection."""
    other = Client(client.url)
    other.session.headers["Authorization"] = client.session.headers["Authorization"]
    return other


class Market:
    """A buyer and a supplier with their products in one system, and an operator; any number of orders."""

    SESSIONS: tuple[str, ...] = ("buyer", "supplier", "operator")

    def __init__(self, system: System, operator: Client) -> None:
        self.system = system
        self.url = system.url
        self.operator = operator
        self.password = secrets.token_urlsafe(16)
        self.buyer, self.supplier = Client(system.url), Client(system.url)
        self.clients = {"buyer": self.buyer, "supplier": self.supplier, "operator": operator}
        self.accounts = {who: self.register(who, self.clients[who]) for who in ("buyer", "supplier")}
        listed = [self.supplier.post("/v1/products", product | {"stock": STOCK}) for product in TRADE.products]
        self.products = {product["sku"]: product["id"] for product in listed}

    def elsewhere(self) -> Self:
        """The same accounts, on connections of their own."""
        other = copy(self)
        for name in self.SESSIONS:
            setattr(other, name, another(getattr(self, name)))
        other.clients = {who: getattr(other, who) for who in self.clients}
        return other

    def register(self, role: str, client: Client) -> Json:
        """A new account in the role, signed in to; a supplier's is verified."""
        person = getattr(TRADE, role)
        account = client.register(**person, role=role, email=f"{role}.{secrets.token_hex(5)}@{role}.example", password=self.password)
        if role == "supplier":
            verify(client, self.operator, person)
        return account

    def terms(self, **others: Any) -> Json:
        """Insured by the supplier it is CIF, otherwise CFR; all eight steps unless other terms say so."""
        terms = TRADE.terms | others
        return terms | {"incoterm": "CIF" if terms.get("insurance", "supplier") == "supplier" else "CFR"}

    def request(self, **terms: Any) -> Json:
        """An order straight from the listing."""
        lines = [{"product_id": self.products[line["sku"]], "quantity": line["quantity"]} for line in TRADE.enquiry["lines"]]
        return {"lines": lines, "terms": self.terms(**terms)}

    def place(self, payment_currency: str | None = None, **terms: Any) -> Deal:
        """Its order, once stock and channel are found."""
        paid_in = {"payment_currency": payment_currency} if payment_currency else {}
        order = self.buyer.post("/v1/orders", self.request(**terms) | paid_in, wait=30)
        assert (order["state"], order["awaiting"]) == ("awaiting_payment", [])
        return Deal(self, order["id"])

    def enquire(self) -> Json:
        """The buyer's enquiry, in which prices are left open."""
        enquiry: Json = self.buyer.post("/v1/enquiries", Facts(self.now().date(), self.products).fill(TRADE.enquiry_request()))
        return enquiry

    def offer(self) -> Json:
        """An enquiry with the supplier's offer, which is valid for two days."""
        path = f"/v1/enquiries/{self.enquire()['id']}/actions/offer"
        terms = TRADE.offer_request(TRADE.negotiation[1]["offer"] | {"valid_until": (self.now() + timedelta(days=2)).isoformat()})
        offered: Json = self.supplier.post(path, Facts(self.now().date(), self.products).fill(terms))
        return offered

    def now(self) -> datetime:
        """The time that deadlines go by."""
        return datetime.fromisoformat(self.operator.get("/v1/test-clock")["now"])

    def advance(self, to: datetime) -> None:
        """Let that time be."""
        self.operator.post("/v1/test-clock", {"to": to.isoformat()})

    def stock(self) -> Json:
        """On hand and reserved, by SKU."""
        return {sku: {name: self.supplier.get(f"/v1/products/{key}")[name] for name in ("on_hand", "reserved")} for sku, key in self.products.items()}

    def balance(self, who: str) -> list[Json]:
        """A party's funds on the platform."""
        funds: list[Json] = self.clients[who].get("/v1/balances")["items"]
        return funds


class Deal:
    """One order of the market's two parties."""

    def __init__(self, market: Market, order_id: str) -> None:
        self.market = market
        self.id = order_id
        self.path = f"/v1/orders/{order_id}"

    def seen(self, who: str = "buyer") -> Json:
        """The order as this party sees it now."""
        order: Json = self.market.clients[who].get(self.path)
        return order

    def actions(self, who: str) -> dict[str, Json]:
        """What this party is offered, by name."""
        return {action["name"]: action for action in self.seen(who)["actions"]}

    def do(self, who: str, name: str, form: Json | None = None, *, wait: int | None = 30, key: str | None = None) -> Json:
        """Do what this party is offered; the answer."""
        answer: Json = self.market.clients[who].post(self.actions(who)[name]["href"], form or {}, wait=wait, key=key)
        return answer

    def form(self, step: str, seen: Json | None = None) -> Json:
        """The step's form filled in as its actor would."""
        order = seen or self.seen()
        facts = Facts(date.fromisoformat(order["updated_at"][:10]), self.market.products, order, self.market.password)
        form: Json = facts.fill(TRADE.steps[step].get("form", {}))
        if step == "payment" and order["terms"]["settlement"] == "escrow":
            form["method"] = "balance"
        if step == "export_customs":
            form["incoterm"] = order["terms"]["incoterm"]
        return form

    def take(self) -> Json:
        """Take the step at hand as it should be; the answer, once it is done."""
        client, href, form = self.submission()
        answer: Json = client.post(href, form, wait=30)
        return answer

    def submission(self) -> tuple[Client, str, Json]:
        """What takes the step at hand: whose request, where to, and its form."""
        step = current(self.seen())
        order = self.seen(step["actor"])
        href = next(each["href"] for each in order["actions"] if each["step"] == step["name"] and each["name"] not in ("exception", "cancel"))
        return self.market.clients[step["actor"]], href, self.form(step["name"], order)

    def to(self, state: str) -> Deal:
        """Take step after step until the order is in the state."""
        order = self.seen()
        while order["state"] != state:
            assert order["state"] not in ("completed", "cancelled", "rejected"), order["history"][-1]
            order = self.take()
        return self

    def deposit(self) -> Json:
        """Book what the order costs on the buyer's balance; the amount."""
        total: Json = self.seen()["total"]
        self.market.operator.post("/v1/deposits", {"account_id": self.market.accounts["buyer"]["id"], "amount": total, "reference": f"Deposit {self.id}"})
        return total

    def deadline(self, kind: str) -> datetime:
        """When it strikes."""
        return datetime.fromisoformat(next(each["at"] for each in self.seen()["deadlines"] if each["kind"] == kind))

    def payments(self) -> Json:
        """Where the order's money stands."""
        found: Json = self.market.buyer.get(f"{self.path}/payments")
        return found

    def told(self) -> list[tuple[str, str, str]]:
        """The history in short: who did what, and where it led."""
        return [(entry["actor_role"], entry["action"], entry["to_state"]) for entry in self.seen()["history"]]


def current(order: Json) -> Json:
    """The order's step at hand."""
    step: Json = next(step for step in order["steps"] if step["status"] == "current")
    return step
