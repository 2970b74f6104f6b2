"""A buyer and a supplier with products, the orders service's handlers between them, and the other services' answers as events."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import select

from services.orders.application import clock, deadlines, enquiries, goods, handlers, paying, queries
from services.orders.application.reactions import REACTIONS, lock
from services.orders.domain.steps import STEPS
from shared.contracts import orders as contract
from shared.contracts.documents import OWN_ORDERS_AMONG
from shared.contracts.dumping import dump
from shared.contracts.operations import Operation
from shared.contracts.payment_methods import LIST_PAYMENT_METHODS
from shared.contracts.purchases import GET_PURCHASE, PLACE_PURCHASE
from shared.kit.actor import Actor
from shared.kit.clock import utc_now
from shared.kit.errors import Conflict
from shared.kit.ids import new_id
from shared.platform.context import Context
from shared.platform.database import Transaction
from shared.platform.records import outbox
from shared.platform.wire import Event
from tests.builders.database import TestDatabase, call
from tests.integration.orders.forms import FORMS

BUYER = Actor(new_id(), frozenset({"buyer"}), "Nordlicht Import GmbH")
SUPPLIER = Actor(new_id(), frozenset({"supplier"}), "Jingdezhen Huang Ceramics", reauthenticated=True, verified=True)
STRANGER = Actor(new_id(), frozenset({"buyer", "supplier"}), "Third Party Ltd", verified=True)
OPERATOR = Actor(new_id(), frozenset({"operator"}), "Desk")
PARTIES = {"buyer": BUYER, "supplier": SUPPLIER}

DIRECT, ESCROW = "direct", "escrow"
WORK: dict[Operation, Callable[..., Any]] = {
    contract.OPEN_ENQUIRY: enquiries.open_enquiry,
    contract.MAKE_OFFER: enquiries.make_offer,
    contract.ACCEPT_ENQUIRY: enquiries.accept_enquiry,
    contract.CANCEL_ENQUIRY: enquiries.cancel_enquiry,
    contract.SEND_MESSAGE: enquiries.send_message,
    contract.GET_ENQUIRY: queries.get_enquiry,
    contract.LIST_ENQUIRIES: queries.list_enquiries,
    contract.PLACE_ORDER: handlers.place_order,
    PLACE_PURCHASE: handlers.place_purchase,
    GET_PURCHASE: queries.get_purchase,
    contract.GET_ORDER: queries.get_order,
    contract.LIST_ORDERS: queries.list_orders,
    OWN_ORDERS_AMONG: queries.own_orders_among,
    contract.ACT_ON_ORDER: handlers.act_on_order,
    contract.SAVE_DRAFT: handlers.save_draft,
    contract.GET_CLOCK: clock.get_clock,
    contract.ADVANCE_CLOCK: clock.advance_clock,
}
FROM_LISTINGS = (contract.PLACE_ORDER, PLACE_PURCHASE)
ABOUT_PRODUCTS = (contract.OPEN_ENQUIRY, contract.MAKE_OFFER, contract.PLACE_ORDER, PLACE_PURCHASE)


def product(title: str, supplier: Actor = SUPPLIER, price: str = "2.40", currency: str = "USD", **facts: Any) -> dict[str, Any]:
    """A product as the catalog answers it."""
    return {
        "id": new_id(),
        "sku": title.split(maxsplit=1)[0].upper(),
        "title": title,
        "unit": "C62",
        "price": {"amount": price, "currency": currency},
        "minimum_quantity": 1,
        "hs_code": "691110",
        "country_of_origin": "CN",
        "net_mass_kg": "0.31",
        "gross_mass_kg": "0.385",
        "supplier": {"id": supplier.id, "name": supplier.name},
        "state": "active",
        "on_hand": 10_000,
        "reserved": 0,
        "available": 10_000,
        "version": 1,
        "created_at": "2026-01-01T00:00:00Z",
        "updated_at": "2026-01-01T00:00:00Z",
    } | facts


MUG, BOWL = product("Mug of porcelain, 350 ml"), product("Bowl of porcelain, 18 cm", price="3.10", minimum_quantity=10)
UNKNOWN = product("Vase that the catalog does not know")
FOREIGN = product("Pan of another supplier", supplier=STRANGER)
OWN = product("Crate of the buyer's own", supplier=BUYER)
IN_EURO = product("Tray priced in euro", currency="EUR")
SHIRT = product("Shirt of linen", price="18.00", options={"size": ["S", "M", "L"], "colour": ["white", "indigo"]})
RATE, CARD = new_id(), new_id()
NOT_READY_FOR_CUSTOMS = product("Lamp without code and origin", hs_code=None, country_of_origin=None)
CATALOG = (MUG, BOWL, FOREIGN, OWN, IN_EURO, SHIRT, NOT_READY_FOR_CUSTOMS)

SHIP_TO = {"name": "Jonas Weber", "company": "Nordlicht Import GmbH", "street": "Am Sandtorkai 5", "city": "Hamburg", "country": "DE"}


def terms(**changes: Any) -> dict[str, Any]:
    """Terms of the export preset, CIF by sea, but for the changes; None takes a field out."""
    agreed = {"preset": "export", "incoterm": "CIF", "named_place": "Hamburg", "channel": "sea_lcl", "ship_to": SHIP_TO}
    agreed |= {"port_of_loading": "CNSHA", "port_of_discharge": "DEHAM"}
    return {name: value for name, value in (agreed | changes).items() if value is not None}


def parcel(**changes: Any) -> dict[str, Any]:
    """Terms of the parcel preset."""
    return terms(**{"preset": "parcel", "incoterm": "DAP", "channel": "express", "port_of_loading": None, "port_of_discharge": None} | changes)


def line(item: Mapping[str, Any], quantity: int | None = 100, price: str | None = None, currency: str = "USD", **options: str) -> dict[str, Any]:
    priced = {"unit_price": {"amount": price, "currency": currency}} if price else {}
    return {"product_id": item["id"], **({"quantity": quantity} if quantity else {}), **priced, **({"options": options} if options else {})}


def payments(operation: Operation, asked: Mapping[str, Any]) -> dict[str, Any]:
    """What payments answers: the buyer has a card, everything is worth 0.92 euro, and there are no other rates."""
    if operation is LIST_PAYMENT_METHODS:
        return {"items": [{"id": CARD, "kind": "card"}]}
    if asked["currency"] != "EUR":
        raise Conflict("no_exchange_rate", "There is no exchange rate between the two at this time.")
    amount = Decimal(asked["amount"]["amount"]) * Decimal("0.92")
    return {"rate_id": RATE, "rate": "0.92", "total": {"amount": f"{amount:.2f}", "currency": "EUR"}, "via": None, "valid_until": None}


class Scene:
    """What happens, `later` than now if so set, each in a transaction of its own."""

    def __init__(self, database: TestDatabase) -> None:
        self.database = database
        self.later = timedelta(0)

    def run(self, work: Callable[[Transaction], Any]) -> Any:
        with self.database.transaction(self.later) as tx:
            return work(tx)

    def do(self, operation: Operation, actor: Actor | None, **data: Any) -> Any:
        """The operation's answer as JSON, which fits its contract."""
        asked = call(operation, actor, data)
        products = goods.read_products({"items": CATALOG})
        how = paying.asked(asked.data, products, payments) if operation in FROM_LISTINGS else None
        more = () if operation not in ABOUT_PRODUCTS else (products,) if how is None else (products, how)
        answer = dump(operation.answer, self.run(lambda tx: WORK[operation](tx, asked, *more)))
        assert operation.answer().validate(answer) == {}
        return answer

    def enquiry(self, key: str, actor: Actor = BUYER) -> Any:
        return self.do(contract.GET_ENQUIRY, actor, id=key)

    def order(self, key: str, actor: Actor = BUYER) -> Any:
        return self.do(contract.GET_ORDER, actor, id=key)

    def open(self, *lines: Mapping[str, Any], **more: Any) -> Any:
        """An enquiry about 100 mugs, or those lines."""
        return self.do(contract.OPEN_ENQUIRY, BUYER, lines=list(lines or [line(MUG)]), message="What is your best price?", **more)

    def offer(self, key: str, actor: Actor = SUPPLIER, price: str = "2.20", **changes: Any) -> Any:
        """100 mugs at a price, on the export terms, valid for three days."""
        until = (utc_now() + self.later + timedelta(days=3)).isoformat()
        return self.do(contract.MAKE_OFFER, actor, id=key, **{"lines": [line(MUG, 100, price)], "terms": terms(), "valid_until": until} | changes)

    def accept(self, key: str, actor: Actor = BUYER) -> Any:
        return self.do(contract.ACCEPT_ENQUIRY, actor, id=key)

    def place(self, *lines: Mapping[str, Any], agreed: Mapping[str, Any] | None = None) -> Any:
        """An order straight from the listing: 100 mugs and 20 bowls, or those lines."""
        return self.do(contract.PLACE_ORDER, BUYER, lines=list(lines or [line(MUG), line(BOWL, 20)]), terms=agreed or terms())

    def confirmed(self, *lines: Mapping[str, Any], agreed: Mapping[str, Any] | None = None) -> Any:
        """An order that waits for payment."""
        order = self.place(*lines, agreed=agreed)
        self.hear(order, "catalog.stock_reserved.v1", lines=[])
        self.hear(order, "logistics.channel_confirmed.v1", channel="sea_lcl")
        return self.order(order["id"])

    def act(self, order: Mapping[str, Any], action: str, actor: Actor, form: Any = None, **more: Any) -> Any:
        return self.do(contract.ACT_ON_ORDER, actor, id=order["id"], action=action, form={} if form is None else form, **more)

    def step(self, order: Mapping[str, Any], name: str) -> Any:
        """Do the step: its actor submits a form that agrees with the order, and the service that it awaits confirms."""
        step = next(each for each in STEPS if each.name == name)
        self.act(order, step.action, PARTIES[step.actor], FORMS[name](self.order(order["id"])) if step.form else None)
        if step.awaits:
            self.hear(order, step.awaits)
        return self.order(order["id"])

    def walk(self, order: Mapping[str, Any], until: str = "completed") -> Any:
        """Do step after step until the order is in that state."""
        order = self.order(order["id"])
        while order["state"] != until:
            order = self.step(order, next(each["name"] for each in order["steps"] if each["status"] == "current"))
        return order

    def hear(self, order: Mapping[str, Any], event_type: str, **data: Any) -> None:
        """Another service's event about the order."""
        event = self.event(order, event_type, **data)
        self.run(lambda tx: REACTIONS[event_type](tx, event))

    def hear_together(self, *events: Event) -> None:
        """Such events, in one transaction."""

        def work(tx: Transaction) -> None:
            lock(tx, events)
            for event in events:
                REACTIONS[event.type](tx, event)

        self.run(work)

    def event(self, order: Mapping[str, Any], event_type: str, **data: Any) -> Event:
        said = {"order_id": order["id"], "amount": order["total"], "number": "1", "channel": "sea_lcl", "waybill_number": "1", "lines": []} | data
        said = {"occurred_at": utc_now().isoformat(), "reason": "a_reason", "message": "In words."} | said
        return Event(new_id(), event_type, event_type.partition(".")[0], order["id"], 1, utc_now(), Context(), said)

    def sweep(self, later: timedelta) -> int:
        """Go on in time and let the clock strike as often as it will; how often it did."""
        self.later += later
        times = 0
        while self.run(deadlines.sweep):
            times += 1
            assert times < 100, "the clock does not come to rest"
        return times

    def told(self, subject: str) -> list[str]:
        """The types of the events published about it, in order."""
        rows = self.run(lambda tx: tx.execute(select(outbox.c.type).where(outbox.c.subject == subject).order_by(outbox.c.version)).scalars().all())
        return list(rows)

    def last(self, subject: str) -> Any:
        """The data of the last event about it."""
        return self.run(lambda tx: tx.execute(select(outbox.c.data).where(outbox.c.subject == subject).order_by(outbox.c.version.desc()).limit(1)).scalar_one())


def names(actions: Iterable[Mapping[str, Any]]) -> list[str]:
    return [each["name"] for each in actions]
