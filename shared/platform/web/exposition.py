"""The process's metrics as Prometheus reads them: as an answer to a request, and on a port of their own where a service has no other."""

from __future__ import annotations

import logging
import socket
from typing import Any

import eventlet
from eventlet import wsgi
from prometheus_client import REGISTRY
from prometheus_client.exposition import choose_encoder
from werkzeug.routing import Rule
from werkzeug.wrappers import Response

from shared.platform.web.application import Application
from shared.platform.web.protocol import Protocol
from shared.platform.web.request import Request

log = logging.getLogger(__name__)

CONNECTIONS = 4
PAUSE = 1.0  # seconds until accepting is tried again


def metrics(request: Request) -> Response:
    """All metrics of this process, in the format that is asked for."""
    encode, content_type = choose_encoder(request.headers.get("Accept", ""))
    return Response(encode(REGISTRY), content_type=content_type)


def serve(service: str, host: str, port: int) -> None:
    """Answer `/metrics` at this address until the process ends. OSError where the address is taken."""
    listener = eventlet.listen((host, port), socket.AF_INET6 if ":" in host else socket.AF_INET, reuse_port=False)
    eventlet.spawn(_accept, listener, Application(service, (Rule("/metrics", methods=("GET",), endpoint=metrics),)))
    log.info("metrics at http://%s:%d/metrics", *listener.getsockname()[:2])


def _accept(listener: Any, application: Application) -> None:
    while True:
        try:
            # The server closes what it is given when accepting fails (no descriptor left); the listener itself stays open.
            wsgi.server(listener.dup(), application, max_size=CONNECTIONS, protocol=Protocol, log_output=False, debug=False, socket_timeout=PAUSE * 10)
        except OSError as error:
            log.warning("metrics: cannot accept connections: %s", error)
        eventlet.sleep(PAUSE)
