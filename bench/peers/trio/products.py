"""The peer's products: a list to order from, and stock that follows the orders."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from marshmallow import Schema, fields
from nameko.events import event_handler
from nameko.rpc import rpc
from sqlalchemy import select
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from bench.peers.trio.database import Database


class Base(DeclarativeBase):
    pass


class Product(Base):
    __tablename__ = "products"

    id: Mapped[str] = mapped_column(primary_key=True)
    title: Mapped[str]
    price: Mapped[Decimal]
    in_stock: Mapped[int]


class ProductSchema(Schema):
    id = fields.String(required=True)
    title = fields.String(required=True)
    price = fields.Decimal(as_string=True, required=True)
    in_stock = fields.Integer(required=True)


class Service:
    name = "products"
    db = Database(Base)

    @rpc
    def get(self, product_id: str) -> dict[str, Any] | None:
        product = self.db.get(Product, product_id)
        return product and ProductSchema().dump(product)

    @rpc
    def put(self, data: dict[str, Any]) -> None:
        self.db.merge(Product(**ProductSchema().load(data)))
        self.db.commit()

    @event_handler("orders", "order_created")
    def take_from_stock(self, payload: dict[str, Any]) -> None:
        for detail in payload["order"]["order_details"]:
            product = self.db.scalars(select(Product).where(Product.id == detail["product_id"]).with_for_update()).one()
            product.in_stock -= detail["quantity"]
        self.db.commit()
