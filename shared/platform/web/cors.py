"""Pages of other origins that ask from a browser (CORS, Fetch Standard): those of the origins that settings name may, and no others."""

from __future__ import annotations

from collections.abc import Collection

from werkzeug.wrappers import Response

from shared.platform.web.request import Request

_EXPOSED = "ETag, Link, Location, Preference-Applied, RateLimit, RateLimit-Policy, Retry-After, X-Correlation-ID"
_PREFLIGHT = {
    "Access-Control-Allow-Methods": "GET, POST, PUT, PATCH, DELETE",
    "Access-Control-Allow-Headers": "Authorization, Content-Type, Idempotency-Key, If-Match, Last-Event-ID, Prefer, X-Correlation-ID, traceparent",
    "Access-Control-Max-Age": "7200",
}


def preflight(request: Request, origins: Collection[str]) -> Response | None:
    """The answer to a browser that asks what it may send on a page's behalf; None where it is no such question, or the origin is none of these."""
    if "Access-Control-Request-Method" not in request.headers or request.headers.get("Origin") not in origins:
        return None
    return Response(status=204, headers=_PREFLIGHT)


def add_headers(request: Request, response: Response, origins: Collection[str]) -> None:
    """Lets the page read the answer. Credentials are a header that the page sets itself: no cookie is taken here, so that none is allowed."""
    response.vary.add("Origin")
    if (origin := request.headers.get("Origin")) in origins:
        response.headers["Access-Control-Allow-Origin"] = origin
        response.headers["Access-Control-Expose-Headers"] = _EXPOSED
