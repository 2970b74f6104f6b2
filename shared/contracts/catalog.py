"""Operations of catalog: the product library and its stock."""

from __future__ import annotations

from typing import Any

from marshmallow import fields, validate

from shared.contracts.fields import Country, HsCode, Id, Measure, Money, Quantity, Shape, Text, Timestamp, Unit
from shared.contracts.operations import ById, Operation, PageRequest, if_match
from shared.contracts.trade import SPECIAL_GOODS, Party


class ProductFacts(Shape):
    sku = Text(60, required=True, metadata={"description": "The supplier's own number, unique in their library."})
    title = Text(200, required=True)
    description = Text(4000, allow_none=True)
    unit = Unit(required=True)
    price = Money(required=True, positive=True, metadata={"description": "List price of one unit."})
    minimum_quantity = Quantity(load_default=1)
    hs_code = HsCode(allow_none=True, metadata={"description": "Needed before export customs."})
    country_of_origin = Country(allow_none=True, metadata={"description": "Needed before export customs."})
    net_mass_kg = Measure(required=True, metadata={"description": "Of one unit."})
    gross_mass_kg = Measure(required=True, metadata={"description": "Of one unit, packed; at least the net mass."})
    properties = fields.Dict(keys=Text(40), values=Text(200), validate=validate.Length(max=50), metadata={"description": "Size, colour, model …"})
    options = fields.Dict(
        keys=Text(40),
        values=fields.List(Text(60), validate=validate.Length(min=1, max=100)),
        validate=validate.Length(max=20),
        metadata={"description": "What an order's line has to choose, with the values there are, e.g. size: S, M, L."},
    )
    special_goods = fields.List(fields.String(validate=validate.OneOf(SPECIAL_GOODS)), validate=validate.Length(max=len(SPECIAL_GOODS)))


class AddProduct(ProductFacts):
    stock = Quantity(0, load_default=0, metadata={"description": "How many are on hand."})


class ChangeProduct(ProductFacts):
    """Any of the facts; those left out stay."""

    id = Id(required=True)
    state = fields.String(validate=validate.OneOf(("active", "withdrawn")))
    if_match = if_match()

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(partial=tuple(ProductFacts._declared_fields), **kwargs)


class SetStock(Shape):
    id = Id(required=True)
    on_hand = Quantity(0, required=True, metadata={"description": "The counted stock, reserved goods included."})
    if_match = if_match()


class Product(ProductFacts):
    id = Id(required=True)
    supplier = fields.Nested(Party, required=True)
    state = fields.String(required=True)
    on_hand = fields.Integer(required=True)
    reserved = fields.Integer(required=True)
    available = fields.Integer(required=True, metadata={"description": "On hand less reserved."})
    held_back = fields.String(
        allow_none=True,
        metadata={
            "description": "Why others neither find nor order it, though it may be active: `verification_withdrawn`, until its supplier is verified again "
            "(`/v1/me/verification`); otherwise null."
        },
    )
    version = fields.Integer(required=True, metadata={"description": "Counts the supplier's changes; reservations do not change it."})
    created_at = Timestamp(required=True)
    updated_at = Timestamp(required=True)


class ListProducts(PageRequest):
    supplier_id = Id()
    search = Text(100, metadata={"description": "Words of the title, SKU or description."})
    state = fields.String(validate=validate.OneOf(("active", "withdrawn")))


class ProductPage(Shape):
    items = fields.List(fields.Nested(Product), required=True)
    next = fields.String(allow_none=True, metadata={"description": "Cursor of the next page, null on the last."})


class ProductIds(Shape):
    ids = fields.List(Id(), required=True, validate=validate.Length(min=1, max=200))


class ProductList(Shape):
    items = fields.List(fields.Nested(Product), required=True)


ADD_PRODUCT = Operation("catalog", "add_product", AddProduct, Product, writes=True)
CHANGE_PRODUCT = Operation("catalog", "change_product", ChangeProduct, Product, writes=True)
SET_STOCK = Operation("catalog", "set_stock", SetStock, Product, writes=True)
GET_PRODUCT = Operation("catalog", "get_product", ById, Product)
LIST_PRODUCTS = Operation("catalog", "list_products", ListProducts, ProductPage)
PRODUCTS_BY_ID = Operation("catalog", "products_by_id", ProductIds, ProductList)
"""Those of the ids that are for sale, in no order; withdrawn and unknown ones, and those of suppliers who may not sell, are left out."""
