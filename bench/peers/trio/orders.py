"""The peer's orders: an order with its details, and an event for each."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from marshmallow import Schema, fields
from nameko.events import EventDispatcher
from nameko.rpc import rpc
from sqlalchemy import DateTime, ForeignKey
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

from bench.peers.trio.database import Database


class Base(DeclarativeBase):
    pass


class Order(Base):
    __tablename__ = "orders"

    id: Mapped[int] = mapped_column(primary_key=True)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), default=lambda: datetime.now(UTC))
    order_details: Mapped[list[Detail]] = relationship(back_populates="order")


class Detail(Base):
    __tablename__ = "order_details"

    id: Mapped[int] = mapped_column(primary_key=True)
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id"), index=True)
    order: Mapped[Order] = relationship(back_populates="order_details")
    product_id: Mapped[str]
    price: Mapped[Decimal]
    quantity: Mapped[int]


class DetailSchema(Schema):
    id = fields.Integer(required=True)
    product_id = fields.String(required=True)
    price = fields.Decimal(as_string=True, required=True)
    quantity = fields.Integer(required=True)


class OrderSchema(Schema):
    id = fields.Integer(required=True)
    order_details = fields.List(fields.Nested(DetailSchema), required=True)


class Service:
    name = "orders"
    db = Database(Base)
    dispatch = EventDispatcher()

    @rpc
    def get_order(self, order_id: int) -> dict[str, Any] | None:
        order = self.db.get(Order, order_id)
        return order and OrderSchema().dump(order)

    @rpc
    def create_order(self, order_details: list[dict[str, Any]]) -> dict[str, Any]:
        order = Order(order_details=[Detail(**{**detail, "price": Decimal(detail["price"])}) for detail in order_details])
        self.db.add(order)
        self.db.commit()
        data: dict[str, Any] = OrderSchema().dump(order)
        self.dispatch("order_created", {"order": data})
        return data
