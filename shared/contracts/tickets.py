"""Operations of tickets: somebody asks for help, operators answer."""

from __future__ import annotations

from marshmallow import fields, validate

from shared.contracts.fields import Email, Id, Shape, Text, Timestamp
from shared.contracts.operations import ById, Operation, PageRequest
from shared.contracts.orders import Action

CATEGORIES = ("account", "order", "payment", "shipping", "technical", "other")
STATES = ("open", "answered", "closed")
SIDES = ("customer", "operator")


class OpenTicket(Shape):
    category = fields.String(required=True, validate=validate.OneOf(CATEGORIES))
    subject = Text(120, required=True)
    text = Text(5000, required=True)
    order_number = fields.String(
        validate=validate.Regexp(r"^TO-[0-9A-Z]{5}-[0-9A-Z]{5}\Z", error="An order's number, e.g. TO-5N47Q-Z0K6P."),
        metadata={"description": "Of the order it is about.", "examples": ["TO-5N47Q-Z0K6P"]},
    )
    email = Email(metadata={"description": "Where the answer is to go: needed from who has not signed in, and only from them."})


class TicketMessage(Shape):
    id = Id(required=True)
    side = fields.String(required=True, validate=validate.OneOf(SIDES))
    author = fields.String(required=True)
    text = fields.String(required=True)
    sent_at = Timestamp(required=True)


class Customer(Shape):
    """Who asks: an account, or somebody with an e-mail address."""

    id = Id(required=True, allow_none=True)
    name = fields.String(required=True)


class TicketSummary(Shape):
    id = Id(required=True)
    number = fields.String(required=True)
    state = fields.String(required=True, validate=validate.OneOf(STATES))
    label = fields.String(required=True)
    category = fields.String(required=True)
    subject = fields.String(required=True)
    order_number = fields.String(required=True, allow_none=True)
    customer = fields.Nested(Customer, required=True)
    unread = fields.Integer(
        required=True, metadata={"description": "The other side's messages that the caller's side has not read. Reading the ticket reads them."}
    )
    opened_at = Timestamp(required=True)
    updated_at = Timestamp(required=True)


class Ticket(TicketSummary):
    messages = fields.List(fields.Nested(TicketMessage), required=True)
    actions = fields.List(fields.Nested(Action), required=True)


class TicketPage(Shape):
    items = fields.List(fields.Nested(TicketSummary), required=True)
    next = fields.String(allow_none=True)


class ListTickets(PageRequest):
    state = fields.String(validate=validate.OneOf(STATES))


class WriteOnTicket(ById):
    text = Text(5000, required=True)


OPEN_TICKET = Operation("accounts", "open_ticket", OpenTicket, Ticket, writes=True)
"""By anybody, signed in or not."""
LIST_TICKETS = Operation("accounts", "list_tickets", ListTickets, TicketPage)
"""The caller's own, everybody's for operators."""
GET_TICKET = Operation("accounts", "get_ticket", ById, Ticket)
WRITE_ON_TICKET = Operation("accounts", "write_on_ticket", WriteOnTicket, Ticket, writes=True)
CLOSE_TICKET = Operation("accounts", "close_ticket", ById, Ticket, writes=True)
REOPEN_TICKET = Operation("accounts", "reopen_ticket", ById, Ticket, writes=True)
