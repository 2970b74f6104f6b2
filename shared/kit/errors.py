"""The errors that may cross a service's edge, each with a stable code and a kind that says who must act.

    TradeError
    ├── Malformed           the message itself cannot be read          (HTTP 400)
    ├── Unauthenticated     who is asking is not known                 (401)
    ├── Forbidden           may see it, may not do it                  (403)
    ├── NotFound            is not there, or may not be seen           (404)
    ├── Conflict            not in this state; names what is allowed   (409)
    ├── PreconditionFailed  changed since it was read                  (412)
    ├── TooLarge            more than is taken in one request          (413)
    ├── Invalid             values are wrong, named field by field     (422)
    ├── TooMany             asked too often; says when to ask again    (429)
    └── Unavailable         try again later                            (503)

Anything else that is raised is a defect: it crosses the edge as `internal_error`, without its text.
"""

from __future__ import annotations

from typing import Any


class TradeError(Exception):
    """`code` is stable snake_case for machines, `message` a sentence for people, `errors` maps field paths (`lines.0.quantity`)
    to sentences, `data` is further JSON that belongs to the code."""

    kind = "internal"

    def __init__(self, code: str, message: str, errors: dict[str, list[str]] | None = None, **data: Any) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.errors = errors or {}
        self.data = data


class Malformed(TradeError):
    kind = "malformed"


class Unauthenticated(TradeError):
    kind = "unauthenticated"


class Forbidden(TradeError):
    kind = "forbidden"


class NotFound(TradeError):
    kind = "not_found"


class Conflict(TradeError):
    kind = "conflict"


class PreconditionFailed(TradeError):
    kind = "precondition_failed"


class TooLarge(TradeError):
    kind = "too_large"


class Invalid(TradeError):
    kind = "invalid"


class TooMany(TradeError):
    """`data` says in `retry_after` how many whole seconds to wait."""

    kind = "too_many"

    def __init__(self, code: str, message: str, errors: dict[str, list[str]] | None = None, *, retry_after: int, **data: Any) -> None:
        super().__init__(code, message, errors, retry_after=retry_after, **data)


class Unavailable(TradeError):
    kind = "unavailable"


KINDS: dict[str, type[TradeError]] = {
    each.kind: each
    for each in (TradeError, Malformed, Unauthenticated, Forbidden, NotFound, Conflict, PreconditionFailed, TooLarge, Invalid, TooMany, Unavailable)
}
