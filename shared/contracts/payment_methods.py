"""Operations of payments about a provider: the methods an account has bound, the provider's callbacks, and refunds."""

from __future__ import annotations

from typing import Any

from marshmallow import fields, pre_load, validate

from shared.contracts.fields import Id, Money, Shape, Text, Timestamp
from shared.contracts.operations import ById, Callback, Empty, Operation
from shared.kit.card_numbers import refuse_card_numbers


class AddPaymentMethod(Shape):
    """The provider's token for a card, wallet or bank account; never a card number, which is refused wherever it stands."""

    provider = Text(20, required=True, metadata={"description": "The provider that made the token."})
    token = Text(200, required=True)
    label = Text(60, metadata={"description": "What to call it; otherwise as the provider does."})

    @pre_load
    def refuse_card_numbers(self, data: Any, **_: Any) -> Any:
        refuse_card_numbers(data)
        return data


class PaymentMethod(Shape):
    id = Id(required=True)
    provider = fields.String(required=True)
    kind = fields.String(required=True, validate=validate.OneOf(("card", "wallet", "bank_debit")))
    label = fields.String(required=True)
    last4 = fields.String(required=True)
    expires = fields.String(required=True, allow_none=True, metadata={"description": "`YYYY-MM`, of a card."})
    created_at = Timestamp(required=True)


class PaymentMethods(Shape):
    items = fields.List(fields.Nested(PaymentMethod), required=True)


class MakeRefund(Shape):
    """Part of what is held for an order; the whole of it goes back when the order is cancelled."""

    id = Id(required=True)
    amount = Money(required=True, positive=True)
    reason = Text(500, required=True)


class PaymentRefund(Shape):
    id = Id(required=True)
    order_id = Id(required=True)
    kind = fields.String(required=True, metadata={"description": "`whole`, `part`, or `undue`: of a payment that was taken although it had been given up."})
    amount = Money(required=True)
    reason = fields.String(required=True)
    state = fields.String(
        required=True,
        metadata={
            "description": "`made` to where the money came from, or `credited` to the buyer's balance, also where it was made and their bank sent it back."
        },
    )
    awaiting = fields.List(fields.String(), required=True, metadata={"description": "The event that tells of its arrival, while it is on its way."})
    created_at = Timestamp(required=True)


ADD_PAYMENT_METHOD = Operation("payments", "add_payment_method", AddPaymentMethod, PaymentMethod, writes=True)
LIST_PAYMENT_METHODS = Operation("payments", "list_payment_methods", Empty, PaymentMethods)
REMOVE_PAYMENT_METHOD = Operation("payments", "remove_payment_method", ById, PaymentMethods, writes=True)
"""What is under way with it goes on. Answers what is left."""
PAYMENT_CALLBACK = Operation("payments", "payment_callback", Callback, Empty, writes=True)
MAKE_REFUND = Operation("payments", "make_refund", MakeRefund, PaymentRefund, writes=True)
"""By an operator."""
GET_REFUND = Operation("payments", "get_refund", ById, PaymentRefund)
