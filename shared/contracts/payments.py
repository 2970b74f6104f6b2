"""Operations of payments: an order's account, a party's balance."""

from __future__ import annotations

from marshmallow import fields

from shared.contracts.fields import Id, Money, Rate, Shape, Text, Timestamp
from shared.contracts.operations import ById, Empty, Operation
from shared.contracts.payment_methods import PaymentRefund


class Transfer(Shape):
    id = Id(required=True)
    kind = fields.String(required=True)
    debit = fields.String(required=True, metadata={"description": "The ledger account debited, e.g. `balance:<account>`."})
    credit = fields.String(required=True, metadata={"description": "The ledger account credited, e.g. `escrow:<order>`."})
    amount = Money(required=True)
    at = Timestamp(required=True)


class OrderExchange(Shape):
    order_total = Money(required=True, metadata={"description": "In the order's own currency, in which the supplier is paid."})
    rate = Rate(required=True, metadata={"description": "At which what is due was fixed when the order was made."})
    rate_id = Id(required=True)


class ProviderPayment(Shape):
    """A payment that a provider was asked for: `requested`, `authorizing`, `authorized`, `capturing`, `captured`, `declined`; given up, it is `cancelling`,
    `cancelled`, or, where it was taken all the same, `undue`: then it goes back."""

    id = Id(required=True)
    provider = fields.String(required=True)
    kind = fields.String(required=True)
    last4 = fields.String(required=True)
    amount = Money(required=True)
    state = fields.String(required=True)
    reason = fields.String(required=True, allow_none=True)
    created_at = Timestamp(required=True)


class OrderPayments(Shape):
    order_id = Id(required=True)
    settlement = fields.String(required=True)
    state = fields.String(required=True)
    due = Money(required=True, metadata={"description": "In the currency that the order is paid in, as are paid, held and refund_due."})
    paid = Money(required=True, metadata={"description": "In all, whatever was given back since; under direct settlement as the buyer reports it."})
    held = Money(required=True, metadata={"description": "In escrow."})
    refund_due = Money(required=True, metadata={"description": "Owed by the supplier under direct settlement."})
    exchange = fields.Nested(OrderExchange, required=True, allow_none=True, metadata={"description": "Null where that is the order's own currency."})
    transfers = fields.List(fields.Nested(Transfer), required=True)
    provider_payments = fields.List(fields.Nested(ProviderPayment), required=True)
    refunds = fields.List(fields.Nested(PaymentRefund), required=True)


class Balances(Shape):
    items = fields.List(Money(), required=True, metadata={"description": "One per currency the account has funds in."})


class Deposit(Shape):
    account_id = Id(required=True)
    amount = Money(required=True, positive=True)
    reference = Text(140, required=True, metadata={"description": "The bank's reference; the same one counts once."})


GET_ORDER_PAYMENTS = Operation("payments", "get_order_payments", ById, OrderPayments)
GET_BALANCES = Operation("payments", "get_balances", Empty, Balances)
DEPOSIT = Operation("payments", "deposit", Deposit, Balances, writes=True)
"""By an operator: money that came by bank for an account."""
