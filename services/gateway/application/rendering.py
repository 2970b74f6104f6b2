"""An operation's answer as an HTTP response: status, JSON or document, ETag, Location and Link."""

from __future__ import annotations

from base64 import b64decode
from typing import Any
from urllib.parse import quote, urlencode

from werkzeug.http import dump_options_header
from werkzeug.wrappers import Response

from services.gateway.application.affordances import with_affordances
from services.gateway.application.route import GET, Route
from shared.contracts.logistics import Document
from shared.platform.web import Request
from shared.platform.wire import encode


def render(route: Route, request: Request, answer: dict[str, Any]) -> Response:
    """200 or 201 by the route; 202 where a write's answer still awaits other services."""
    if issubclass(route.operation.answer, Document):
        return _document(answer)
    status = 202 if answer.get("awaiting") and route.method != GET else route.status
    response = Response(encode(with_affordances(route.operation, answer)), status, content_type="application/json")
    if isinstance(version := answer.get("version"), int):
        response.set_etag(str(version))
    if route.location:
        response.headers["Location"] = route.location.format_map(answer)
    if answer.get("next"):
        query = urlencode({**request.args, "cursor": answer["next"]})
        response.headers["Link"] = f'<{quote(request.path)}?{query}>; rel="next"'
    return response


def _document(answer: dict[str, Any]) -> Response:
    suffix = answer["media_type"].rpartition("/")[2]
    disposition = dump_options_header("attachment", {"filename": f"{answer['name']}.{suffix}"})
    return Response(b64decode(answer["content"]), content_type=answer["media_type"], headers={"Content-Disposition": disposition})
