"""Operations of orders: purchases, the baskets of several suppliers' products."""

from __future__ import annotations

from marshmallow import fields, validate

from shared.contracts.fields import Id, Money, Text, Timestamp
from shared.contracts.operations import ById, Operation
from shared.contracts.orders import DirectLine, OrderSummary, PurchaseReference, lines_of
from shared.contracts.trade import HowToPay, Party, Terms


class PlacePurchase(HowToPay):
    """A basket of several suppliers' products: one order for each supplier, and none of them where one cannot be made."""

    lines = lines_of(DirectLine)
    terms = fields.Nested(Terms, required=True)
    channels = fields.Dict(
        keys=Id(),
        values=Text(40),
        validate=validate.Length(max=200),
        metadata={"description": "Supplier → the channel that their goods are to go by, where it is not that of the terms."},
    )


class Purchase(PurchaseReference):
    buyer = fields.Nested(Party, required=True)
    awaiting = fields.List(fields.String(), required=True, metadata={"description": "What some of its orders still wait for."})
    totals = fields.List(Money(), required=True, metadata={"description": "What its orders come to, one amount a currency."})
    orders = fields.List(fields.Nested(OrderSummary), required=True, metadata={"description": "One for each supplier."})
    placed_at = Timestamp(required=True)


PLACE_PURCHASE = Operation("orders", "place_purchase", PlacePurchase, Purchase, writes=True)
GET_PURCHASE = Operation("orders", "get_purchase", ById, Purchase)
