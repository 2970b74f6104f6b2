"""The OpenAPI 3.1 document, made of the table of routes and of the schemas that validate."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from http import HTTPStatus
from typing import Any

from marshmallow import Schema

from services.gateway.application.reading import LONGEST_WAIT
from services.gateway.application.routes import DELETE, GET, READERS, Page, Route
from services.gateway.application.schemas import specification
from shared.contracts.api_keys import PREFIX, SCOPES
from shared.contracts.documents import MEDIA_TYPES
from shared.contracts.forms import FORMS
from shared.contracts.logistics import Document
from shared.contracts.operations import ByKey
from shared.contracts.orders import ACT_ON_ORDER
from shared.platform.web.problems import MEDIA_TYPE

DESCRIPTION = f"""\
Export trade from enquiry to goods received. What a caller may do next is in each enquiry's and order's `actions`, with address and form.

- **Sign in** with `POST /v1/sessions` and send the access token as `Authorization: Bearer …`; a program sends an API key there, and may do what its scopes say.
- **Errors** are problem documents (RFC 9457): `code` is stable, `type` is `/problems/` and the code, `errors` names fields (`lines.0.quantity`) with sentences.
- **Safe to repeat**: with an `Idempotency-Key` a write counts once, and its first answer is given again.
- **Waiting**: a step that other services have yet to confirm answers 202; its order's `awaiting` names what it waits for.
  `Prefer: wait=10` (at most {LONGEST_WAIT}) holds the answer until they have.
- **Money** is `{{"amount": "12.34", "currency": "USD"}}`, times are RFC 3339 in UTC, ids UUIDs, countries ISO 3166-1 alpha-2.
"""

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

_PROBLEM = {
    "type": "object",
    "description": "RFC 9457.",
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


_TRACING = {
    "CorrelationId": _header(
        "X-Correlation-ID", "What follows the request through all services and logs; made up where it is not given.", pattern="^[A-Za-z0-9._:-]{1,128}$"
    ),
    "Traceparent": _header("traceparent", "W3C Trace Context."),
}
_PARAMETERS = {
    **_TRACING,
    "IdempotencyKey": _header("Idempotency-Key", "The same key makes the write count once (kept 24 h).", pattern="^[!-~]{1,200}$"),
    "IfMatch": _header("If-Match", "The ETag the caller saw last: 412 where there is a newer one.", examples=['"7"']),
    "Prefer": _header("Prefer", f"`wait=10`: hold the answer for so many seconds (at most {LONGEST_WAIT}) while other services work.", examples=["wait=10"]),
}
_HEADERS: dict[str, dict[str, Any]] = {
    "X-Correlation-ID": {"description": "Names the request in all logs.", "schema": {"type": "string"}},
    "ETag": {"description": "The version, for If-Match.", "schema": {"type": "string", "examples": ['"7"']}},
    "Location": {"description": "Where what was made is.", "schema": {"type": "string", "format": "uri-reference"}},
    "Link": {"description": 'The next page, `rel="next"` (RFC 8288); not on the last.', "schema": {"type": "string"}},
    "Preference-Applied": {"description": "How long the answer was held at most.", "schema": {"type": "string"}},
    "Retry-After": {"description": "Seconds.", "schema": {"type": "integer"}},
    "WWW-Authenticate": {"description": "RFC 6750.", "schema": {"type": "string"}},
}


def document(routes: Iterable[Route], pages: Iterable[Page]) -> dict[str, Any]:
    """The document as JSON; it names every route and page, and only those."""
    spec, _ = specification(title="Tradelane", version="1.0.0", info={"description": DESCRIPTION})
    spec.components.schema("Problem", _PROBLEM)
    for name, scheme in _SECURITY.items():
        spec.components.security_scheme(name, scheme)
    for name, parameter in _PARAMETERS.items():
        spec.components.parameter(name, "header", parameter)
    for status, description in PROBLEMS.items():
        spec.components.response(f"Problem{status}", _problem(status, description))
    for route in routes:
        spec.path(route.path, operations={route.method.lower(): _operation(route)})
    for page in pages:
        spec.path(page.path, operations={page.method.lower(): _page(page)})
    made: dict[str, Any] = spec.to_dict()
    _loosen_answers(made)
    return made


def _operation(route: Route) -> dict[str, Any]:
    tag = route.path.split("/")[2]
    operation = {
        "operationId": route.operation.name,
        "summary": route.summary,
        "tags": [tag],
        "security": _security(route),
        "parameters": list(_parameters(route)),
        "responses": dict(_answers(route)) | {str(status): f"Problem{status}" for status in _problems(route)},
    }
    if route.method in (GET, DELETE):
        return operation
    if route.takes_document:
        return {**operation, "requestBody": {"required": True, "content": {each: {"schema": {"type": "string", "format": "binary"}} for each in MEDIA_TYPES}}}
    return {**operation, "requestBody": {"required": route.operation is not ACT_ON_ORDER, "content": {"application/json": {"schema": _body(route)}}}}


def _security(route: Route) -> list[dict[str, Any]]:
    if route.public and not route.knows_caller:
        return []
    by_key = [] if route.operation.by_key is ByKey.NEVER else [{"api_key": [route.operation.scope]}]
    return [*([{}] if route.knows_caller else []), {"bearer": []}, *by_key]


def _parameters(route: Route) -> Iterator[Any]:
    request = route.operation.request
    if route.parameters:
        yield {"in": "path", "schema": request(only=route.parameters)}
    if route.method in (GET, DELETE):
        yield {"in": "query", "schema": request(exclude=route.parameters)}
    if route.takes_document:
        yield {"in": "query", "schema": request(exclude=route.elsewhere)}
    yield from _TRACING
    if route.operation.writes:
        yield "IdempotencyKey"
    if route.takes_if_match:
        yield "IfMatch"
    if route.operation.answer in READERS:
        yield "Prefer"


def _body(route: Route) -> Schema | dict[str, Any]:
    if route.is_callback:
        return {"description": "As the other system sends it, with its signature in a header."}
    if not route.body_as:
        return route.operation.request(exclude=route.elsewhere)
    if route.operation is ACT_ON_ORDER:
        return {"anyOf": [*FORMS.values()], "description": "The form that the action has in the order's `actions`."}
    return {"type": "object", "description": "Any part of the step's form."}


def _answers(route: Route) -> Iterator[tuple[str, dict[str, Any]]]:
    answer = route.operation.answer
    fields = answer._declared_fields
    told = {"ETag": "version" in fields, "Link": "next" in fields, "Location": bool(route.location), "Preference-Applied": "awaiting" in fields}
    said = {
        "headers": {name: _HEADERS[name] for name in ("X-Correlation-ID", *(name for name, there in told.items() if there))},
        "content": {each: {} for each in answer.media_types} if issubclass(answer, Document) else {"application/json": {"schema": answer}},
    }
    yield str(route.status), {"description": route.summary + ".", **said}
    if "awaiting" in fields and route.method != GET:
        yield "202", {"description": "Submitted: other services have yet to confirm it.", **said}


def _problems(route: Route) -> Iterator[int]:
    has_body = route.method not in (GET, DELETE)
    when = {
        400: True,
        401: not route.public or route.is_callback or route.knows_caller or route.operation.name in ("sign_in", "refresh"),
        403: not route.public or route.knows_caller,
        404: bool(route.parameters),
        409: route.operation.writes or not (route.public or route.method == GET),
        412: route.takes_if_match,
        413: has_body,
        415: has_body,
        422: True,
        429: True,
        500: True,
        503: True,
    }
    return (status for status, there in when.items() if there)


def _problem(status: int, description: str) -> dict[str, Any]:
    names = ["X-Correlation-ID", *(["WWW-Authenticate"] if status == HTTPStatus.UNAUTHORIZED else []), *(["Retry-After"] if status in (409, 429, 503) else [])]
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {"description": description, "headers": {name: _HEADERS[name] for name in names}, "content": content}


def _page(page: Page) -> dict[str, Any]:
    parameters = [{"name": "name", "in": "path", "required": True, "schema": {"type": "string"}}] if "{name}" in page.path else []
    answers = {"200": {"description": page.summary + ".", "content": {page.media_type: {}}}}
    problems = {"503": "Problem503"} if page.path == "/readyz" else {"404": "Problem404"} if parameters else {}
    return {
        "operationId": page.answer.__name__,
        "summary": page.summary,
        "tags": ["system"],
        "security": [],
        "parameters": parameters,
        "responses": answers | problems,
    }


def _loosen_answers(made: dict[str, Any]) -> None:
    """Requests refuse fields they do not know; a schema that only answers use may gain some, and clients must not mind."""
    schemas = made["components"]["schemas"]
    strict: set[str] = set()
    asked = [operation["requestBody"] for path in made["paths"].values() for operation in path.values() if "requestBody" in operation]
    while asked:
        names = set(_references(asked.pop())) - strict
        strict |= names
        asked += [schemas[name] for name in names]
    for name in schemas.keys() - strict:
        schemas[name].pop("additionalProperties", None)


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        if "$ref" in value:
            yield value["$ref"].rpartition("/")[2]
        for each in value.values():
            yield from _references(each)
    elif isinstance(value, list):
        for each in value:
            yield from _references(each)
