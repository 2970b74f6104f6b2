"""Operations that tell the parties of trades what happens to them: which events those are, and in which order."""

from __future__ import annotations

from marshmallow import ValidationError, fields, validate

from shared.contracts.events import EVENTS
from shared.contracts.fields import Id, Shape, Timestamp
from shared.contracts.operations import Operation

TOLD = {each.type: each for each in EVENTS.values() if each.source == "orders" or (each.source in ("payments", "logistics") and each.subject == "order")}
"""The events that parties are told, by type: all of orders', and what payments and logistics do about an order."""

SEE_ALL = frozenset(("operator", "service"))
"""The roles that are told of everybody's trades."""

MOST = 50
"""Events at a time: some of them carry whole forms."""


def _are_told(types: str) -> None:
    if unknown := [name for name in types.split(",") if name not in TOLD]:
        raise ValidationError(f"Not told to parties: {', '.join(unknown)}."[:200])


class ListEvents(Shape):
    """Positions count the events of all trades, in one order; those of a caller have gaps."""

    types = fields.String(
        validate=_are_told,
        metadata={"description": "Only events of these types, separated by commas.", "examples": ["orders.order_placed.v1,orders.goods_shipped.v1"]},
    )
    after = fields.Integer(required=True, strict=True, validate=validate.Range(0, 2**63 - 1))
    until = fields.Integer(required=True, strict=True, validate=validate.Range(0, 2**63 - 1))


class TradeEvent(Shape):
    """A CloudEvent (1.0) in JSON, and where it stands."""

    position = fields.Integer(required=True)
    specversion = fields.String(dump_default="1.0")
    id = Id(required=True)
    source = fields.String(required=True)
    type = fields.String(required=True)
    subject = fields.String(required=True)
    time = Timestamp(required=True)
    data = fields.Dict(required=True)


class TradeEvents(Shape):
    items = fields.List(fields.Nested(TradeEvent), required=True)
    position = fields.Integer(required=True, metadata={"description": "Up to where the caller has been told everything by now."})


class Doubt(Shape):
    """Up to `position` all has come once no transaction up to `transaction` is at work any more."""

    position = fields.Integer(required=True)
    transaction = fields.Integer(required=True)


class AskNews(Shape):
    since = fields.Integer(load_default=None, allow_none=True, metadata={"description": "The position that the last answer told."})
    doubt = fields.Nested(Doubt, load_default=None, allow_none=True, metadata={"description": "That of the last answer."})


class News(Shape):
    position = fields.Integer(
        required=True, allow_none=True, metadata={"description": "Nothing can appear up to there any more; null while that is not known."}
    )
    accounts = fields.List(
        Id(), required=True, allow_none=True, metadata={"description": "The parties of what has come since then; null where they are too many to name."}
    )
    doubt = fields.Nested(Doubt, required=True, allow_none=True)


LIST_EVENTS = Operation("orders", "list_events", ListEvents, TradeEvents, area="events")
"""Those of the caller's own trades behind `after` up to `until`, at most `MOST`; of all trades for operators and service accounts.

Invalid `position_unknown` where `after` is none that was ever given.
"""
NEWS = Operation("orders", "news", AskNews, News)
"""Whose trades have news. Asked by the gateway itself, for all that wait for some."""
