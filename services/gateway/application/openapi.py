"""The OpenAPI 3.1 document, made of the table of routes and of the schemas that validate."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from marshmallow import Schema

from services.gateway.application.catalogue import PROBLEMS, operation_problems
from services.gateway.application.examples import example, example_of, words
from services.gateway.application.openapi_parts import TRACING, add_parts, headers, listed
from services.gateway.application.reading import LONGEST_WAIT
from services.gateway.application.route import DELETE, GET, Page, Route
from services.gateway.application.routes import READERS
from services.gateway.application.schemas import specification
from shared.contracts.documents import MEDIA_TYPES
from shared.contracts.forms import FORMS
from shared.contracts.logistics import Document
from shared.contracts.operations import ByKey
from shared.contracts.orders import ACT_ON_ORDER

DESCRIPTION = f"""\
Export trade from enquiry to goods received. What a caller may do next is in each enquiry's and order's `actions`, with address and form.

- **Sign in** with `POST /v1/sessions` and send the access token as `Authorization: Bearer …`; a program sends an API key there, and may do what its scopes say.
- **Errors** are problem documents (RFC 9457): `code` is stable, `type` is `/problems/` and the code, `errors` names fields (`lines.0.quantity`) with sentences.
- **Safe to repeat**: with an `Idempotency-Key` a write counts once, and its first answer is given again.
- **Waiting**: a step that other services have yet to confirm answers 202; its order's `awaiting` names what it waits for.
  `Prefer: wait=10` (at most {LONGEST_WAIT}) holds the answer until they have.
- **Money** is `{{"amount": "12.34", "currency": "USD"}}`, times are RFC 3339 in UTC, ids UUIDs, countries ISO 3166-1 alpha-2.
"""

_BINARY = {"type": "string", "format": "binary"}


def document(routes: Collection[Route], pages: Iterable[Page]) -> dict[str, Any]:
    """The document as JSON; it names every route and page, and only those."""
    spec, _ = specification(title="Tradelane", version="1.0.0", info={"description": DESCRIPTION})
    add_parts(spec)
    own = operation_problems()
    for route in routes:
        spec.path(route.path, operations={route.method.lower(): _operation(route, own.get(route.operation.name, ()))})
    for page in pages:
        spec.path(page.path, operations={page.method.lower(): _page(page)})
    made: dict[str, Any] = spec.to_dict()
    for route in routes:
        for parameter in made["paths"][route.path][route.method.lower()]["parameters"]:
            if parameter.get("in") in ("path", "query"):
                parameter["example"] = example_of(route.operation.request(), parameter["name"])
    _loosen_answers(made)
    return made


def _operation(route: Route, own: Collection[str]) -> dict[str, Any]:
    """`own`: the codes of problems that its service may answer."""
    tag = route.path.split("/")[2]
    operation = {
        "operationId": route.operation.name,
        "summary": route.summary,
        "tags": [tag],
        "security": _security(route),
        "parameters": list(_parameters(route)),
        "responses": dict(_answers(route)) | dict(_refusals(route, own)),
    }
    if route.method in (GET, DELETE):
        return operation
    if route.takes_document:
        return {
            **operation,
            "requestBody": {"required": True, "content": {each: {"schema": _BINARY} for each in reversed(MEDIA_TYPES)}},
        }  # a generated client takes the last
    body = {"schema": _body(route), **_sent(route)}
    return {**operation, "requestBody": {"required": route.operation is not ACT_ON_ORDER, "content": {"application/json": body}}}


def _security(route: Route) -> list[dict[str, Any]]:
    if route.public and not route.knows_caller:
        return []
    by_key = [] if route.operation.by_key is ByKey.NEVER else [{"api_key": [route.operation.scope]}]
    return [*([{}] if route.knows_caller else []), {"bearer": []}, *by_key]


def _parameters(route: Route) -> Iterator[Any]:
    request = route.operation.request
    if route.parameters:
        yield {"in": "path", "schema": request(only=route.parameters)}
    if route.method in (GET, DELETE) or route.takes_document:
        yield {"in": "query", "schema": request(exclude=route.elsewhere)}
    yield from TRACING
    if route.operation.writes:
        yield "IdempotencyKey"
    if route.takes_if_match:
        yield "IfMatch"
    if route.operation.answer in READERS:
        yield "Prefer"
    if route.is_stream:
        yield "LastEventId"


def _body(route: Route) -> Schema | dict[str, Any]:
    if route.is_callback:
        return {"description": "As the other system sends it, with its signature in a header."}
    if not route.body_as:
        return route.operation.request(exclude=route.elsewhere)
    if route.operation is ACT_ON_ORDER:
        return {"anyOf": [*FORMS.values()], "description": "The form that the action has in the order's `actions`."}
    return {"type": "object", "description": "Any part of the step's form."}


def _sent(route: Route) -> dict[str, Any]:
    if route.operation is ACT_ON_ORDER:
        return {"examples": {name: {"value": example(form(), answered=False)} for name, form in FORMS.items()}}
    if route.body_as:
        return {"example": example(FORMS["payment"](only=("method", "amount", "currency")), answered=False)}
    if route.is_callback:
        return {"example": words()[f"{route.operation.name}.body"]}
    return {"example": example(route.operation.request(exclude=route.elsewhere), answered=False)}


def _answers(route: Route) -> Iterator[tuple[str, dict[str, Any]]]:
    answer = route.operation.answer
    fields = answer._declared_fields
    told = {"ETag": "version" in fields, "Link": "next" in fields, "Location": bool(route.location), "Preference-Applied": "awaiting" in fields}
    said = {
        "headers": headers(*(name for name, there in told.items() if there)),
        "content": _content(route),
    }
    yield str(route.status), {"description": route.summary + ".", **said}
    if "awaiting" in fields and route.method != GET:
        yield "202", {"description": "Submitted: other services have yet to confirm it.", **said}


def _content(route: Route) -> dict[str, Any]:
    answer = route.operation.answer
    if issubclass(answer, Document):
        return {each: {"schema": _BINARY} for each in answer.media_types}
    return {"text/event-stream": {}} if route.is_stream else {"application/json": {"schema": answer, "example": example(answer(), answered=True)}}


def _refusals(route: Route, own: Collection[str]) -> Iterator[tuple[str, Any]]:
    by_status = {status: [code for code in own if status in PROBLEMS[code].statuses] for status in sorted({*_problems(route), *_statuses(own)})}
    for status, codes in by_status.items():
        shared = f"Problem{status}"
        yield str(status), {"$ref": f"#/components/responses/{shared}", "description": f"Of its own: {listed(codes)}."} if codes else shared


def _statuses(codes: Iterable[str]) -> Iterator[int]:
    return (status for code in codes for status in PROBLEMS[code].statuses)


def _problems(route: Route) -> Iterator[int]:
    """What the gateway or the bus may answer."""
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


def _page(page: Page) -> dict[str, Any]:
    parameters = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}, "example": words()[f"{page.answer.__name__}.{name}"]}
        for name in page.parameters
    ]
    shapes = {"application/json": {"schema": page.shape, "example": example(page.shape(), answered=True)}} if page.shape else {}
    answers = {"200": {"description": page.summary + ".", "content": {media_type: shapes.get(media_type, {}) for media_type in page.media_types}}}
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
