"""The peer's HTTP face."""

from __future__ import annotations

import json
from typing import Any

from marshmallow import Schema, ValidationError, fields, validate
from nameko.rpc import ServiceRpc
from nameko.web.handlers import http

Answer = tuple[int, dict[str, str], str]
JSON = {"Content-Type": "application/json"}


class ProductSchema(Schema):
    id = fields.String(required=True)
    title = fields.String(required=True)
    price = fields.Decimal(as_string=True, required=True)
    in_stock = fields.Integer(required=True)


class NewDetailSchema(Schema):
    product_id = fields.String(required=True)
    price = fields.Decimal(as_string=True, required=True)
    quantity = fields.Integer(required=True, validate=validate.Range(min=1))


class NewOrderSchema(Schema):
    order_details = fields.List(fields.Nested(NewDetailSchema), required=True, validate=validate.Length(min=1))


class DetailSchema(NewDetailSchema):
    id = fields.Integer(required=True)
    product = fields.Nested(ProductSchema, required=True)


class OrderSchema(Schema):
    id = fields.Integer(required=True)
    order_details = fields.List(fields.Nested(DetailSchema), required=True)


class Service:
    name = "gateway"
    orders = ServiceRpc("orders")
    products = ServiceRpc("products")

    @http("PUT", "/products")
    def put_product(self, request: Any) -> Answer:
        self.products.put(ProductSchema().dump(ProductSchema().loads(request.get_data(as_text=True))))
        return 200, JSON, "{}"

    @http("POST", "/orders")
    def create_order(self, request: Any) -> Answer:
        schema = NewOrderSchema()
        try:
            data = schema.loads(request.get_data(as_text=True))
        except ValidationError as error:
            return 400, JSON, json.dumps(error.messages)
        if unknown := [detail["product_id"] for detail in data["order_details"] if self.products.get(detail["product_id"]) is None]:
            return 404, JSON, json.dumps({"unknown": unknown})
        order = self.orders.create_order(schema.dump(data)["order_details"])
        return 201, JSON, json.dumps({"id": order["id"]})

    @http("GET", "/orders/<int:order_id>")
    def get_order(self, _request: Any, order_id: int) -> Answer:
        order = self.orders.get_order(order_id)
        if order is None:
            return 404, JSON, "{}"
        for detail in order["order_details"]:
            detail["product"] = self.products.get(detail["product_id"])
        return 200, JSON, OrderSchema().dumps(order)
