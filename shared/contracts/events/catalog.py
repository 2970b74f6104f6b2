"""Events of catalog."""

from __future__ import annotations

from marshmallow import fields

from shared.contracts.events.registry import EventContract
from shared.contracts.fields import Id, Money, Notice


class ProductChanged(Notice):
    product_id = Id(required=True)
    supplier_id = Id(required=True)
    sku = fields.String(required=True)
    title = fields.String(required=True)
    price = Money(required=True)
    state = fields.String(required=True)


class ReservedLine(Notice):
    product_id = Id(required=True)
    quantity = fields.Integer(required=True)


class Reservation(Notice):
    order_id = Id(required=True)
    lines = fields.List(fields.Nested(ReservedLine), required=True)


class StockShortage(Notice):
    product_id = Id(required=True)
    wanted = fields.Integer(required=True)
    available = fields.Integer(required=True)


class StockRefused(Notice):
    order_id = Id(required=True)
    reason = fields.String(required=True, metadata={"description": "`out_of_stock` or `product_withdrawn`."})
    lines = fields.List(fields.Nested(StockShortage), required=True)


EVENTS = (
    EventContract("catalog.product_added.v1", ProductChanged, "product", "A supplier added a product to the library."),
    EventContract("catalog.product_changed.v1", ProductChanged, "product", "A product's facts, price or state changed."),
    EventContract("catalog.stock_reserved.v1", Reservation, "order", "Every line of the order is reserved."),
    EventContract("catalog.stock_refused.v1", StockRefused, "order", "At least one line could not be reserved, so none is."),
    EventContract("catalog.stock_committed.v1", Reservation, "order", "The reserved goods have left the shelf."),
    EventContract("catalog.stock_released.v1", Reservation, "order", "The reserved goods are for sale again."),
)
