"""What is asked at each row of the table: a request that is right in itself, of one thing in the scene, so that only who asks decides."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pyotp
import requests

from shared.contracts.tariffs import TariffSheet
from shared.kit.ids import new_id
from tests.builders.provider import CARD
from tests.journeys.market import TRADE
from tests.journeys.permissions.scene import FORM, MEASURED, MONEY, PAPER, Scene
from tests.journeys.permissions.table import NOBODY
from tradelane.demo.placeholders import Facts
from tradelane.demo.trade import Json


@dataclass(frozen=True, slots=True)
class Ask:
    """`values` go into the path, `query` behind it; where there is a `document`, the body is that. `shows` is in what is told to whom the thing concerns, and in no other answer."""

    values: Json = field(default_factory=dict)
    body: Json | None = None
    query: Json = field(default_factory=dict)
    document: bytes = b""
    shows: str = ""

    @property
    def of_nothing(self) -> Ask | None:
        """The same about something that is not there; None where it is about nothing in particular."""
        if "id" in self.values:
            return replace(self, values=self.values | {"id": new_id()})
        return replace(self, body=self.body | {"waybill_number": "NOBODYS 1"}) if self.body and "waybill_number" in self.body else None


def of(id: Any, body: Json | None = None) -> Ask:
    """About the thing with this id."""
    return Ask({"id": str(id)}, body)


def asks(name: str) -> Callable[[Scene, str], Ask]:
    """What is asked at the row, by scene and caller."""
    return ASKS[name] if name in ASKS else lambda _scene, _caller: Ask()


def _account(_scene: Scene, _caller: str) -> Ask:
    person = TRADE.buyer | {"role": "buyer", "email": f"{secrets.token_hex(6)}@new.example", "password": secrets.token_hex(8)}
    return Ask(body=person)


def _sign_in(scene: Scene, _caller: str) -> Ask:
    return Ask(body={"email": scene.accounts["buyer"]["email"], "password": scene.password})


def _refresh(scene: Scene, caller: str) -> Ask:
    tokens = scene.clients["buyer"].post("/v1/sessions", _sign_in(scene, caller).body or {})
    return Ask(body={"refresh_token": tokens["refresh_token"]})


def _new_product(_scene: Scene, _caller: str) -> Ask:
    return Ask(body=TRADE.products[0] | {"sku": secrets.token_hex(6), "stock": 1})


def _enquiry(scene: Scene, _caller: str) -> Ask:
    return Ask(body=Facts(scene.market.now().date(), scene.market.products).fill(TRADE.enquiry_request()))


def _offer(scene: Scene, caller: str) -> Ask:
    terms = TRADE.offer_request(TRADE.negotiation[1]["offer"] | {"valid_until": (scene.market.now() + timedelta(days=2)).isoformat()})
    enquiry = scene.market.enquire()["id"] if caller == "supplier" else scene.enquiry
    return of(enquiry, Facts(scene.market.now().date(), scene.market.products).fill(terms))


def _tariff(scene: Scene, _caller: str) -> Ask:
    tariff = scene.market.operator.get("/v1/tariffs/express")
    written = {name: tariff[name] for name in TariffSheet().fields if tariff.get(name) is not None}
    return Ask({"channel": "express"}, written | {"valid_from": "2099-01-01"})


def _token(scene: Scene, _caller: str) -> Ask:
    provider = scene.market.buyer.get("/v1/payment-provider")
    key = {"Authorization": f"Bearer {provider['public_key']}"}
    made = requests.post(provider["tokens_url"], json={"card": {"number": CARD, "expires": "2031-12"}}, headers=key, timeout=30)
    return Ask(body={"provider": provider["name"], "token": made.json()["id"]})


def _tracking(scene: Scene, _caller: str) -> Ask:
    event = {"event_id": secrets.token_hex(8), "status": "in_transit", "occurred_at": datetime.now(UTC).isoformat()}
    return Ask(body=event | {"waybill_number": scene.handled("ready")["waybill_number"], "channel": "dhl_express"})


def _rate(_scene: Scene, _caller: str) -> Ask:
    begins = datetime.now(UTC) + timedelta(days=900, seconds=secrets.randbelow(10**6))
    return Ask(body={"rates": [{"base": "CHF", "quote": "SEK", "rate": "12.1", "valid_from": begins.isoformat()}]})


def _deposit(scene: Scene, _caller: str) -> Ask:
    return Ask(body={"account_id": scene.accounts["buyer"]["id"], "amount": MONEY, "reference": secrets.token_hex(8)})


def _bound(scene: Scene, caller: str) -> Ask:
    """A payment method of the buyer's; another one each time the buyer asks."""
    return of(scene.market.bind(scene.market.buyer, CARD) if caller == "buyer" else scene.market.card)


def _key(scene: Scene, caller: str) -> Ask:
    return of(scene.market.buyer.post("/v1/me/api-keys", scene.key_form())["id"] if caller == "buyer" else scene.key["id"])


def _freight_account(scene: Scene, _caller: str) -> Ask:
    scene.clients["another supplier"].session.post(f"{scene.market.url}/v1/freight-account", json={"currency": "USD"})
    return Ask(shows=scene.accounts["supplier"]["id"])


def _code(scene: Scene, caller: str) -> Ask:
    """Right for the service account; of the others none has a secret to confirm."""
    scene.stay_signed_in(caller)
    enrolled = scene.clients[caller].session.post(f"{scene.market.url}/v1/me/totp", json={"password": scene.password}) if caller == "service" else None
    return Ask(body={"code": pyotp.TOTP(enrolled.json()["secret"]).now() if enrolled is not None and enrolled.ok else "000000"})


def _second_factor(scene: Scene, caller: str) -> Ask:
    scene.stay_signed_in(caller)
    return Ask(body={"password": scene.password})


def _off(scene: Scene, caller: str) -> Ask:
    scene.stay_signed_in(caller)
    return Ask(body={"password": scene.password, "code": scene.recovery_code})


def _session(scene: Scene, caller: str) -> Ask:
    return of(scene.open_session() if caller == "buyer" else scene.session)


def _everywhere(scene: Scene, caller: str) -> Ask:
    """Each time by a session that there is."""
    if caller != NOBODY:
        scene.sign_in(caller)
    return Ask()


PACKAGES = [MEASURED | {"count": 1}]

ASKS: dict[str, Callable[[Scene, str], Ask]] = {
    "POST /v1/accounts": _account,
    "POST /v1/sessions": _sign_in,
    "POST /v1/sessions/refresh": _refresh,
    "POST /v1/me/api-keys": lambda it, _: Ask(body=it.key_form()),
    "POST /v1/tickets": lambda it, caller: Ask(body=it.ticket_form() | ({"email": "ada@elsewhere.example"} if caller == NOBODY else {})),
    "GET /v1/tickets": lambda it, _: Ask(shows=it.ticket),
    "GET /v1/tickets/{id}": lambda it, _: of(it.ticket),
    "POST /v1/tickets/{id}/messages": lambda it, _: of(it.ticket, {"text": "Hello."}),
    "POST /v1/tickets/{id}/actions/close": lambda it, _: of(it.ticket, {}),
    "POST /v1/tickets/{id}/actions/reopen": lambda it, _: of(it.closed_ticket, {}),
    "GET /v1/me/api-keys": lambda it, _: Ask(shows=it.key["id"]),
    "DELETE /v1/me/api-keys/{id}": _key,
    "PATCH /v1/me": lambda _it, _: Ask(body={"company": "Another name"}),
    "POST /v1/email-confirmations": lambda _it, _: Ask(body={"token": "guessed"}),
    "PUT /v1/me/email": lambda it, _: Ask(body={"email": f"{secrets.token_hex(6)}@new.example", "password": it.password}),
    "POST /v1/password-resets": lambda it, _: Ask(body={"email": it.accounts["buyer"]["email"]}),
    "PUT /v1/password-resets": lambda it, _: Ask(body={"token": "guessed", "password": it.password}),
    "PUT /v1/me/password": lambda it, _: Ask(body={"password": it.password, "new_password": it.password}),
    "GET /v1/me/sessions": lambda it, _: Ask(shows=it.session),
    "DELETE /v1/me/sessions/{id}": _session,
    "DELETE /v1/me/sessions": _everywhere,
    "POST /v1/me/totp": _second_factor,
    "PUT /v1/me/totp": _code,
    "POST /v1/me/totp/disable": _off,
    "POST /v1/me/verification": lambda it, caller: Ask(body=it.identity("buyer" if caller == NOBODY else caller)),
    "GET /v1/me/verification": lambda it, _: Ask(shows=it.verification("supplier")),
    "GET /v1/verifications": lambda it, _: Ask(shows=it.verification("supplier")),
    "GET /v1/verifications/{id}": lambda it, _: of(it.verification("supplier")),
    "POST /v1/verifications/{id}/actions/approve": lambda it, _: of(it.verification("buyer"), {}),
    "POST /v1/verifications/{id}/actions/refuse": lambda it, _: of(it.verification("another buyer"), {"reason": "The licence is over."}),
    "POST /v1/verifications/{id}/actions/withdraw": lambda it, _: of(it.verification("another supplier"), {"reason": "The licence is over."}),
    "POST /v1/documents": lambda _it, _: Ask(query={"name": "Licence"}, document=PAPER),
    "POST /v1/documents order": lambda it, _: Ask(query={"name": "Licence", "order_id": it.order.id}, document=PAPER),
    "GET /v1/documents/{id}": lambda it, _: of(it.paper),
    "GET /v1/documents/{id} order": lambda it, _: of(it.papers_of_order),
    "GET /v1/documents/{id}/content": lambda it, _: of(it.paper),
    "GET /v1/documents/{id}/content order": lambda it, _: of(it.papers_of_order),
    "POST /v1/products": _new_product,
    "GET /v1/products withdrawn": lambda it, _: Ask(query={"supplier_id": it.accounts["supplier"]["id"]}, shows=it.withdrawn),
    "GET /v1/products/{id}": lambda it, _: of(it.product),
    "GET /v1/products/{id} withdrawn": lambda it, _: of(it.withdrawn),
    "PATCH /v1/products/{id}": lambda it, _: of(it.product, {"description": "Sharp."}),
    "PUT /v1/products/{id}/stock": lambda it, _: of(it.product, {"on_hand": 9_000}),
    "POST /v1/quotes": lambda _it, _: Ask(body={"packages": PACKAGES, "destination": {"country": "DE"}}),
    "GET /v1/tariffs/{channel}": lambda _it, _: Ask({"channel": "express"}),
    "PUT /v1/tariffs/{channel}": _tariff,
    "POST /v1/enquiries": _enquiry,
    "GET /v1/enquiries": lambda it, _: Ask(shows=it.enquiry),
    "GET /v1/enquiries/{id}": lambda it, _: of(it.enquiry),
    "POST /v1/enquiries/{id}/actions/offer": _offer,
    "POST /v1/enquiries/{id}/actions/accept": lambda it, _: of(it.offered, {}),
    "POST /v1/enquiries/{id}/actions/cancel": lambda it, _: of(it.cancellable, {}),
    "POST /v1/enquiries/{id}/messages": lambda it, _: of(it.enquiry, {"text": "Hello."}),
    "GET /v1/enquiries/{id}/presence": lambda it, _: of(it.enquiry),
    "GET /v1/orders/{id}/presence": lambda it, _: of(it.order.id),
    "POST /v1/orders": lambda it, _: Ask(body=it.market.request()),
    "POST /v1/purchases": lambda it, _: Ask(body=it.market.ask()),
    "GET /v1/purchases/{id}": lambda it, _: of(it.purchase),
    "GET /v1/orders": lambda it, _: Ask(query={"limit": 100}, shows=it.order.id),
    "GET /v1/orders/{id}": lambda it, _: of(it.order.id),
    "PUT /v1/orders/{id}/drafts/{step}": lambda it, _: Ask({"id": it.unpaid.id, "step": "payment"}, {"payer_name": "Jonas"}),
    "POST /v1/orders/{id}/actions/{action} pay": lambda it, _: Ask({"id": it.unpaid.id, "action": "pay"}, it.unpaid.form("payment")),
    "POST /v1/orders/{id}/actions/{action} confirm_payment": lambda it, _: Ask({"id": it.paid.id, "action": "confirm_payment"}, it.paid_form),
    "GET /v1/orders/{id}/payments": lambda it, _: of(it.order.id),
    "POST /v1/orders/{id}/refunds": lambda it, _: of(it.parcel.id, {"amount": MONEY, "reason": "One is scratched."}),
    "GET /v1/refunds/{id}": lambda it, _: of(it.refund),
    "GET /v1/orders/{id}/shipment": lambda it, _: of(it.order.id),
    "GET /v1/orders/{id}/documents/{name}": lambda it, _: Ask({"id": it.exported.id, "name": "commercial_invoice"}),
    "GET /v1/orders/{id}/label": lambda it, _: of(it.parcel.id),
    "POST /v1/orders/{id}/logistics-order": lambda it, _: of(it.unbooked.id, FORM),
    "GET /v1/orders/{id}/logistics-order": lambda it, _: of(it.parcel.id),
    "GET /v1/logistics-orders/{id}": lambda it, _: of(it.booked["id"]),
    "PUT /v1/logistics-orders/{id}/domestic-waybill": lambda it, _: of(it.sent_in["id"], {"domestic_waybill": "SF 1234 5678"}),
    "POST /v1/logistics-orders/{id}/void": lambda it, _: of(it.voidable, {}),
    "POST /v1/warehouse-scans": lambda it, _: Ask(body={"waybill_number": it.handled("ready")["waybill_number"]}),
    "POST /v1/logistics-orders/{id}/weighings": lambda it, _: of(it.handled("in_warehouse")["id"], {"packages": PACKAGES}),
    "POST /v1/logistics-orders/{id}/hand-over": lambda it, _: of(it.handled("weighed")["id"], {}),
    "POST /v1/undeliverable-reports": lambda it, _: Ask(body={"waybill_number": it.handled("handed_over")["waybill_number"], "reason": "not_collected"}),
    "POST /v1/logistics-orders/{id}/return": lambda it, _: of(it.handled("returning")["id"], {}),
    "POST /v1/label-batches": lambda it, _: Ask(body={"order_numbers": [it.parcel.seen()["number"]]}),
    "GET /v1/label-batches/{id}": lambda it, _: of(it.batch),
    "GET /v1/label-batches/{id}/document": lambda it, _: of(it.batch),
    "POST /v1/tracking-events": _tracking,
    "GET /v1/tracking/{number}": lambda it, _: Ask({"number": it.handled("ready")["waybill_number"]}, shows=it.handled_order),
    "POST /v1/carrier-callbacks/{sender}": lambda _it, _: Ask({"sender": "dhl"}, {"events": []}),
    "POST /v1/payment-callbacks/{sender}": lambda _it, _: Ask({"sender": "sandbox"}, {}),
    "POST /v1/payment-methods": _token,
    "GET /v1/payment-methods": lambda it, _: Ask(shows=it.market.card),
    "DELETE /v1/payment-methods/{id}": _bound,
    "POST /v1/deposits": _deposit,
    "POST /v1/payouts": lambda it, _: Ask(body=it.payout_form()),
    "GET /v1/payouts": lambda it, _: Ask(shows=it.payout),
    "GET /v1/payouts/{id}": lambda it, _: of(it.payout),
    "POST /v1/payouts/{id}/actions/confirm": lambda it, _: of(it.payable, {"reference": "B-1", "paid_on": str(datetime.now(UTC).date())}),
    "POST /v1/payouts/{id}/actions/reject": lambda it, _: of(it.rejectable, {"reason": "The account is closed."}),
    "POST /v1/freight-account": lambda _it, _: Ask(body={"currency": "USD"}),
    "GET /v1/freight-account": _freight_account,
    "POST /v1/freight-account/top-ups": lambda _it, _: Ask(body={"amount": MONEY}),
    "POST /v1/exchange-quotes": lambda it, _: Ask(body={"amount": MONEY | {"currency": it.rate["base"]}, "currency": it.rate["quote"]}),
    "PUT /v1/exchange-rates": _rate,
    "POST /v1/test-clock": lambda _it, _: Ask(body={"seconds": 1}),
    "accounts.check_password": lambda it, _: Ask(body={"password": it.password}),
    "accounts.check_api_key": lambda it, _: Ask(body={"key": it.key["key"]}),
    "orders.own_orders_among": lambda it, _: Ask(body={"ids": [it.order.id]}, shows=it.order.id),
    "accounts.note_seen": lambda it, _: Ask(body={"ids": [it.accounts["buyer"]["id"]]}),
    "accounts.last_seen": lambda it, _: Ask(body={"ids": [it.accounts["buyer"]["id"]]}),
    "catalog.products_by_id": lambda it, _: Ask(body={"ids": [it.product]}),
}
