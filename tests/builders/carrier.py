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
    """What it was asked for (`questions`: numbers and `Authorization`; `sent`: bodies), and what it answers: a status and a text, by the path where
    it has another answer for that (`answers`)."""

    def __init__(self) -> None:
        self.questions: list[tuple[list[str], str | None]] = []
        self.asked: list[str] = []
        self.sent: list[str] = []
        self.status, self.text = 200, body()
        self.answers: dict[str, tuple[int, str]] = {}
        self.url = ""

    @contextmanager
    def serving(self) -> Iterator[CarrierServer]:
        carrier = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                parts = urlsplit(self.path)
                carrier.questions.append((parse_qs(parts.query).get("waybill_number", []), self.headers.get("Authorization")))
                carrier.asked.append(self.path)
                carrier.sent.append(self.rfile.read(int(self.headers.get("Content-Length", 0))).decode())
                status, text = carrier.answers.get(parts.path, (carrier.status, carrier.text))
                content = text.encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(content)))
                if status == 302:
                    self.send_header("Location", carrier.url + "/elsewhere")
                self.end_headers()
                self.wfile.write(content)

            def do_POST(self) -> None:
                self.do_GET()

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
