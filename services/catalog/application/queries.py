"""Reads of the product library, and a product's shape as the contract answers it."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, bindparam, cast, exists, false, literal, literal_column, not_, or_, select, true
from sqlalchemy.dialects.postgresql import TSQUERY

from services.catalog.domain.product import ACTIVE
from services.catalog.domain.search import words
from services.catalog.models import WORD_VECTOR, products, sellers
from shared.kit.actor import Actor
from shared.kit.errors import NotFound
from shared.kit.money import Money
from shared.platform.calls import Call
from shared.platform.database import Transaction
from shared.platform.pages import page

_HELD_BACK = exists().where(sellers.c.id == products.c.supplier_id, not_(sellers.c.may_sell)).correlate(products)
_MAY_SELL = not_(_HELD_BACK)
_SHOWN = _MAY_SELL.label("may_sell")

FOR_SALE = and_(products.c.state == ACTIVE, _MAY_SELL)
"""Of a product: whether others find and order it."""

PRODUCTS = select(products, _SHOWN)
"""Rows as `shape` takes them."""

_BY_ID = PRODUCTS.where(products.c.id.in_(bindparam("keys", expanding=True)), FOR_SALE)


def get_product(tx: Transaction, call: Call) -> Mapping[str, Any]:
    """The product; NotFound where it is not there, or is somebody else's and not for sale."""
    row = tx.execute(PRODUCTS.where(products.c.id == call.data["id"], _visible(call.require_actor()))).one_or_none()
    if row is None:
        raise no_such_product()
    return shape(row)


def list_products(tx: Transaction, call: Call) -> Mapping[str, Any]:
    """A page of the products that the caller may see, newest first; their ids are time-ordered, so an id says where a page ended."""
    wanted = call.data
    conditions = [_visible(call.require_actor(), wanted.get("state"))]
    if "supplier_id" in wanted:
        conditions.append(products.c.supplier_id == wanted["supplier_id"])
    if "state" in wanted:
        conditions.append(products.c.state == wanted["state"])
    if "search" in wanted:
        conditions.append(found_by(words(wanted["search"]), tx.connection.dialect.name))
    rows, following = page(tx, products, conditions, wanted, _SHOWN)
    return {"items": [shape(row) for row in rows], "next": following}


def products_by_id(tx: Transaction, call: Call) -> Mapping[str, Any]:
    """Those of the ids that are products for sale."""
    call.require_actor()
    return {"items": [shape(row) for row in tx.execute(_BY_ID, {"keys": call.data["ids"]})]}


def shape(row: Row[Any]) -> dict[str, Any]:
    """A row of `PRODUCTS` with the contract's names: money, masses in kg, the supplier as a party."""
    return {
        **row._mapping,
        "supplier": {"id": row.supplier_id, "name": row.supplier_name},
        "price": Money(row.price_minor, row.currency),
        "net_mass_kg": Decimal(row.net_mass_g).scaleb(-3),
        "gross_mass_kg": Decimal(row.gross_mass_g).scaleb(-3),
        "available": row.on_hand - row.reserved,
        "held_back": None if row.may_sell else "verification_withdrawn",
    }


def no_such_product() -> NotFound:
    """The same words for what is not there and what may not be seen."""
    return NotFound("product_not_found", "There is no such product.")


def _visible(actor: Actor, state: str | None = None) -> ColumnElement[bool]:
    """What is for sale is everybody's to see, the rest its supplier's and the operators'."""
    own = products.c.supplier_id == actor.id
    if actor.is_operator:
        return true()
    # Said plainly where it is asked for, so that the supplier's index serves it.
    if state not in (None, ACTIVE):
        return own
    # `or_(FOR_SALE, own)`, turned round so that it is a join to PostgreSQL: within an OR it thinks each row too dear to go by the order of ids.
    return and_(or_(products.c.state == ACTIVE, own), not_(_HELD_BACK.where(sellers.c.id != actor.id)))


def found_by(wanted: list[str], dialect: str) -> ColumnElement[bool]:
    """Products in which each wanted word begins some word. The words hold letters and digits only, so there is nothing to escape."""
    if not wanted:
        return false()
    if dialect == "postgresql":
        return literal_column(WORD_VECTOR).bool_op("@@")(cast(" & ".join(f"'{word}':*" for word in wanted), TSQUERY))
    return and_(*((literal(" ") + products.c.words).like(f"% {word}%") for word in wanted))
