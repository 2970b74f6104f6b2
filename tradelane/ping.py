"""`tradelane ping`: does a service answer, and how fast? Over the bus, as its callers see it; the gateway over HTTP."""

from __future__ import annotations

import time
import uuid
from typing import Any

import requests

from shared.platform import wire
from shared.platform.client import DIRECT_REPLY
from shared.platform.link import connect
from shared.platform.rpc import PING
from shared.platform.settings import Settings
from shared.platform.topology import rpc_queue


def ping(service: str, settings: Settings, timeout: float = 3.0) -> float:
    """Milliseconds until the service, and the database behind it, answered; ConnectionError with the reason where it did not."""
    begun = time.perf_counter()
    if service == "gateway" or settings.embedded:
        _ask_gateway(settings, timeout)
    else:
        _ask_bus(service, settings, timeout)
    return (time.perf_counter() - begun) * 1000


def _ask_gateway(settings: Settings, timeout: float) -> None:
    # Embedded, the in-memory bus cannot be reached from another process: the gateway's /readyz asks all services for us.
    host = "127.0.0.1" if settings.http_host == "0.0.0.0" else settings.http_host  # noqa: S104  (compared, not bound)
    path = "readyz" if settings.embedded else "healthz"
    response = requests.get(f"http://{host}:{settings.http_port}/{path}", timeout=timeout)
    if not response.ok:
        raise ConnectionError(response.text)


def _ask_bus(service: str, settings: Settings, timeout: float) -> None:
    answers: list[dict[str, Any]] = []
    key = uuid.uuid4().hex
    with connect(settings.broker_of(service)) as connection:
        channel: Any = connection.channel()
        channel.basic_consume(DIRECT_REPLY, no_ack=True, callback=lambda message: answers.append(wire.decode(message.body)))
        properties = {"correlation_id": key, "reply_to": DIRECT_REPLY, "expiration": str(int(timeout * 1000))}
        message = channel.prepare_message(b"{}", content_type="application/json", headers={"operation": PING}, properties=properties)
        channel.basic_publish(message, exchange="", routing_key=rpc_queue(service))
        deadline = time.monotonic() + timeout
        while not answers:
            try:
                connection.drain_events(timeout=max(0.01, deadline - time.monotonic()))
            except TimeoutError as error:
                raise ConnectionError(f"{service} did not answer within {timeout} s") from error
    if failed := answers[0].get("error"):
        raise ConnectionError(failed["message"])
