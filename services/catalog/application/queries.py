"""Reads of the product library, and a product's shape as the contract answers it."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, bindparam, cast, false, literal, literal_column, or_, select, true
from sqlalchemy.dialects.postgresql import TSQUERY

from services.catalog.domain.product import ACTIVE, may_see
from services.catalog.domain.search import words
from services.catalog.models import WORD_VECTOR, products
from shared.kit.actor import Actor
from shared.kit.errors import NotFound
from shared.kit.money import Money
from shared.platform.calls import Call
from shared.platform.database import Transaction
from shared.platform.pages import page

_ACTIVE = select(products).where(products.c.id.in_(bindparam("keys", expanding=True)), products.c.state == ACTIVE)


def get_product(tx: Transaction, call: Call) -> Mapping[str, Any]:
    """The product; NotFound where it is not there or withdrawn by somebody else."""
    actor = call.require_actor()
    row = tx.execute(select(products).where(products.c.id == call.data["id"])).one_or_none()
    if row is None or not may_see(actor, row.supplier_id, row.state):
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
    rows, following = page(tx, products, conditions, wanted)
    return {"items": [shape(row) for row in rows], "next": following}


def products_by_id(tx: Transaction, call: Call) -> Mapping[str, Any]:
    """Those of the ids that are active products."""
    call.require_actor()
    return {"items": [shape(row) for row in tx.execute(_ACTIVE, {"keys": call.data["ids"]})]}


def shape(row: Row[Any]) -> dict[str, Any]:
    """A row of `products` with the contract's names: money, masses in kg, the supplier as a party."""
    return {
        **row._mapping,
        "supplier": {"id": row.supplier_id, "name": row.supplier_name},
        "price": Money(row.price_minor, row.currency),
        "net_mass_kg": Decimal(row.net_mass_g).scaleb(-3),
        "gross_mass_kg": Decimal(row.gross_mass_g).scaleb(-3),
        "available": row.on_hand - row.reserved,
    }


def no_such_product() -> NotFound:
    """The same words for what is not there and what may not be seen."""
    return NotFound("product_not_found", "There is no such product.")


def _visible(actor: Actor, state: str | None) -> ColumnElement[bool]:
    """`may_see`, for the database."""
    own = products.c.supplier_id == actor.id
    if actor.is_operator:
        return true()
    # Said plainly where it is asked for, so that the supplier's index serves it.
    return own if state not in (None, ACTIVE) else or_(products.c.state == ACTIVE, own)


def found_by(wanted: list[str], dialect: str) -> ColumnElement[bool]:
    """Products in which each wanted word begins some word. The words hold letters and digits only, so there is nothing to escape."""
    if not wanted:
        return false()
    if dialect == "postgresql":
        return literal_column(WORD_VECTOR).bool_op("@@")(cast(" & ".join(f"'{word}':*" for word in wanted), TSQUERY))
    return and_(*((literal(" ") + products.c.words).like(f"% {word}%") for word in wanted))
