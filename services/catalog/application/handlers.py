"""The supplier's commands: adding and changing products, counting stock. What orders do to stock is in `reactions`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Insert, Row, Update, insert, update
from sqlalchemy.exc import IntegrityError

from services.catalog.application.queries import PRODUCTS, no_such_product, shape
from services.catalog.domain import product
from services.catalog.domain.search import words
from services.catalog.models import products
from shared.kit.errors import Conflict, PreconditionFailed
from shared.kit.ids import new_id
from shared.platform.calls import Call
from shared.platform.database import Transaction

_AS_THEY_ARE = ("sku", "title", "description", "unit", "minimum_quantity", "hs_code", "country_of_origin", "properties", "options", "special_goods", "state")
_LEFT_OUT: Mapping[str, Any] = {
    "description": None,
    "hs_code": None,
    "country_of_origin": None,
    "properties": {},
    "options": {},
    "special_goods": [],
    "state": product.ACTIVE,
}


def add_product(tx: Transaction, call: Call) -> Mapping[str, Any]:
    """A new, active product of the calling supplier, who is verified; Conflict `sku_taken`, Invalid `masses_disagree`."""
    supplier = call.require_verified("supplier")
    columns = _columns({**_LEFT_OUT, **call.data})
    row = _saved(
        tx,
        insert(products).values(
            id=new_id(), supplier_id=supplier.id, supplier_name=supplier.name, on_hand=call.data["stock"], created_at=tx.now, updated_at=tx.now, **columns
        ),
    )
    return _told(tx, "catalog.product_added.v1", row)


def change_product(tx: Transaction, call: Call) -> Mapping[str, Any]:
    """The product with the facts that were given; the others stay. Errors as for adding one, and as for `_own`."""
    row = _own(tx, call)
    columns = _columns({**shape(row), **call.data})
    return _told(tx, "catalog.product_changed.v1", _saved(tx, _next_version(tx, row).values(columns)))


def set_stock(tx: Transaction, call: Call) -> Mapping[str, Any]:
    """The product with its counted stock; Conflict `stock_reserved` where less was counted than is reserved. Errors as for `_own`."""
    row = _own(tx, call)
    product.check_count(call.data["on_hand"], row.reserved)
    return shape(_saved(tx, _next_version(tx, row).values(on_hand=call.data["on_hand"])))


def _own(tx: Transaction, call: Call) -> Row[Any]:
    """The calling supplier's product, locked; NotFound where it is not theirs, PreconditionFailed where it is not the version they saw."""
    supplier = call.require_actor("supplier")
    row = tx.execute(PRODUCTS.where(products.c.id == call.data["id"], products.c.supplier_id == supplier.id).with_for_update()).one_or_none()
    if row is None:
        raise no_such_product()
    if call.data.get("if_match", row.version) != row.version:
        raise PreconditionFailed("version_changed", f"The product is at version {row.version} now; read it again.", version=row.version)
    return row


def _columns(facts: Mapping[str, Any]) -> dict[str, Any]:
    """A product's facts, all of them, as columns; Invalid where its masses disagree."""
    product.check_masses(facts["net_mass_kg"], facts["gross_mass_kg"])
    return {
        **{name: facts[name] for name in _AS_THEY_ARE},
        "price_minor": facts["price"].minor,
        "currency": facts["price"].currency,
        "net_mass_g": int(facts["net_mass_kg"].scaleb(3)),
        "gross_mass_g": int(facts["gross_mass_kg"].scaleb(3)),
        "words": " ".join(words(facts["sku"], facts["title"], facts["description"])),
    }


def _next_version(tx: Transaction, row: Row[Any]) -> Update:
    return update(products).where(products.c.id == row.id).values(version=products.c.version + 1, updated_at=tx.now)


def _saved(tx: Transaction, statement: Insert | Update) -> Row[Any]:
    try:
        id = tx.execute(statement.returning(products.c.id)).scalar_one()
    except IntegrityError as error:
        # The other constraints repeat what is checked before; only the database knows which numbers are taken.
        raise Conflict("sku_taken", "You have another product with this SKU.", {"sku": ["Another of your products has this SKU."]}) from error
    return tx.execute(PRODUCTS.where(products.c.id == id)).one()


def _told(tx: Transaction, event: str, row: Row[Any]) -> Mapping[str, Any]:
    facts = shape(row)
    tx.emit(event, row.id, {**facts, "product_id": row.id})
    return facts
