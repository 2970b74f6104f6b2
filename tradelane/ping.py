"""`tradelane ping` and `health`: do services answer, and how fast? Over the bus, as their callers see it; the gateway over HTTP."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterable
from typing import Any

import requests

from shared.kit.errors import Unavailable
from shared.platform import wire
from shared.platform.client import DIRECT_REPLY
from shared.platform.rpc import PING
from shared.platform.settings import Settings
from shared.platform.topology import rpc_queue
from tradelane.broker import channel
from tradelane.tables import Row


def ping_all(services: Iterable[str], settings: Settings) -> list[Row]:
    """A row for each service, with its latency or the reason why there is none."""
    rows: list[Row] = []
    for service in services:
        try:
            rows.append({"service": service, "milliseconds": round(ping(service, settings), 1), "error": None, "ok": True})
        except Unavailable as error:
            rows.append({"service": service, "milliseconds": None, "error": error.message, "ok": False})
    return rows


def ping(service: str, settings: Settings, timeout: float = 3.0) -> float:
    """Milliseconds from the question until the service, and the database behind it, answered; Unavailable with the reason where it did not."""
    if service == "gateway" or settings.embedded:
        return _ask_gateway(service, settings, timeout)
    return _ask_bus(service, settings, timeout)


def _ask_gateway(service: str, settings: Settings, timeout: float) -> float:
    # Embedded, the in-memory bus cannot be reached from another process: the gateway's /readyz asks all services for us.
    host = "127.0.0.1" if settings.http_host == "0.0.0.0" else settings.http_host  # noqa: S104  (compared, not bound)
    page = "healthz" if service == "gateway" else "readyz"
    try:
        response = requests.get(f"http://{host}:{settings.http_port}/{page}", timeout=timeout)
        state = response.json().get("services", {}).get(service, "ok" if response.ok else response.reason)
    except requests.RequestException as error:
        raise Unavailable("no_answer", f"The gateway does not answer at {host}:{settings.http_port} ({type(error).__name__}).") from error
    if state != "ok":
        raise Unavailable("no_answer", f"The gateway gets no answer: {state}.")
    return response.elapsed.total_seconds() * 1000


def _ask_bus(service: str, settings: Settings, timeout: float) -> float:
    answers: list[dict[str, Any]] = []
    key = uuid.uuid4().hex
    with channel(settings.broker_of(service)) as bus:
        bus.basic_consume(DIRECT_REPLY, no_ack=True, callback=lambda message: answers.append(wire.decode(message.body)))
        properties = {"correlation_id": key, "reply_to": DIRECT_REPLY, "expiration": str(int(timeout * 1000))}
        message = bus.prepare_message(b"{}", content_type="application/json", headers={"operation": PING}, properties=properties)
        begun = time.perf_counter()
        bus.basic_publish(message, exchange="", routing_key=rpc_queue(service))
        while not answers:
            try:
                bus.connection.drain_events(timeout=max(0.01, begun + timeout - time.perf_counter()))
            except TimeoutError as error:
                raise Unavailable("no_answer", f"It did not answer within {timeout:g} s.") from error
    if failed := answers[0].get("error"):
        raise Unavailable(failed["code"], failed["message"])
    return (time.perf_counter() - begun) * 1000
