"""The process's metrics as Prometheus reads them: as an answer to a request, and on a port of their own where a service has no other."""

from __future__ import annotations

import logging

import eventlet
from prometheus_client import REGISTRY
from prometheus_client.exposition import choose_encoder
from werkzeug.routing import Rule
from werkzeug.wrappers import Response

from shared.platform.web.application import Application
from shared.platform.web.listener import Listener
from shared.platform.web.request import Request

log = logging.getLogger(__name__)

CONNECTIONS = 50


def metrics(request: Request) -> Response:
    """All metrics of this process, in the format that is asked for."""
    encode, content_type = choose_encoder(request.headers.get("Accept", ""))
    return Response(encode(REGISTRY), content_type=content_type)


def serve(service: str, host: str, port: int) -> None:
    """Answer `/metrics` at this address until the process ends. OSError where the address is taken."""
    application = Application(service, (Rule("/metrics", methods=("GET",), endpoint=metrics),))
    listener = Listener(host, port, application, CONNECTIONS, lambda serve, _name: eventlet.spawn(serve))
    eventlet.spawn(listener.run)
    log.info("metrics at http://%s:%d/metrics", *listener.address[:2])
