"""What the gateway answers by itself: whether it and the others are well, and the documentation. All of it is served from here, nothing from elsewhere."""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import eventlet
from marshmallow import fields
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from services.gateway.application import openapi
from services.gateway.application.catalogue import PROBLEMS, ProblemType
from services.gateway.application.route import Page
from services.gateway.application.routes import ROUTES, routes
from shared.contracts.fields import Shape
from shared.kit.errors import TradeError, Unavailable
from shared.platform.client import Caller
from shared.platform.settings import settings
from shared.platform.web import Request, exposition
from shared.platform.wire import encode

PING_SECONDS = 2.0


class Health(Shape):
    status = fields.String(required=True, metadata={"examples": ["ok"]})


class Readiness(Health):
    services = fields.Dict(
        keys=fields.String(), values=fields.String(), required=True, metadata={"examples": [{"accounts": "ok", "orders": "ok"}], "description": "By service."}
    )


# Swagger UI sets styles on its elements, and has its icons as data; no script but our own and its own ever runs.
_PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_OURS = ("docs.js",)
_SWAGGER_UI = ("swagger-ui.css", "swagger-ui-bundle.js")
_MEDIA_TYPES = {".js": "text/javascript", ".css": "text/css"}


def healthz(_request: Request, _rpc: Caller) -> Response:
    """That this process answers."""
    return Response(encode({"status": "ok"}), content_type="application/json")


def readyz(_request: Request, rpc: Caller) -> Response:
    """That every service and its database answer over the bus; Unavailable telling which do not."""
    services = sorted({route.operation.service for route in ROUTES})
    states = dict(zip(services, eventlet.GreenPool().imap(lambda service: _state(rpc, service), services), strict=True))
    if any(state != "ok" for state in states.values()):
        raise Unavailable("not_ready", "Not all services answer.", services=states)
    return Response(encode({"status": "ok", "services": states}), content_type="application/json")


def _state(rpc: Caller, service: str) -> str:
    try:
        rpc.ping(service, timeout=PING_SECONDS)
    except TradeError as error:
        return error.code
    return "ok"


def metrics(request: Request, _rpc: Caller) -> Response:
    """The metrics of this process: of all services where they share it."""
    return exposition.metrics(request)


def openapi_json(_request: Request, _rpc: Caller) -> Response:
    """The OpenAPI document."""
    return Response(_openapi(), content_type="application/json")


def docs(_request: Request, _rpc: Caller) -> Response:
    """The page to browse it with."""
    return Response(_file(_here() / "docs.html"), content_type="text/html; charset=utf-8", headers={"Content-Security-Policy": _PAGE_POLICY})


def asset(request: Request, _rpc: Caller) -> Response:
    """A file of the browsable page: ours, or Swagger UI's as its package brings it."""
    name = request.path_values["name"]
    if name not in _OURS + _SWAGGER_UI:
        raise NotFound
    folder = _here() if name in _OURS else _swagger_ui()
    return Response(_file(folder / name), content_type=f"{_MEDIA_TYPES[Path(name).suffix]}; charset=utf-8", headers={"Cache-Control": "public, max-age=3600"})


def problem_type(request: Request, _rpc: Caller) -> Response:
    """What a problem's code means: as a page for who asks for HTML first, as browsers do, as JSON for all others."""
    found = PROBLEMS.get(request.path_values["code"])
    if found is None:
        raise NotFound
    if request.accept_mimetypes.best_match(("application/json", "text/html")) != "text/html":
        return Response(encode(found.as_data()), content_type="application/json", headers={"Vary": "Accept"})
    return Response(found.as_page(), content_type="text/html; charset=utf-8", headers={"Content-Security-Policy": _PAGE_POLICY, "Vary": "Accept"})


PAGES = (
    Page("/healthz", healthz, "Whether the gateway lives", shape=Health),
    Page("/readyz", readyz, "Whether all services and their databases answer", shape=Readiness),
    Page("/metrics", metrics, "Metrics for Prometheus", ("text/plain",)),
    Page("/openapi.json", openapi_json, "This document"),
    Page("/docs", docs, "This document to browse", ("text/html",)),
    Page("/docs/{name}", asset, "What the browsable page is made of", ("text/javascript", "text/css")),
    Page("/problems/{code}", problem_type, "What a problem's code means, and what to do about it", ("application/json", "text/html"), ProblemType),
)


def document() -> dict[str, Any]:
    """The OpenAPI document of everything that is served."""
    return openapi.document(routes(settings().production), PAGES)


@cache
def _openapi() -> bytes:
    return encode(document())


@cache
def _file(path: Path) -> bytes:
    return path.read_bytes()


def _here() -> Path:
    return Path(__file__).parent / "static"


@cache
def _swagger_ui() -> Path:
    """Where flask-swagger-ui keeps Swagger UI's files. Looked up, not imported: its Flask is none of ours."""
    found = find_spec("flask_swagger_ui")
    assert found, "flask-swagger-ui is not installed"
    return Path(str(found.origin)).parent / "dist"
