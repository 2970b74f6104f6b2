"""Operations of orders: enquiries, offers, orders, and the test clock."""

from __future__ import annotations

from typing import Any

from marshmallow import fields, validate

from shared.contracts.exchange import AgreedExchange
from shared.contracts.fields import Id, Money, Quantity, Shape, Text, Timestamp
from shared.contracts.operations import ById, Empty, Operation, PageRequest, if_match
from shared.contracts.trade import HowToPay, OfferLine, OrderLine, Party, Terms, chosen_options


class EnquiryLine(Shape):
    product_id = Id(required=True)
    quantity = Quantity(metadata={"description": "How many; needed, with the price, for the supplier to accept at once."})
    unit_price = Money(positive=True, metadata={"description": "What the buyer would pay for each."})
    options = chosen_options()


def lines_of(line: type[Shape]) -> fields.List[Any]:
    """What is asked for, offered or ordered, line by line."""
    return fields.List(fields.Nested(line), required=True, validate=validate.Length(min=1, max=200))


class OpenEnquiry(Shape):
    """All lines must be of one supplier's products. With `terms`, and quantity and price on each line, the supplier may accept at once."""

    lines = lines_of(EnquiryLine)
    terms = fields.Nested(Terms)
    message = Text(4000, required=True)


class OfferTerms(Shape):
    """Complete terms."""

    lines = lines_of(OfferLine)
    terms = fields.Nested(Terms, required=True)
    valid_until = Timestamp(required=True)
    message = Text(4000)


class MakeOffer(OfferTerms):
    id = Id(required=True)
    if_match = if_match()


class SendMessage(Shape):
    id = Id(required=True)
    text = Text(4000, required=True)
    if_match = if_match()


class ActOnEnquiry(Shape):
    id = Id(required=True)
    note = Text(1000)
    if_match = if_match()


class Action(Shape):
    """What the caller may do now. The gateway adds method, href and the form as JSON Schema."""

    name = fields.String(required=True)
    label = fields.String(required=True)
    form = fields.String(required=True, allow_none=True, metadata={"description": "The form's name, or null where none is needed."})
    step = fields.String(allow_none=True)
    reasons = fields.List(fields.String(), metadata={"description": "The reasons an exception at this step may have."})
    draft = fields.Boolean(load_default=False, metadata={"description": "Whether the form can be saved as a draft."})


class Message(Shape):
    id = Id(required=True)
    sender = fields.Nested(Party, required=True)
    text = fields.String(required=True)
    sent_at = Timestamp(required=True)


class PricedLine(OfferLine):
    sku = fields.String(required=True)
    title = fields.String(required=True)
    line_total = Money(required=True)


class Offer(Shape):
    id = Id(required=True)
    made_by = fields.Nested(Party, required=True)
    lines = fields.List(fields.Nested(PricedLine), required=True)
    terms = fields.Nested(Terms, required=True)
    total = Money(required=True)
    valid_until = Timestamp(required=True)
    made_at = Timestamp(required=True)


class AskedLine(EnquiryLine):
    sku = fields.String(required=True)
    title = fields.String(required=True)


class HistoryEntry(Shape):
    version = fields.Integer(required=True)
    at = Timestamp(required=True)
    actor_id = fields.String(required=True)
    actor_role = fields.String(required=True)
    step = fields.String(allow_none=True, metadata={"description": "The order's step that it concerns."})
    action = fields.String(required=True)
    label = fields.String(required=True)
    from_state = fields.String(required=True, allow_none=True)
    to_state = fields.String(required=True)
    reason = fields.String(allow_none=True)
    note = fields.String(allow_none=True)
    form = fields.Dict(allow_none=True, metadata={"description": "What was submitted with it."})


class EnquirySummary(Shape):
    id = Id(required=True)
    number = fields.String(required=True)
    state = fields.String(required=True)
    label = fields.String(required=True)
    version = fields.Integer(required=True)
    buyer = fields.Nested(Party, required=True)
    supplier = fields.Nested(Party, required=True)
    order_id = Id(allow_none=True)
    created_at = Timestamp(required=True)
    updated_at = Timestamp(required=True)


class Enquiry(EnquirySummary):
    lines = fields.List(fields.Nested(AskedLine), required=True)
    terms = fields.Nested(Terms, allow_none=True)
    offers = fields.List(fields.Nested(Offer), required=True, metadata={"description": "Oldest first; the last is the one to accept."})
    messages = fields.List(fields.Nested(Message), required=True)
    history = fields.List(fields.Nested(HistoryEntry), required=True)
    actions = fields.List(fields.Nested(Action), required=True)


class Deadline(Shape):
    kind = fields.String(required=True)
    at = Timestamp(required=True)


class StepStatus(Shape):
    name = fields.String(required=True)
    label = fields.String(required=True)
    status = fields.String(required=True, validate=validate.OneOf(("done", "current", "to_come")))
    actor = fields.String(required=True)


class OrderException(Shape):
    step = fields.String(required=True)
    reason = fields.String(required=True)
    note = fields.String(required=True)
    evidence = fields.List(fields.String())
    raised_at = Timestamp(required=True)
    abort_proposed_by = fields.String(allow_none=True)


class Refund(Shape):
    amount = Money(required=True)
    received_at = Timestamp(allow_none=True, metadata={"description": "Direct settlement: when the buyer confirmed it."})


class ChannelProposal(Shape):
    """Another logistics channel that one party proposes and the other may agree to."""

    channel = fields.String(required=True)
    proposed_by = fields.String(required=True)


class LineGap(Shape):
    """A line that lacks what customs will ask for."""

    line = fields.Integer(required=True)
    product_id = Id(required=True)
    field = fields.String(required=True)
    message = fields.String(required=True)


class PurchaseReference(Shape):
    id = Id(required=True)
    number = fields.String(required=True)


class OrderSummary(Shape):
    id = Id(required=True)
    number = fields.String(required=True)
    enquiry_id = Id(allow_none=True)
    purchase = fields.Nested(PurchaseReference, allow_none=True, metadata={"description": "The basket that it was ordered with."})
    state = fields.String(required=True)
    label = fields.String(required=True)
    awaiting = fields.List(
        fields.String(), required=True, metadata={"description": "Events of other services the submitted step waits for; empty where none is under way."}
    )
    version = fields.Integer(required=True)
    buyer = fields.Nested(Party, required=True)
    supplier = fields.Nested(Party, required=True)
    total = Money(required=True)
    placed_at = Timestamp(required=True)
    updated_at = Timestamp(required=True)


class Order(OrderSummary):
    payable = Money(required=True, metadata={"description": "What the buyer pays: the total, or that in the currency which was agreed on for the payment."})
    exchange = fields.Nested(AgreedExchange, allow_none=True)
    terms = fields.Nested(Terms, required=True)
    lines = fields.List(fields.Nested(OrderLine), required=True)
    steps = fields.List(fields.Nested(StepStatus), required=True)
    history = fields.List(fields.Nested(HistoryEntry), required=True)
    deadlines = fields.List(fields.Nested(Deadline), required=True)
    drafts = fields.Dict(keys=fields.String(), values=fields.Dict(), required=True, metadata={"description": "The caller's saved forms by step."})
    exception = fields.Nested(OrderException, allow_none=True)
    channel_proposal = fields.Nested(ChannelProposal, allow_none=True)
    refund = fields.Nested(Refund, allow_none=True)
    customs_gaps = fields.List(fields.Nested(LineGap), required=True)
    actions = fields.List(fields.Nested(Action), required=True)


class DirectLine(Shape):
    product_id = Id(required=True)
    quantity = Quantity(required=True)
    options = chosen_options()


class PlaceOrder(HowToPay):
    """Straight from a listing, at its list prices."""

    lines = lines_of(DirectLine)
    terms = fields.Nested(Terms, required=True)


class ActOnOrder(Shape):
    id = Id(required=True)
    action = fields.String(required=True)
    form = fields.Raw(load_default=dict, metadata={"description": "The action's form."})
    if_match = if_match()


class SaveDraft(Shape):
    id = Id(required=True)
    step = fields.String(required=True)
    form = fields.Raw(required=True)
    if_match = if_match()


class Draft(Shape):
    step = fields.String(required=True)
    form = fields.Dict(required=True)
    problems = fields.Dict(required=True, metadata={"description": "What Submit would say of it now, by field."})
    saved_at = Timestamp(required=True)


class ListTrades(PageRequest):
    state = fields.String()
    role = fields.String(validate=validate.OneOf(("buyer", "supplier")), metadata={"description": "Only where the caller is this party."})
    period = fields.String(load_default="all_time", validate=validate.OneOf(("current_month", "all_time")))


class EnquiryPage(Shape):
    items = fields.List(fields.Nested(EnquirySummary), required=True)
    next = fields.String(allow_none=True)


class OrderPage(Shape):
    items = fields.List(fields.Nested(OrderSummary), required=True)
    next = fields.String(allow_none=True)


class ClockTime(Shape):
    now = Timestamp(required=True)


class AdvanceClock(Shape):
    """Forward only. Give either."""

    seconds = fields.Integer(strict=True, validate=validate.Range(min=1, max=10 * 366 * 86400))
    to = Timestamp()


OPEN_ENQUIRY = Operation("orders", "open_enquiry", OpenEnquiry, Enquiry, writes=True)
MAKE_OFFER = Operation("orders", "make_offer", MakeOffer, Enquiry, writes=True)
ACCEPT_ENQUIRY = Operation("orders", "accept_enquiry", ActOnEnquiry, Order, writes=True)
CANCEL_ENQUIRY = Operation("orders", "cancel_enquiry", ActOnEnquiry, Enquiry, writes=True)
SEND_MESSAGE = Operation("orders", "send_message", SendMessage, Enquiry, writes=True)
GET_ENQUIRY = Operation("orders", "get_enquiry", ById, Enquiry)
LIST_ENQUIRIES = Operation("orders", "list_enquiries", ListTrades, EnquiryPage)
PLACE_ORDER = Operation("orders", "place_order", PlaceOrder, Order, writes=True)
GET_ORDER = Operation("orders", "get_order", ById, Order)
LIST_ORDERS = Operation("orders", "list_orders", ListTrades, OrderPage)
ACT_ON_ORDER = Operation("orders", "act_on_order", ActOnOrder, Order, writes=True)
SAVE_DRAFT = Operation("orders", "save_draft", SaveDraft, Draft, writes=True)
GET_CLOCK = Operation("orders", "get_clock", Empty, ClockTime)
ADVANCE_CLOCK = Operation("orders", "advance_clock", AdvanceClock, ClockTime, writes=True)
"""By an operator; not there in production mode."""
