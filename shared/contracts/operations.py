"""What an operation (an RPC method) is: who owns it, what it takes, what it answers, whether it changes anything."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from marshmallow import Schema, fields, validate

from shared.contracts.fields import Id, Shape

LONGEST_USER_AGENT = 200


class ByKey(Enum):
    """Whether an API key may ask for an operation, instead of who has signed in."""

    SCOPE = "where the key has the operation's scope"
    NEVER = "not at all: it concerns what one signs in with, or keys themselves"
    ALWAYS = "whatever its scopes: what it asks for is part of another operation"


@dataclass(frozen=True, slots=True)
class Operation:
    """`service.name` on the bus. `request` loads the call's data in the owning service, `answer` dumps what it returns.

    An operation that `writes` runs once per command id: a retry with the same id gets the first answer again. `area` names its scope, where
    that is not the service's.
    """

    service: str
    name: str
    request: type[Schema]
    answer: type[Schema]
    writes: bool = False
    by_key: ByKey = ByKey.SCOPE
    area: str = ""

    @property
    def scope(self) -> str:
        """What an API key must have been given to ask for it."""
        return f"{self.area or self.service}:{'write' if self.writes else 'read'}"


class ById(Shape):
    id = Id(required=True)


NEWEST, OLDEST = "newest", "oldest"


class PageRequest(Shape):
    """A page of a list: pass the last answer's `next` as `cursor` to go on, in the same order."""

    cursor = fields.String(metadata={"description": "Where the previous page ended: its `next`."})
    limit = fields.Integer(load_default=20, validate=validate.Range(1, 100), metadata={"description": "Rows a page, 1 to 100."})
    sort = fields.String(load_default=NEWEST, validate=validate.OneOf((NEWEST, OLDEST)), metadata={"description": "Which come first."})


class Callback(Shape):
    """What another party's system sends by HTTP, as it came: the signature is over the very bytes of the body, so that its owner alone reads it."""

    sender = fields.String(required=True, validate=validate.Length(1, 40), metadata={"description": "Whose system it is."})
    body = fields.String(required=True)
    signatures = fields.Dict(
        keys=fields.String(), values=fields.String(), required=True, metadata={"description": "The headers that are named `…-signature`, in lower case."}
    )


def if_match() -> fields.Integer:
    """A field of what changes something that has a version."""
    return fields.Integer(strict=True, metadata={"description": "The version the caller saw."})


def remote_address() -> fields.IP:
    """A field of what somebody asks who need not be signed in: the gateway says where they ask from."""
    return fields.IP(required=True)


def user_agent() -> fields.String:
    """A field of the same: by which program they ask, as that says of itself."""
    return fields.String(allow_none=True, validate=validate.Length(max=LONGEST_USER_AGENT))


class Empty(Shape):
    """Takes nothing, or answers nothing."""
