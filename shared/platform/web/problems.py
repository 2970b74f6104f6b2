"""Errors as problem documents (RFC 9457): the one table from an error's kind to its HTTP status, and how a document looks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from werkzeug.exceptions import HTTPException, MethodNotAllowed, NotFound
from werkzeug.wrappers import Response

from shared.kit.errors import TooMany
from shared.platform.calls import error_data
from shared.platform.wire import encode

STATUS = {
    "malformed": 400,
    "unauthenticated": 401,
    "forbidden": 403,
    "not_found": 404,
    "conflict": 409,
    "precondition_failed": 412,
    "too_large": 413,
    "invalid": 422,
    "too_many": 429,
    "internal": 500,
    "unavailable": 503,
}
"""Kind of a TradeError → HTTP status."""

MEDIA_TYPE = "application/problem+json"


def problem(error: Exception, correlation_id: str) -> Response:
    """The answer for any error: a TradeError by its kind, Werkzeug's by their status, everything else a 500 that tells nothing but is logged."""
    facts: dict[str, Any]
    if isinstance(error, NotFound):
        status, facts = 404, {"code": "no_such_path", "message": "There is nothing at this path."}
    elif isinstance(error, HTTPException):
        status, facts = error.code or 500, {"code": error.name.lower().replace(" ", "_"), "message": error.description or ""}
    else:
        facts = error_data(error)
        status = STATUS[facts.pop("kind")]
    response = Response(document(status, correlation_id=correlation_id, **facts), status, content_type=MEDIA_TYPE)
    response.headers.extend(_headers(error, facts["code"]))
    return response


def document(
    status: int, code: str, message: str, correlation_id: str, errors: Mapping[str, Any] | None = None, data: Mapping[str, Any] | None = None
) -> bytes:
    """The document as JSON. `type` stays the same for all problems of one code; `errors` maps field paths to sentences, `data` is further JSON."""
    standard = {"type": f"/problems/{code}", "title": title(code), "status": status, "detail": message, "code": code}
    return encode({**(data or {}), **standard, **({"errors": errors} if errors else {}), "correlation_id": correlation_id})


def title(code: str) -> str:
    """What a code is called among people."""
    return code.replace("_", " ").capitalize()


def _headers(error: Exception, code: str) -> dict[str, str]:
    if isinstance(error, MethodNotAllowed):
        return {"Allow": ", ".join(sorted(error.valid_methods or ()))}
    if isinstance(error, TooMany):
        return {"Retry-After": str(error.data["retry_after"])}
    kind = getattr(error, "kind", "")
    if kind == "unauthenticated":
        return {
            "WWW-Authenticate": 'Bearer realm="tradelane"'
            + (', error="invalid_token"' if code in ("token_invalid", "token_expired", "api_key_invalid") else "")
        }
    if kind == "unavailable" or code == "still_running":
        return {"Retry-After": "1"}
    return {}
