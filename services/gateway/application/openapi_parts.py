"""What all operations of the OpenAPI document share: headers, parameters and problem documents."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from apispec import APISpec

from services.gateway.application.catalogue import PROBLEMS as CATALOGUE
from services.gateway.application.reading import LONGEST_WAIT
from shared.contracts.api_keys import PREFIX, SCOPES
from shared.platform.web.problems import MEDIA_TYPE, title

PROBLEMS = {
    400: "The request cannot be read.",
    401: "Nobody is signed in, or the access token is over.",
    403: "The caller may see it, but not do it.",
    404: "It is not there, or not for the caller to see.",
    409: "Not possible in this state (`allowed` names the actions that are), taken already, or the same Idempotency-Key is still at work.",
    412: "It has changed since the version in If-Match.",
    413: "The body is too large.",
    415: "The body is not of a type that is taken here.",
    422: "Some values are wrong: `errors` names them. Or the Idempotency-Key came with another request.",
    429: "Asked too often; ask again after Retry-After.",
    500: "A defect here; it is logged under the correlation id.",
    503: "A service cannot be reached; try again after Retry-After.",
}

ANYWHERE = {
    400: ("body_incomplete", "idempotency_key_malformed", "if_match_malformed", "if_match_not_taken", "json_malformed", "json_too_deep", "query_malformed"),
    401: ("api_key_invalid", "token_expired", "token_invalid", "token_missing"),
    403: ("scope_required", "session_required"),
    409: ("still_running",),
    413: ("body_too_large",),
    415: ("unsupported_media_type",),
    422: ("idempotency_key_reused", "invalid_fields", "password_required"),
    429: ("too_many_requests",),
    500: ("internal_error",),
    503: ("broker_unavailable", "database_unavailable", "keys_unavailable", "overloaded", "service_timeout"),
}
"""What the gateway or the bus may say to any request, by status; an operation's own codes stand at the operation."""

_PROBLEM = {
    "type": "object",
    "description": "RFC 9457. What `code` means is at `type`, and the members beside these are its own.",
    "properties": {
        "type": {"type": "string", "format": "uri-reference", "examples": ["/problems/invalid_fields"]},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "code": {"type": "string", "examples": ["invalid_fields"]},
        "errors": {
            "type": "object",
            "additionalProperties": {"type": "array", "items": {"type": "string"}},
            "examples": [{"lines.0.quantity": ["Must be greater than or equal to 1."]}],
        },
        "allowed": {"type": "array", "items": {"type": "string"}, "description": "The actions that are possible now."},
        "correlation_id": {"type": "string"},
    },
    "required": ["type", "title", "status", "detail", "code"],
}


_SECURITY = {
    "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT", "description": "The access token of who has signed in."},
    "api_key": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": f"{PREFIX}…",
        "description": f"An API key of `POST /v1/me/api-keys`, in the same header. Each operation names the scope that it takes, of: {', '.join(SCOPES)}. "
        "A `write` includes its `read`. Operations that name none take no API key.",
    },
}


def _header(name: str, description: str, **schema: Any) -> dict[str, Any]:
    return {"name": name, "in": "header", "description": description, "schema": {"type": "string", **schema}}


TRACING = {
    "CorrelationId": _header(
        "X-Correlation-ID", "What follows the request through all services and logs. One that is not 1 to 128 of `A-Za-z0-9._:-` is replaced by our own."
    ),
    "Traceparent": _header("traceparent", "W3C Trace Context; one that is not well formed is replaced by our own."),
}
PARAMETERS = {
    **TRACING,
    "IdempotencyKey": _header(
        "Idempotency-Key", "The same key makes the write count once (kept 24 h).", pattern="^[!-~]{1,200}$", examples=["01900a5d-ac96-774b-bcce-b302099a8057"]
    ),
    "IfMatch": _header("If-Match", "The ETag the caller saw last: 412 where there is a newer one.", pattern=r'^([*]|"[0-9]{1,18}")$', examples=['"7"']),
    "LastEventId": _header(
        "Last-Event-ID", "The id of the last event that came: those behind it follow. Without it, what happens from now on.", pattern="^[0-9]{1,18}$"
    ),
    "Prefer": _header("Prefer", f"`wait=10`: hold the answer for so many seconds (at most {LONGEST_WAIT}) while other services work.", examples=["wait=10"]),
}
_HEADERS: dict[str, dict[str, Any]] = {
    "X-Correlation-ID": {"description": "Names the request in all logs.", "schema": {"type": "string"}},
    "ETag": {"description": "The version, for If-Match.", "schema": {"type": "string", "examples": ['"7"']}},
    "Location": {"description": "Where what was made is.", "schema": {"type": "string", "format": "uri-reference"}},
    "Link": {"description": 'The next page, `rel="next"` (RFC 8288); not on the last.', "schema": {"type": "string"}},
    "Preference-Applied": {"description": "How long the answer was held at most.", "schema": {"type": "string"}},
    "RateLimit-Policy": {
        "description": "How many requests (`q`) are answered in how many seconds (`w`): of the account, or of the address of who is not signed in.",
        "schema": {"type": "string", "examples": ['"account";q=12000;w=60']},
    },
    "RateLimit": {
        "description": "How many are left (`r`), and in how many seconds all are back (`t`).",
        "schema": {"type": "string", "examples": ['"account";r=11987;t=1']},
    },
    "Retry-After": {"description": "Seconds.", "schema": {"type": "integer"}},
    "WWW-Authenticate": {"description": "RFC 6750.", "schema": {"type": "string"}},
}


_TOLD = {401: ("WWW-Authenticate",), 409: ("Retry-After",), 429: ("Retry-After",), 503: ("Retry-After",)}
"""Headers by the status that they come with."""


def add_parts(spec: APISpec) -> None:
    """Puts them into the document's components; operations refer to them by name."""
    spec.components.schema("Problem", _PROBLEM)
    for name, scheme in _SECURITY.items():
        spec.components.security_scheme(name, scheme)
    for name, header in _HEADERS.items():
        spec.components.header(name, header)
    for name, parameter in PARAMETERS.items():
        spec.components.parameter(name, "header", parameter)
    for status, description in PROBLEMS.items():
        anywhere = f" Of any operation: {listed(ANYWHERE[status])}." if status in ANYWHERE else ""
        spec.components.response(f"Problem{status}", _problem(status, description + anywhere))


def listed(codes: Iterable[str]) -> str:
    """In words."""
    return ", ".join(f"`{code}`" for code in codes)


def headers(*names: str) -> dict[str, str]:
    """By name, as an operation's answers refer to them; all have these three."""
    return {name: name for name in ("X-Correlation-ID", "RateLimit-Policy", "RateLimit", *names)}


def _problem(status: int, description: str) -> dict[str, Any]:
    return {
        "description": description,
        "headers": headers(*_TOLD.get(status, ())),
        "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}, "example": _example(status)}},
    }


def _example(status: int) -> dict[str, Any]:
    code = {404: "not_found", 409: "action_not_allowed", 412: "version_changed", 422: "invalid_fields"}.get(status) or ANYWHERE[status][0]
    further: dict[int, dict[str, Any]] = {
        409: {"allowed": ["cancel"]},
        412: {"version": 8},
        422: {"errors": {"lines.0.quantity": ["Must be greater than or equal to 1."]}},
    }
    standard: dict[str, Any] = {"type": f"/problems/{code}", "title": title(code), "status": status, "detail": CATALOGUE[code].meaning, "code": code}
    return standard | further.get(status, {}) | {"correlation_id": "01900a5d-ac96-774b-bcce-b302099a8057"}
