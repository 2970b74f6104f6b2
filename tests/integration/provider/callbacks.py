"""Where the sandbox's callbacks go in these tests."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Received:
    body: str
    signatures: Mapping[str, str]
    answered: int

    @property
    def event(self) -> dict[str, Any]:
        event: dict[str, Any] = json.loads(self.body)
        return event


class Callbacks:
    """Takes all; `answers` are the statuses of the next ones, 204 for those after them."""

    def __init__(self) -> None:
        self.received: list[Received] = []
        self.answers: list[int] = []
        callbacks = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                status = callbacks.answers.pop(0) if callbacks.answers else 204
                signatures = {name.lower(): value for name, value in self.headers.items() if name.lower().endswith("-signature")}
                callbacks.received.append(Received(body, signatures, status))
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                """Not to the terminal."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/v1/payment-callbacks/sandbox"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def of(self, *references: str) -> list[Received]:
        """Those about these payments and refunds, as they came."""
        return [each for each in list(self.received) if each.event["reference"] in references]

    def types_of(self, *references: str) -> list[str]:
        return [each.event["type"] for each in self.of(*references)]

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
