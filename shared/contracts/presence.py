"""Operations about who is there: noted by the gateway, kept by accounts, told to the parties of a trade about each other."""

from __future__ import annotations

from marshmallow import fields, validate

from shared.contracts.fields import Id, Shape, Timestamp
from shared.contracts.operations import ById, ByKey, Empty, Operation
from shared.contracts.trade import Party

MOST = 1000


class Accounts(Shape):
    ids = fields.List(Id(), required=True, validate=validate.Length(1, MOST))


class Sighting(Shape):
    id = Id(required=True)
    online = fields.Boolean(required=True, metadata={"description": "Seen within two minutes."})
    last_seen_at = Timestamp(required=True, allow_none=True, metadata={"description": "To about a minute; null for who was never here."})


class Sightings(Shape):
    items = fields.List(fields.Nested(Sighting), required=True)


class PartyPresence(Party):
    online = fields.Boolean(required=True, metadata={"description": "Seen within two minutes."})
    last_seen_at = Timestamp(required=True, allow_none=True, metadata={"description": "To about a minute; null for who was never here."})


class Presence(Shape):
    """Whether the parties of an enquiry or order are there. Who has signed in and asks for anything, or listens to the stream of events, is."""

    buyer = fields.Nested(PartyPresence, required=True)
    supplier = fields.Nested(PartyPresence, required=True)


NOTE_SEEN = Operation("accounts", "note_seen", Accounts, Empty, by_key=ByKey.ALWAYS)
"""Those accounts are here now. Told by the gateway; an id of no account is passed over."""
LAST_SEEN = Operation("accounts", "last_seen", Accounts, Sightings, by_key=ByKey.ALWAYS)
"""For services, which say whom they tell."""
GET_ENQUIRY_PRESENCE = Operation("orders", "get_enquiry_presence", ById, Presence)
GET_ORDER_PRESENCE = Operation("orders", "get_order_presence", ById, Presence)
"""For parties and operators; NotFound for everybody else."""
