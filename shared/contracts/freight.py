"""Operations of payments on a supplier's freight account: the funds that the freight of parcels booked here is paid from."""

from __future__ import annotations

from marshmallow import fields

from shared.contracts.events.logistics import FreightItem
from shared.contracts.fields import Currency, Id, Money, Rate, Shape, Timestamp
from shared.contracts.operations import Empty, Operation


class BindFreightAccount(Shape):
    currency = Currency(required=True, metadata={"description": "What its balance is kept in; it stays so."})


class TopUp(Shape):
    amount = Money(required=True, positive=True, metadata={"description": "In the account's currency; taken from the caller's balance on the platform."})
    payment_method_id = Id(metadata={"description": "A method that the caller has bound, to take it from instead."})


class ProviderTopUp(Shape):
    id = Id(required=True)
    amount = Money(required=True)
    kind = fields.String(required=True)
    last4 = fields.String(required=True)
    state = fields.String(required=True, metadata={"description": "`pending`, `made` or `refused`."})
    reason = fields.String(required=True, allow_none=True)
    message = fields.String(required=True, allow_none=True)
    created_at = Timestamp(required=True)


class FreightEntry(Shape):
    charge_id = Id(required=True)
    order_id = Id(required=True)
    direction = fields.String(required=True, metadata={"description": "`charge` or `credit`."})
    state = fields.String(
        required=True,
        metadata={
            "description": "`charged`, `credited`, `refused`, `outstanding` (re-weighing, taken as soon as there are funds), or `withdrawn`: nothing was moved."
        },
    )
    items = fields.List(fields.Nested(FreightItem), required=True)
    amount = Money(required=True, metadata={"description": "All items, as they were billed."})
    moved = Money(
        required=True, allow_none=True, metadata={"description": "The same in the account's currency, as taken or given back; null where nothing was."}
    )
    rate = Rate(required=True, allow_none=True, metadata={"description": "What one of the billed currency came to, if that is another one."})
    reason = fields.String(required=True, allow_none=True)
    message = fields.String(required=True, allow_none=True, metadata={"description": "What to do about it."})
    at = Timestamp(required=True)


class FreightAccount(Shape):
    account_id = Id(required=True)
    currency = fields.String(required=True)
    balance = Money(required=True)
    outstanding = fields.List(Money(), required=True, metadata={"description": "Re-weighing that there were no funds for, one amount a currency."})
    bound_at = Timestamp(required=True)
    awaiting = fields.List(
        fields.String(), required=True, metadata={"description": "The event that tells of a top-up through a provider, while one is pending."}
    )
    top_ups = fields.List(fields.Nested(ProviderTopUp), required=True, metadata={"description": "The latest through providers, newest first."})
    entries = fields.List(fields.Nested(FreightEntry), required=True, metadata={"description": "The latest charges and credits, newest first."})


BIND_FREIGHT_ACCOUNT = Operation("payments", "bind_freight_account", BindFreightAccount, FreightAccount, writes=True)
GET_FREIGHT_ACCOUNT = Operation("payments", "get_freight_account", Empty, FreightAccount)
TOP_UP_FREIGHT_ACCOUNT = Operation("payments", "top_up_freight_account", TopUp, FreightAccount, writes=True)
