"""What a row of the HTTP face is: a route that a service's operation answers, or a page that the gateway answers by itself."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from marshmallow import Schema
from werkzeug.wrappers import Response

from shared.contracts import documents, payment_methods, trade_events
from shared.contracts.fields import OwnPassword
from shared.contracts.operations import Callback, Operation
from shared.platform.client import Caller
from shared.platform.settings import settings
from shared.platform.web import Request

GET, POST, PUT, PATCH, DELETE = "GET", "POST", "PUT", "PATCH", "DELETE"


@dataclass(frozen=True, slots=True)
class Route:
    """`method path` is answered by `operation`, whose data are the path's values with the query's (GET) or the JSON body's.

    `body_as`: the whole body is this one of the data. `status` is that of success; `location` is made of the answer.
    """

    method: str
    path: str
    operation: Operation
    summary: str
    status: int = 200
    public: bool = False
    knows_caller: bool = False  # public, but who is signed in gets to see more
    body_as: str | None = None
    location: str | None = None
    development: bool = False  # not there in production

    @property
    def parameters(self) -> tuple[str, ...]:
        return _parameters(self.path)

    @property
    def rule(self) -> str:
        return _rule(self.path)

    @property
    def takes_if_match(self) -> bool:
        return "if_match" in self.operation.request._declared_fields

    @property
    def takes_address(self) -> bool:
        """Whether the owner is told where the request comes from, and by which program."""
        return "remote_address" in self.operation.request._declared_fields

    @property
    def elsewhere(self) -> frozenset[str]:
        """The data's names that stand in the path, a header or a body of another kind, or are known here: never in query or JSON body."""
        document = ("media_type", "content") if self.takes_document else ()
        place = ("after", "until") if self.is_stream else ()
        named = {*self.parameters, "if_match", "remote_address", "user_agent", *document, *place}
        return frozenset(named & self.operation.request._declared_fields.keys())

    @property
    def refuses_card_numbers(self) -> bool:
        """Whether one must not get any further than here."""
        return self.operation is payment_methods.ADD_PAYMENT_METHOD

    @property
    def asks_password(self) -> bool:
        """Whether the operation has the caller's password asked again. Where the body is a form, its action may."""
        return isinstance(self.operation.request._declared_fields.get("password"), OwnPassword)

    @property
    def takes_document(self) -> bool:
        """Whether the body is a document's bytes, all else being in the query."""
        return self.operation is documents.UPLOAD_DOCUMENT

    @property
    def body_limit(self) -> int | None:
        return settings().document_limit if self.takes_document else None

    @property
    def is_stream(self) -> bool:
        """Whether the answer goes on as long as the caller listens."""
        return self.operation is trade_events.LIST_EVENTS

    @property
    def is_callback(self) -> bool:
        """Whether the body is handed on as it came."""
        return self.operation.request is Callback


@dataclass(frozen=True, slots=True)
class Page:
    """What the gateway answers by itself: in one of the media types; `shape` is that of its JSON."""

    path: str
    answer: Callable[[Request, Caller], Response]
    summary: str
    media_types: tuple[str, ...] = ("application/json",)
    shape: type[Schema] | None = None
    method: str = "GET"
    body_limit: int | None = None

    @property
    def parameters(self) -> tuple[str, ...]:
        return _parameters(self.path)

    @property
    def rule(self) -> str:
        return _rule(self.path)


def _parameters(path: str) -> tuple[str, ...]:
    """The names in the path."""
    return tuple(re.findall(r"{(\w+)}", path))


def _rule(path: str) -> str:
    """The path in Werkzeug's notation: what is called `id` is a UUID, anything else is not found."""
    return re.sub(r"{(\w+)}", r"<\1>", path.replace("{id}", "<uuid:id>"))
