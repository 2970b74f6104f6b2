"""A carrier as it meets the platform: it signs callbacks, and answers polls from a server of its own on the loopback."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

from services.logistics.application.carriers.signature import sign
from shared.kit.clock import utc_now

SECRET = "the carrier's own secret"


def event(status: str = "in_transit", event_id: str = "e-1", waybill: str = "COSU 6123456780", hours: float = 0, **more: Any) -> dict[str, Any]:
    """A tracking event in the documented format, that happened so many hours from now."""
    at = (utc_now() + timedelta(hours=hours)).isoformat()
    return {"waybill_number": waybill, "event_id": event_id, "status": status, "occurred_at": at} | more


def body(*events: dict[str, Any]) -> str:
    return json.dumps({"events": events})


def signatures(text: str, secret: str = SECRET, at: datetime | None = None) -> dict[str, str]:
    """The header that goes with the body."""
    return {"tracking-signature": sign(secret, text, at or utc_now())}


class CarrierServer:
    """What it was asked for (`questions`: numbers, token), and what it answers: a status and a text."""

    def __init__(self) -> None:
        self.questions: list[tuple[list[str], str | None]] = []
        self.status, self.text = 200, body()
        self.url = ""

    @contextmanager
    def serving(self) -> Iterator[CarrierServer]:
        carrier = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                asked = parse_qs(urlsplit(self.path).query).get("waybill_number", [])
                carrier.questions.append((asked, self.headers.get("Authorization")))
                content = carrier.text.encode()
                self.send_response(carrier.status)
                self.send_header("Content-Length", str(len(content)))
                if carrier.status == 302:
                    self.send_header("Location", carrier.url + "/elsewhere")
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_: Any) -> None:
                """Nothing."""

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{server.server_port}/tracking"
        thread = Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield self
        finally:
            server.shutdown()
            thread.join()
            server.server_close()
