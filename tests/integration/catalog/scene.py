"""Suppliers and buyers, products, and the orders' events that move their stock."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select

from services.catalog.application import handlers, queries
from services.catalog.application.reactions import REACTIONS, lock_shelves
from shared.contracts import catalog as contract
from shared.contracts.dumping import dump
from shared.contracts.events import EVENTS
from shared.contracts.operations import Operation
from shared.kit.actor import Actor
from shared.kit.clock import utc_now
from shared.kit.ids import new_id
from shared.platform import records
from shared.platform.context import Context
from shared.platform.wire import Event
from tests.builders.database import TestDatabase, call

SUPPLIER = Actor(new_id(), frozenset({"supplier"}), "Huang Ceramics", verified=True)
OTHER_SUPPLIER = Actor(new_id(), frozenset({"supplier"}), "Weber Werkzeuge", verified=True)
BUYER = Actor(new_id(), frozenset({"buyer"}), "Northwind")
OPERATOR = Actor(new_id(), frozenset({"operator"}), "Desk")

MUG: dict[str, Any] = {
    "sku": "MUG-350",
    "title": "Porcelain mug, 350 ml",
    "unit": "C62",
    "price": {"amount": "2.40", "currency": "USD"},
    "net_mass_kg": "0.31",
    "gross_mass_kg": "0.385",
}

_WORK = {
    contract.ADD_PRODUCT: handlers.add_product,
    contract.CHANGE_PRODUCT: handlers.change_product,
    contract.SET_STOCK: handlers.set_stock,
    contract.GET_PRODUCT: queries.get_product,
    contract.LIST_PRODUCTS: queries.list_products,
    contract.PRODUCTS_BY_ID: queries.products_by_id,
}


def do(database: TestDatabase, operation: Operation, actor: Actor | None, **data: Any) -> Any:
    """The operation's answer as JSON, done by the actor."""
    with database.transaction() as tx:
        return dump(operation.answer, _WORK[operation](tx, call(operation, actor, data)))


def add(database: TestDatabase, actor: Actor = SUPPLIER, **facts: Any) -> Any:
    """A mug with a number of its own, but for the facts that are given."""
    return do(database, contract.ADD_PRODUCT, actor, **MUG | {"sku": new_id()} | facts)


def get(database: TestDatabase, product: Mapping[str, Any]) -> Any:
    """The product as an operator sees it now."""
    return do(database, contract.GET_PRODUCT, OPERATOR, id=product["id"])


def stock(database: TestDatabase, product: Mapping[str, Any]) -> tuple[int, int]:
    """On hand and reserved."""
    now = get(database, product)
    return now["on_hand"], now["reserved"]


def react(database: TestDatabase, *events: Event) -> None:
    """The reaction to an event, in a transaction that is not tried again; to several, all of placed orders, in one."""
    with database.transaction() as tx:
        if len(events) > 1:
            lock_shelves(tx, events)
        for event in events:
            REACTIONS[event.type](tx, event)


def placed(order_id: str, *lines: tuple[Mapping[str, Any], int]) -> Event:
    """`orders.order_placed.v1` with these products and quantities."""
    return _event(
        "orders.order_placed.v1",
        order_id,
        terms={
            "preset": "export",
            "incoterm": "FOB",
            "named_place": "Ningbo",
            "channel": "sea-lcl",
            "ship_to": {"name": "N. Wind", "street": "Quay 1", "city": "Hamburg", "country": "DE"},
        },
        total=MUG["price"],
        lines=[
            {
                "product_id": product["id"],
                "quantity": quantity,
                "unit_price": MUG["price"],
                "line_total": MUG["price"],
                **{name: MUG[name] for name in ("sku", "title", "unit", "net_mass_kg", "gross_mass_kg")},
            }
            for product, quantity in lines
        ],
    )


def rejected(order_id: str) -> Event:
    return _event("orders.order_rejected.v1", order_id)


def cancelled(order_id: str) -> Event:
    return _event("orders.order_cancelled.v1", order_id, settlement="direct")


def shipped(order_id: str) -> Event:
    return _event("orders.goods_shipped.v1", order_id)


def renamed(account_id: str, name: str) -> Event:
    return Event(new_id(), "accounts.account_renamed.v1", "accounts", account_id, 2, utc_now(), Context(), {"account_id": account_id, "name": name})


def verified(account_id: str, version: int) -> Event:
    return _of_verification("account_verified", account_id, version)


def verified_no_longer(account_id: str, version: int) -> Event:
    return _of_verification("verification_withdrawn", account_id, version)


def _of_verification(what: str, account_id: str, version: int) -> Event:
    data = {"account_id": account_id, "verification_id": new_id()}
    return Event(new_id(), f"accounts.{what}.v1", "accounts", account_id, version, utc_now(), Context(), data)


def _event(type: str, order_id: str, **data: Any) -> Event:
    raw = {
        "order_id": order_id,
        "number": "TO-00000-00000",
        "buyer": {"id": BUYER.id, "name": BUYER.name},
        "supplier": {"id": SUPPLIER.id, "name": SUPPLIER.name},
        "step": None,
        "action": "test",
        "from_state": None,
        "to_state": "placing",
        "actor_id": BUYER.id,
        "actor_role": "buyer",
        "version": 1,
        "at": "2026-03-02T08:00:00Z",
        **data,
    }
    EVENTS[type].data().load(raw)
    return Event(new_id(), type, "orders", order_id, 1, None, Context(), raw)  # type: ignore[arg-type]


def published(database: TestDatabase, subject: str) -> list[tuple[str, Any]]:
    """Types and data of the events about an order or a product, oldest first."""
    outbox = records.outbox.c
    with database.transaction() as tx:
        rows = tx.execute(select(outbox.type, outbox.data).where(outbox.subject == subject).order_by(outbox.version))
        return [(row.type, row.data) for row in rows]
