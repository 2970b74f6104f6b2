"""Walks a trade through a running system as its two parties would: over HTTP, and by what each answer says its reader may do now.

It draws nothing: a listener is told what begins and how it ended.
"""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from typing import Protocol

from jsonschema import Draft202012Validator

from tradelane.client import Client
from tradelane.demo import parcel, verification
from tradelane.demo.parcel import money
from tradelane.demo.placeholders import Facts
from tradelane.demo.trade import Json, Trade

HOLD = 10
"""Seconds an answer may be held until the step is done (`Prefer: wait`)."""
PATIENCE = 60.0
"""Seconds the other services have to do their part of a step."""
FINAL_STATES = ("completed", "cancelled", "rejected")


class WalkError(Exception):
    """The trade cannot go on as its file says."""


class Listener(Protocol):
    """Who wants to hear how it goes; `seconds` is what the system took."""

    def begins(self, who: str, what: str) -> None: ...
    def done(self, who: str, what: str, outcome: str, seconds: float) -> None: ...


class Silence:
    """The listener that hears nothing."""

    def begins(self, who: str, what: str) -> None: ...
    def done(self, who: str, what: str, outcome: str, seconds: float) -> None: ...


class Walk:
    """One trade in the system at `url`. The operator's session does what nobody else can: the supplier has to be verified before anything is sold."""

    def __init__(self, trade: Trade, url: str, operator: Client, listener: Listener | None = None) -> None:
        self.trade = trade
        self.operator = operator
        self.listener = Silence() if listener is None else listener
        self.clients = {"buyer": Client(url), "supplier": Client(url)}
        self.passwords = {who: secrets.token_urlsafe(16) for who in self.clients}
        self.accounts: dict[str, Json] = {}
        self.products: dict[str, str] = {}
        self.known: dict[str, str] = {}

    def run(self) -> Json:
        """The order at its end, whichever that is. Raises WalkError, or the client's Refused."""
        self._open_accounts()
        self._verify_supplier()
        listed = self._fill_library()
        if self.trade.freight_account:
            parcel.fund_freight(self, self.trade.freight_account)
        order = self._order_at_once(listed) if self.trade.order else self._negotiate(self._ask(listed))
        if order["state"] not in FINAL_STATES:
            if self.trade.deposit:
                self._book_deposit(self.trade.deposit, order)
            if self.trade.payment_method:
                self.known["payment_method"] = parcel.bind_method(self, self.trade.payment_method)
        while order["state"] not in FINAL_STATES:
            order = self._take_step(order)
        return order

    def documents(self, order: Json) -> Iterator[tuple[str, bytes]]:
        """Name and content (PDF) of each document issued for the order."""
        path = f"/v1/orders/{order['id']}"
        for document in self.clients["buyer"].get(f"{path}/shipment")["documents"]:
            yield document["name"], self.clients["buyer"].request("GET", f"{path}/documents/{document['name']}").content
        if self.trade.online:
            yield "label", self.clients["supplier"].request("GET", f"{path}/label").content

    def _open_accounts(self) -> None:
        for who, person in (("buyer", self.trade.buyer), ("supplier", self.trade.supplier)):
            with self.doing(who, "Opens an account and signs in") as tell:
                name = re.sub(r"[^a-z]+", ".", person["name"].lower()).strip(".") or who
                email = f"{name}.{secrets.token_hex(5)}@{who}.example"
                self.accounts[who] = self.clients[who].register(**person, role=who, email=email, password=self.passwords[who])
                tell(f"{person['name']}, {person.get('company') or 'in person'} ({person['country']})")

    def _verify_supplier(self) -> None:
        supplier = self.clients["supplier"]
        with self.doing("supplier", "Shows who they are") as tell:
            submitted = verification.submit(supplier, self.trade.supplier)
            tell(f"{verification.told(submitted)} → {submitted['label']}")
        with self.doing("operator", "Approves the verification") as tell:
            tell(f"→ {verification.approve(self.operator, submitted)['label']}")
        with self.doing("supplier", "Refreshes the session") as tell:
            supplier.refresh()
            tell("may sell from now on")

    def _fill_library(self) -> Json:
        listed: Json = {}
        for product in self.trade.products:
            with self.doing("supplier", "Lists a product") as tell:
                listed = self.clients["supplier"].post("/v1/products", product)
                self.products[listed["sku"]] = listed["id"]
                tell(f"{listed['available']:,} × {listed['title']}")
        return listed

    def _ask(self, listed: Json) -> Json:
        with self.doing("buyer", "Enquiry") as tell:
            asked = self._facts("buyer", listed).fill(self.trade.enquiry_request())
            enquiry: Json = self.clients["buyer"].post("/v1/enquiries", asked)
            tell(f"{enquiry['number']}: {asked['message']}")
        return enquiry

    def _negotiate(self, enquiry: Json) -> Json:
        """The order, once the parties have agreed and stock and channel are found."""
        path = f"/v1/enquiries/{enquiry['id']}"
        *moves, accept = self.trade.negotiation
        for move in moves:
            who = move["by"]
            seen = self.clients[who].get(path)
            facts = self._facts(who, seen)
            if "offer" in move:
                action = _named(seen, "offer")
                with self.doing(who, action["label"]) as tell:
                    offered = self._act(who, action, facts.fill(self.trade.offer_request(move["offer"])))
                    tell(money(offered["offers"][-1]["total"]))
            else:
                action = _named(seen, "send_message")
                with self.doing(who, action["label"]) as tell:
                    self._act(who, action, {"text": move["message"]})
                    tell(move["message"])
        who = accept["by"]
        action = _named(self.clients[who].get(path), "accept")
        with self.doing(who, action["label"]) as tell:
            order = self.settled(who, self._act(who, action, {"note": accept["accept"]}))
            tell(f"order {order['number']} over {money(order['total'])} → {order['label']}")
        return order

    def _order_at_once(self, listed: Json) -> Json:
        """The order straight from the listing, once stock and channel are found."""
        facts = self._facts("buyer", listed)
        if self.trade.quote:
            parcel.ask_quotes(self, facts.fill(self.trade.quote_request()))
        with self.doing("buyer", "Order") as tell:
            order = self.settled("buyer", self.clients["buyer"].post("/v1/orders", facts.fill(self.trade.order_request()), wait=HOLD))
            tell(f"order {order['number']} over {money(order['total'])} → {order['label']}")
        return order

    def _book_deposit(self, deposit: Json, order: Json) -> None:
        with self.doing("operator", "Books the buyer's deposit") as tell:
            booked = self._facts("buyer", order).fill(deposit)
            self.operator.post("/v1/deposits", booked | {"account_id": self.accounts["buyer"]["id"]})
            tell(f"{money(booked['amount'])}, {booked['reference']}")

    def _take_step(self, order: Json) -> Json:
        """The step at hand by its actor, with the exception the file has for it; the order after it."""
        step = _current_step(order)
        content = self.trade.steps.get(step["name"])
        if content is None:
            raise WalkError(f"The order has a step that {self.trade.source} has nothing for: steps.{step['name']}.")
        who = step["actor"]
        if report := self.trade.exception_report(step["name"]):
            self._meet_exception(who, order, step, report, content["exception"]["resolved"])
        if content.get("online"):
            self.known["waybill"] = parcel.book(self, order, self._facts(who, order).fill(self.trade.booking_request()))
        if content.get("warehouse"):
            parcel.through_warehouse(self, content["warehouse"])
        if content.get("tracking"):
            return self._tracked(order, content["tracking"])
        seen = self.order(who, order)
        action = _find(seen, lambda each: each["step"] == step["name"] and ("draft_href" in each or each["form"] is None), f"to do {step['name']}")
        form = self._facts(who, seen).fill(content.get("form", {}))
        if "draft_href" in action:
            with self.doing(who, f"{step['label']}: Save") as tell:
                tell(self._save_half(who, action, form))
        with self.doing(who, f"{step['label']}: {action['label']}") as tell:
            order = self.settled(who, self._act(who, action, form))
            if order["state"] == seen["state"]:
                raise WalkError(f"{step['label']} came back: {_reason(order)}")
            tell(f"→ {order['label']}")
        return order

    def _tracked(self, order: Json, sightings: list[Json]) -> Json:
        """The order once what the carrier tells has moved it on."""
        for each in sightings:
            parcel.report(self, self.known["waybill"], each)
        deadline = time.monotonic() + PATIENCE
        while (seen := self.order("buyer", order))["state"] == order["state"]:
            if time.monotonic() > deadline:
                raise WalkError(f"{order['label']}: what the carrier told did not move the order in {PATIENCE:g} s.")
            time.sleep(0.1)
        return seen

    def _meet_exception(self, who: str, order: Json, step: Json, report: Json, resolved: str) -> None:
        seen = self.order(who, order)
        action, filled = _named(seen, "exception"), self._facts(who, seen).fill(report)
        with self.doing(who, f"{step['label']}: {action['label']}") as tell:
            seen = self.settled(who, self._act(who, action, filled))
            tell(f"{filled['reason']}: {filled['note']} → {seen['label']}")
        action = _named(seen, "resolve")
        with self.doing(who, f"{step['label']}: {action['label']}") as tell:
            seen = self.settled(who, self._act(who, action, {"note": resolved}))
            tell(f"{resolved} → {seen['label']}")

    def _save_half(self, who: str, action: Json, form: Json) -> str:
        """Save keeps what there is, however incomplete; a password is never kept."""
        secret = {name for name, each in action["form"]["properties"].items() if each.get("format") == "password"}
        known = [name for name in form if name not in secret]
        half = known[: (len(known) + 1) // 2]
        self.clients[who].put(action["draft_href"], {name: form[name] for name in half})
        return f"{len(half)} of {len(form)} fields"

    def _act(self, who: str, action: Json, form: Json) -> Json:
        """Do what an answer offered, the way it says; the form is checked by the schema that came with it."""
        if action["form"] is not None:
            errors = Draft202012Validator(action["form"], format_checker=Draft202012Validator.FORMAT_CHECKER).iter_errors(form)
            if told := [f"{'.'.join(map(str, error.absolute_path)) or 'form'}: {error.message}" for error in errors]:
                raise WalkError("\n".join([f"The form of “{action['label']}” is not as asked for:", *told]))
        answer: Json = self.clients[who].send(action["method"], action["href"], form, wait=HOLD)
        return answer

    def settled(self, who: str, order: Json) -> Json:
        """The order once the other services have answered what was submitted."""
        deadline = time.monotonic() + PATIENCE
        while order["awaiting"]:
            if time.monotonic() > deadline:
                raise WalkError(f"{order['label']}: no answer from {', '.join(order['awaiting'])} in {PATIENCE:g} s.")
            time.sleep(0.2)
            order = self.order(who, order)
        return order

    def order(self, who: str, order: Json) -> Json:
        """The order as this party sees it now."""
        seen: Json = self.clients[who].get(f"/v1/orders/{order['id']}")
        return seen

    def _facts(self, who: str, seen: Json) -> Facts:
        """Today is the system's own, whose test clock may have been advanced."""
        return Facts(today=date.fromisoformat(seen["updated_at"][:10]), products=self.products, order=seen, password=self.passwords[who], known=self.known)

    @contextmanager
    def doing(self, who: str, what: str) -> Iterator[Callable[[str], None]]:
        """The block does it, and tells how it came out."""
        self.listener.begins(who, what)
        start = time.monotonic()
        outcome: list[str] = []
        yield outcome.append
        self.listener.done(who, what, "".join(outcome), time.monotonic() - start)


def _named(seen: Json, name: str) -> Json:
    return _find(seen, lambda action: action["name"] == name, f"to {name.replace('_', ' ')}")


def _find(seen: Json, wanted: Callable[[Json], bool], purpose: str) -> Json:
    """The affordance that is wanted, out of those in an answer."""
    action: Json
    for action in seen["actions"]:
        if wanted(action):
            return action
    offered = ", ".join(action["name"] for action in seen["actions"]) or "nothing"
    raise WalkError(f"{seen['number']} is in “{seen['label']}” and offers no action {purpose} (it offers: {offered}).")


def _current_step(order: Json) -> Json:
    step: Json = next(step for step in order["steps"] if step["status"] == "current")
    return step


def _reason(order: Json) -> str:
    last = order["history"][-1]
    return ": ".join(each for each in (last["reason"], last["note"]) if each) or last["label"]
