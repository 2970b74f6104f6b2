"""One of everything that belongs to somebody, made when the first row asks for it, and everybody who may try to get at it."""

from __future__ import annotations

import secrets
import uuid
from functools import cached_property
from typing import Any

import jwt
import pyotp
from sqlalchemy import create_engine, text

from shared.kit.actor import Actor
from tests.journeys.market import Deal, Market
from tests.journeys.parcels import FORM, PACKAGE, SENDER, Parcel, Parcels
from tests.journeys.permissions.table import NOBODY, PARTIES, STRANGERS
from tradelane.client import Client
from tradelane.demo.trade import Json

MEASURED = {name: value for name, value in PACKAGE.items() if name != "kind"}
JINGDEZHEN = SENDER | {"city": "Jingdezhen", "postal_code": "333000"}
"""From there a parcel is sent to the transit warehouse."""


class Scene:
    """`clients` and `accounts` by caller; nobody's client is not signed in."""

    def __init__(self, market: Parcels) -> None:
        self.market = market
        others = Market(market.system, market.operator)
        self.clients = {
            NOBODY: Client(market.url),
            "buyer": market.buyer,
            "supplier": market.supplier,
            "another buyer": others.buyer,
            "another supplier": others.supplier,
            "operator": market.operator,
            "carrier": market.carrier,
            "warehouse": market.warehouse,
            "service": market.system.session("service"),
        }
        self.accounts = {caller: client.get("/v1/me") for caller, client in self.clients.items() if caller != NOBODY}
        self.password = market.password
        self._open_up()
        market.fund("900.00")
        self._deposit()

    def _open_up(self) -> None:
        """Give all the buyer's password, and have them verified."""
        ids = [uuid.UUID(account["id"]) for account in self.accounts.values()]
        hash_of = "(SELECT password_hash FROM accounts.accounts WHERE id = :buyer)"
        change = f"UPDATE accounts.accounts SET password_hash = {hash_of}, verified_at = now() WHERE id = ANY(:ids)"
        engine = create_engine(self.market.system.environment["DATABASE"])
        with engine.begin() as connection:
            connection.execute(text(change), {"buyer": self.accounts["buyer"]["id"], "ids": ids})
        engine.dispose()
        for caller in PARTIES + STRANGERS:
            self.sign_in(caller)

    def sign_in(self, caller: str) -> None:
        """Anew."""
        self.clients[caller].sign_in(self.accounts[caller]["email"], self.password)

    def stay_signed_in(self, caller: str) -> None:
        """Anew where their session has been ended: what one signs in with takes one that goes on."""
        if caller != NOBODY and not any(each["current"] for each in self.clients[caller].get("/v1/me/sessions")["items"]):
            self.sign_in(caller)

    def token(self, caller: str) -> str:
        """What the caller's client sends."""
        return str(self.clients[caller].session.headers.get("Authorization", ""))

    def actor(self, caller: str) -> Actor | None:
        """Whom the gateway would take the caller for, the password given again; None for nobody."""
        if caller == NOBODY:
            return None
        claims = jwt.decode(self.token(caller).removeprefix("Bearer "), options={"verify_signature": False})
        return Actor(claims["sub"], frozenset(claims["roles"]), claims["name"], reauthenticated=True, verified=claims["verified"], session_id=claims["sid"])

    @cached_property
    def ticket(self) -> str:
        """The buyer's request for help."""
        ticket: str = self.market.buyer.post("/v1/tickets", self.ticket_form())["id"]
        return ticket

    @property
    def closed_ticket(self) -> str:
        """Another one each time, that is closed."""
        ticket: Json = self.market.buyer.post("/v1/tickets", self.ticket_form())
        self.market.buyer.post(f"/v1/tickets/{ticket['id']}/actions/close", {})
        return str(ticket["id"])

    def ticket_form(self) -> Json:
        return {"category": "other", "subject": "A question", "text": "How does it work?"}

    @cached_property
    def key(self) -> Json:
        """An API key of the buyer's."""
        key: Json = self.market.buyer.post("/v1/me/api-keys", self.key_form())
        return key

    def key_form(self) -> Json:
        return {"name": "A program", "scopes": ["orders:read"], "password": self.password}

    @cached_property
    def recovery_code(self) -> str:
        """Of the carrier, who signs in by a second factor."""
        self.stay_signed_in("carrier")
        secret = self.market.carrier.post("/v1/me/totp", {"password": self.password})["secret"]
        return str(self.market.carrier.put("/v1/me/totp", {"code": pyotp.TOTP(secret).now()})["recovery_codes"][0])

    @cached_property
    def session(self) -> str:
        return self.open_session()

    def open_session(self) -> str:
        """One more of the buyer's."""
        before = {each["id"] for each in self.market.buyer.get("/v1/me/sessions")["items"]}
        self.market.buyer.post("/v1/sessions", {"email": self.accounts["buyer"]["email"], "password": self.password})
        (opened,) = {each["id"] for each in self.market.buyer.get("/v1/me/sessions")["items"]} - before
        return str(opened)

    def upload(self, caller: str, content: bytes, **more: str) -> str:
        """A document of the caller's."""
        answer = self.clients[caller].request("POST", "/v1/documents", params={"name": "Licence", **more}, data=content, headers={"Content-Type": PDF})
        return str(answer.json()["id"])

    @cached_property
    def paper(self) -> str:
        """A document of the buyer's."""
        return self.upload("buyer", PAPER + b"the buyer's own")

    @cached_property
    def papers_of_order(self) -> str:
        """Another, for the order."""
        return self.upload("buyer", PAPER + b"the order's", order_id=self.order.id)

    def identity(self, caller: str) -> Json:
        """What the caller submits to be verified."""
        address = {"street": "1 Quay", "city": "Rotterdam", "country": "NL"}
        papers = {"documents": [self.upload(caller, PAPER)]}
        return {"kind": "company", "legal_name": "A company", "registered_on": "2004-03-01", "address": address} | papers

    def verification(self, caller: str) -> str:
        """What the caller has submitted last."""
        client = self.clients[caller]
        latest = client.get("/v1/me/verification")["latest"] or client.post("/v1/me/verification", self.identity(caller))
        return str(latest["id"])

    @cached_property
    def rate(self) -> Json:
        """That counts."""
        rate = {"base": "CHF", "quote": "SEK", "rate": "12.1", "valid_from": "2020-01-01T00:00:00Z"}
        self.market.operator.put("/v1/exchange-rates", {"rates": [rate]})
        return rate

    @cached_property
    def product(self) -> str:
        return self.market.products["BLADE-PLAIN"]

    @cached_property
    def withdrawn(self) -> str:
        """A product that is offered no more."""
        path = f"/v1/products/{self.market.products['BLADE-POWDER']}"
        self.market.supplier.send("PATCH", path, {"state": "withdrawn"})
        return self.market.products["BLADE-POWDER"]

    @cached_property
    def enquiry(self) -> str:
        """Prices left open, no offer made."""
        return str(self.market.enquire()["id"])

    @cached_property
    def offered(self) -> str:
        """With an offer by the supplier."""
        return str(self.market.offer()["id"])

    @cached_property
    def cancellable(self) -> str:
        return str(self.market.enquire()["id"])

    @cached_property
    def order(self) -> Deal:
        """Of all eight steps, waiting for its payment."""
        return self.market.place()

    @cached_property
    def unpaid(self) -> Deal:
        """The same, to be paid."""
        return self.market.place()

    @cached_property
    def paid(self) -> Deal:
        """The buyer says it is paid."""
        return self.market.place().to("buyer_paid")

    @cached_property
    def paid_form(self) -> Json:
        """What confirms that, with the supplier's password."""
        return self.paid.form("payment_confirmation", self.paid.seen("supplier"))

    @cached_property
    def exported(self) -> Deal:
        """Paid and through export customs."""
        return self.market.place().to("ready_to_ship")

    @cached_property
    def purchase(self) -> str:
        return str(self.market.buyer.post("/v1/purchases", self.market.ask())["id"])

    @cached_property
    def parcel(self) -> Parcel:
        """Paid by card, booked, its waybill issued."""
        parcel = self.market.parcel()
        parcel.book()
        return parcel

    @property
    def booked(self) -> Json:
        assert self.parcel.booked
        return self.parcel.booked

    @cached_property
    def refund(self) -> str:
        """Of a part of what is held for the parcel."""
        refund = self.market.operator.post(f"{self.parcel.path}/refunds", {"amount": {"amount": "1.00", "currency": "USD"}, "reason": "One is scratched."})
        return str(refund["id"])

    @cached_property
    def unbooked(self) -> Parcel:
        """Paid by card, nothing booked."""
        return self.market.parcel()

    @cached_property
    def sent_in(self) -> Json:
        """A logistics order whose parcel comes to the warehouse by a domestic carrier."""
        return self.market.book(self.market.parcel(), collection={"way": "drop_off", "address": JINGDEZHEN})

    @cached_property
    def batch(self) -> str:
        """Of the parcel's label, printed."""
        batch = self.market.supplier.post("/v1/label-batches", {"order_numbers": [self.parcel.seen()["number"]]}, wait=20)
        assert not batch["awaiting"]
        return str(batch["id"])

    @cached_property
    def _handled(self) -> Parcel:
        parcel = self.market.parcel()
        parcel.book()
        return parcel

    def handled(self, state: str) -> Json:
        """A parcel on its way through the warehouse, at least so far: `ready` (and shipped), `in_warehouse`, `weighed`, `handed_over`, `returning`."""
        parcel, staff = self._handled, self.market.warehouse
        booked = parcel.booked
        assert booked
        path, waybill = f"/v1/logistics-orders/{booked['id']}", {"waybill_number": booked["waybill_number"]}
        if parcel.seen()["state"] == "ready_to_ship":
            parcel.ship()
        ways = ("ready", "in_warehouse", "weighed", "handed_over", "returning", "returned")
        steps: tuple[tuple[str, Json], ...] = (
            ("/v1/warehouse-scans", waybill),
            (f"{path}/weighings", {"packages": [MEASURED]}),
            (f"{path}/hand-over", {}),
            ("/v1/undeliverable-reports", waybill | {"reason": "not_collected"}),
        )
        now = staff.get(path)
        done = ways.index("weighed" if now["state"] == "in_warehouse" and now["measured"] else now["state"])
        for to, form in steps[done : ways.index(state)]:
            staff.post(to, form)
        return booked

    @property
    def handled_order(self) -> str:
        return self._handled.id

    @cached_property
    def voidable(self) -> str:
        """A logistics order that nothing is shipped by yet."""
        return str(self.market.book(self.market.parcel())["id"])

    @cached_property
    def payout(self) -> str:
        """Of the supplier's balance."""
        return self._request_payout()

    @cached_property
    def payable(self) -> str:
        return self._request_payout()

    @cached_property
    def rejectable(self) -> str:
        return self._request_payout()

    def _deposit(self) -> None:
        """As much as a payout takes, on the supplier's balance."""
        deposit = {"account_id": self.accounts["supplier"]["id"], "amount": MONEY, "reference": secrets.token_hex(8)}
        self.market.operator.post("/v1/deposits", deposit)

    def _request_payout(self) -> str:
        self._deposit()
        return str(self.market.supplier.post("/v1/payouts", self.payout_form())["id"])

    def payout_form(self) -> Json:
        form = {"amount": MONEY, "account_holder": "Huang Ceramics", "iban": "DE89370400440532013000"}
        return form | {"password": self.password}


PDF = "application/pdf"
PAPER = b"%PDF-1.4\n"
MONEY: dict[str, Any] = {"amount": "1.00", "currency": "USD"}
__all__ = ["FORM", "MEASURED", "MONEY", "PAPER", "Scene"]
