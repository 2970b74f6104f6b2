"""Events of payments."""

from __future__ import annotations

from marshmallow import fields

from shared.contracts.events.registry import BUYER, SUPPLIER, EventContract
from shared.contracts.fields import Id, Money, Notice


class OrderAmount(Notice):
    order_id = Id(required=True)
    amount = Money(required=True)


class RefundBounced(OrderAmount):
    refund_id = Id(required=True)


class PartRefunded(RefundBounced):
    reason = fields.String(required=True)


_REASONS = (
    "insufficient_funds",
    "amount_mismatch",
    "currency_mismatch",
    "method_not_accepted",
    "payment_method_missing",
    "already_paid",
    "payment_under_way",
    "account_closed",
    "declined",
    "payment_cancelled",
    "provider_timeout",
)


class PaymentRefused(Notice):
    order_id = Id(required=True)
    reason = fields.String(required=True, metadata={"description": f"A stable code: {', '.join(_REASONS)}."})
    message = fields.String(required=True)


class FreightAnswer(Notice):
    order_id = Id(required=True)
    charge_id = Id(required=True)


class FreightMoved(FreightAnswer):
    amount = Money(load_default=None, allow_none=True, metadata={"description": "In the account's currency; all items together, converted and rounded once."})


class FreightRefused(FreightAnswer):
    reason = fields.String(required=True, metadata={"description": "`freight_account_missing`, `freight_currency_mismatch` or `insufficient_freight_funds`."})
    message = fields.String(required=True, metadata={"description": "What to do about it."})


class FreightAccountBound(Notice):
    account_id = Id(required=True)
    currency = fields.String(required=True)


class DepositMade(Notice):
    account_id = Id(required=True)
    amount = Money(required=True)


class PayoutRequested(DepositMade):
    payout_id = Id(required=True)


class PayoutPaid(PayoutRequested):
    reference = fields.String(required=True, metadata={"description": "The bank's."})
    paid_on = fields.Date(required=True)


class PayoutRejected(PayoutRequested):
    reason = fields.String(required=True)


class TopUpRefused(DepositMade):
    reason = fields.String(required=True, metadata={"description": "`declined`, `payment_cancelled` or `provider_timeout`."})
    message = fields.String(required=True)


EVENTS = (
    EventContract("payments.account_opened.v1", OrderAmount, "order", "The order has its account; the amount is what is due."),
    EventContract("payments.payment_recorded.v1", OrderAmount, "order", "The payment is recorded (direct) or captured and held (escrow)."),
    EventContract("payments.payment_refused.v1", PaymentRefused, "order", "The payment could not be taken; nothing was moved."),
    EventContract("payments.invoice_settled.v1", OrderAmount, "order", "Direct settlement: the supplier has the money."),
    EventContract("payments.refund_made.v1", OrderAmount, "order", "Escrow: all that was held went back to the buyer."),
    EventContract("payments.part_refunded.v1", PartRefunded, "order", "Escrow: the buyer has part of it back; the rest is held on, or released."),
    EventContract("payments.refund_bounced.v1", RefundBounced, "order", "A refund came back from the buyer's bank: it is on their balance instead.", BUYER),
    EventContract("payments.refund_due.v1", OrderAmount, "order", "Direct settlement: the supplier owes the buyer this amount."),
    EventContract("payments.refund_settled.v1", OrderAmount, "order", "Direct settlement: the buyer has the refund."),
    EventContract(
        "payments.funds_released.v1", OrderAmount, "order", "Escrow: what was held went to the supplier's balance; the amount is in the order's own currency."
    ),
    EventContract("payments.freight_charged.v1", FreightMoved, "order", "All of a charge is taken from the supplier's freight account.", SUPPLIER),
    EventContract("payments.freight_refused.v1", FreightRefused, "order", "The charge could not be taken; nothing was moved.", SUPPLIER),
    EventContract("payments.freight_refunded.v1", FreightMoved, "order", "Freight was given back to the supplier's freight account.", SUPPLIER),
    EventContract("payments.freight_account_bound.v1", FreightAccountBound, "account", "A supplier has a freight account now."),
    EventContract("payments.freight_topped_up.v1", DepositMade, "account", "Funds went from a supplier's balance to their freight account."),
    EventContract("payments.freight_top_up_refused.v1", TopUpRefused, "account", "The provider did not take a top-up; nothing was moved."),
    EventContract("payments.payout_requested.v1", PayoutRequested, "account", "Funds are set aside from an account's balance, to be paid to a bank account."),
    EventContract("payments.payout_paid.v1", PayoutPaid, "account", "The bank has paid a payout."),
    EventContract("payments.payout_rejected.v1", PayoutRejected, "account", "A payout was rejected; its amount is on the balance again."),
    EventContract("payments.deposit_made.v1", DepositMade, "account", "Funds were put on an account's balance."),
)
