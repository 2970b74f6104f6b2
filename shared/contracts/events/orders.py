"""Events of orders: one per transition, so that the outbox tells the order's whole story."""

from __future__ import annotations

from marshmallow import Schema, fields

from shared.contracts import forms
from shared.contracts.events.registry import EventContract
from shared.contracts.exchange import AgreedExchange
from shared.contracts.fields import Id, Money, Notice, Timestamp
from shared.contracts.trade import OrderLine, Party, Terms


class EnquiryMoved(Notice):
    enquiry_id = Id(required=True)
    number = fields.String(required=True)
    buyer = fields.Nested(Party, required=True)
    supplier = fields.Nested(Party, required=True)
    action = fields.String(required=True)
    from_state = fields.String(required=True, allow_none=True)
    to_state = fields.String(required=True)
    actor_id = fields.String(required=True)
    at = Timestamp(required=True)
    order_id = Id(load_default=None, allow_none=True, metadata={"description": "The order made of it, once accepted."})


class OrderMoved(Notice):
    """What every transition tells."""

    order_id = Id(required=True)
    number = fields.String(required=True)
    buyer = fields.Nested(Party, required=True)
    supplier = fields.Nested(Party, required=True)
    step = fields.String(required=True, allow_none=True, metadata={"description": "The step it concerns."})
    action = fields.String(required=True)
    from_state = fields.String(required=True, allow_none=True)
    to_state = fields.String(required=True)
    actor_id = fields.String(required=True, metadata={"description": "An account, or `clock`, `catalog`, `payments`, `logistics`."})
    actor_role = fields.String(required=True)
    reason = fields.String(load_default=None, allow_none=True)
    note = fields.String(load_default=None, allow_none=True)
    version = fields.Integer(required=True, metadata={"description": "The order's version after it."})
    at = Timestamp(required=True)


class OrderPlaced(OrderMoved):
    enquiry_id = Id(load_default=None, allow_none=True)
    purchase_number = fields.String(load_default=None, allow_none=True, metadata={"description": "That of the basket it was ordered with."})
    terms = fields.Nested(Terms, required=True)
    lines = fields.List(fields.Nested(OrderLine), required=True)
    total = Money(required=True)
    exchange = fields.Nested(AgreedExchange, load_default=None, allow_none=True, metadata={"description": "Where it is paid in another currency."})


class ChannelAgreed(OrderMoved):
    channel = fields.String(required=True, metadata={"description": "The one that the goods are to go by instead."})


class OrderCancelled(OrderMoved):
    """`refund` is what the buyer has paid and is owed: from escrow by payments, under direct settlement by the supplier."""

    settlement = fields.String(required=True)
    refund = Money(load_default=None, allow_none=True)


def _with_form(name: str, form: type[Schema]) -> type[Schema]:
    return OrderMoved.from_dict({"form": fields.Nested(form(exclude=("password",) if "password" in form().fields else ()), required=True)}, name=name)


def _order(name: str, data: type[Schema], description: str) -> EventContract:
    return EventContract(f"orders.{name}.v1", data, "order", description)


def _enquiry(name: str, description: str) -> EventContract:
    return EventContract(f"orders.{name}.v1", EnquiryMoved, "enquiry", description)


EVENTS = (
    _enquiry("enquiry_opened", "A buyer asks about products."),
    _enquiry("offer_made", "A party made complete terms: an offer or a counter-offer."),
    _enquiry("enquiry_accepted", "The latest terms are agreed; an order is made of them."),
    _enquiry("enquiry_cancelled", "A party ended the enquiry."),
    _enquiry("enquiry_expired", "The offer's validity ran out."),
    _enquiry("message_sent", "A party wrote a message."),
    _order("order_placed", OrderPlaced, "An order is made; stock and channel are being confirmed."),
    _order("order_confirmed", OrderMoved, "Stock and channel are confirmed; the order waits for payment."),
    _order("order_rejected", OrderMoved, "Stock or channel could not be had."),
    _order("payment_submitted", _with_form("PaymentSubmitted", forms.PaymentForm), "The buyer says it is paid."),
    _order("payment_made", OrderMoved, "The payment is recorded (direct) or held (escrow)."),
    _order("payment_confirmed", _with_form("PaymentConfirmed", forms.PaymentConfirmationForm), "The supplier has the money."),
    _order("export_customs_submitted", _with_form("ExportCustomsSubmitted", forms.ExportCustomsForm), "The export declaration is handed in."),
    _order("export_cleared", OrderMoved, "Export customs is done."),
    _order("shipping_submitted", _with_form("ShippingSubmitted", forms.ShippingForm), "The supplier says it is packed and dispatched."),
    _order("goods_shipped", OrderMoved, "The goods are on their way."),
    _order("insurance_submitted", _with_form("InsuranceSubmitted", forms.InsuranceForm), "The policy is handed in."),
    _order("goods_insured", OrderMoved, "The goods are insured."),
    _order("goods_arrived", OrderMoved, "The transport succeeded."),
    _order("import_customs_submitted", _with_form("ImportCustomsSubmitted", forms.ImportCustomsForm), "The import clearance is handed in."),
    _order("import_cleared", OrderMoved, "Import customs is done."),
    _order("goods_received", OrderMoved, "The goods are received, or the acceptance deadline took them as received: the order is completed."),
    _order("submission_returned", OrderMoved, "Another service could not do its part; the step is to be done again, for the reason told."),
    _order("channel_proposed", ChannelAgreed, "A party proposes another logistics channel."),
    _order("channel_declined", OrderMoved, "The other party keeps to the channel."),
    _order("channel_agreed", ChannelAgreed, "Both parties want that channel; logistics has yet to say whether it can carry the goods."),
    _order("channel_changed", OrderMoved, "The goods go by the channel that both agreed on."),
    _order("exception_raised", OrderMoved, "Something went wrong at a step."),
    _order("exception_resolved", OrderMoved, "It was put right; the step goes on."),
    _order("abort_proposed", OrderMoved, "A party proposes to give the order up."),
    _order("order_cancelled", OrderCancelled, "The order ended before its time."),
    _order("refund_received", OrderMoved, "Direct settlement: the buyer has the refund."),
    _order("protection_ended", OrderMoved, "The buyer's protection is over: held funds may go to the supplier."),
)
