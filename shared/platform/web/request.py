"""An HTTP request as entrypoints see it: Werkzeug's, with the path's values, the request's tracing context and the body as a whole."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from ipaddress import ip_address
from typing import Any

from werkzeug.wrappers import Request as WerkzeugRequest

from shared.kit.errors import TradeError
from shared.kit.ids import new_id
from shared.platform.context import Context
from shared.platform.settings import settings
from shared.platform.telemetry import tracing

# W3C Trace Context § 3.2: version, trace id, parent id, flags. All zeros are invalid, and so is version ff; later versions than 00 may add fields.
_TRACEPARENT = re.compile(
    r"(?!ff)(?:00|(?P<later>(?!00)[0-9a-f]{2}))-(?!0{32})(?P<trace>[0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-(?P<flags>[0-9a-f]{2})(?(later)(-.*)?)"
)
_CORRELATION_ID = re.compile(r"[A-Za-z0-9._:-]{1,128}")


class Request(WerkzeugRequest):
    """`content` is the body, or `failure` why there is none; `route` the path's pattern once it is found, `path_values` its values.

    `told` are headers that go with the answer, whatever it will be. `last`: the connection closes with the answer. `stopping` tells whether the server drains, so that nothing is held any longer.
    """

    content = b""
    failure: TradeError | None = None
    last = False
    route = ""
    path_values: Mapping[str, Any] = {}
    stopping: Callable[[], bool] = staticmethod(lambda: False)

    def __init__(self, environ: dict[str, Any]) -> None:
        super().__init__(environ)
        self.remote_addr = client_address(environ, settings().trusted_proxies)
        self.context = read_context(environ)
        self.told: dict[str, str] = {}


def client_address(environ: Mapping[str, Any], proxies: int) -> str:
    """Where the request comes from: of the connection, or, behind so many proxies of our own, what the outermost of them has put into X-Forwarded-For.

    What stands before that, whoever asks may have made up.
    """
    told = environ.get("HTTP_X_FORWARDED_FOR", "").split(",")
    if proxies and len(told) >= proxies and _is_address(told[-proxies].strip()):
        return told[-proxies].strip()  # type: ignore[no-any-return]
    return environ.get("REMOTE_ADDR", "")  # type: ignore[no-any-return]


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def read_context(environ: Mapping[str, Any]) -> Context:
    """The request's correlation id and trace: the caller's where they are well formed, otherwise fresh ones.

    The span is our own: one that is recorded is put there when it begins, and any other is made up here.
    """
    given = _TRACEPARENT.fullmatch(environ.get("HTTP_TRACEPARENT", ""))
    fresh = new_id()
    trace, flags = given.group("trace", "flags") if given else (fresh.replace("-", ""), "00")
    correlation_id = environ.get("HTTP_X_CORRELATION_ID", "")
    if not _CORRELATION_ID.fullmatch(correlation_id):
        correlation_id = trace if given else fresh
    if tracing.is_on():
        return Context(correlation_id=correlation_id, traceparent=given[0] if given else "")
    return Context(correlation_id=correlation_id, traceparent=f"00-{trace}-{os.urandom(8).hex()}-{flags}")
