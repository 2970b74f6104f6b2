"""The operation of payments that tells a client where its card, wallet or bank account becomes a token."""

from __future__ import annotations

from marshmallow import fields

from shared.contracts.fields import Shape
from shared.contracts.operations import Empty, Operation


class PaymentProvider(Shape):
    name = fields.String(required=True, metadata={"description": "`sandbox` or `stripe`."})
    public_key = fields.String(required=True, metadata={"description": "What the client makes tokens with."})
    tokens_url = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "Where the sandbox makes tokens: numbers go there and never here. Null where the provider's own library knows."},
    )


GET_PAYMENT_PROVIDER = Operation("payments", "get_payment_provider", Empty, PaymentProvider)
