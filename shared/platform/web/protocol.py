"""eventlet's HTTP protocol with limits: sizes, times and framing are checked before anything reaches the application.

Whatever could be read in two ways (doubled or odd Content-Length, other transfer codings, folded headers) is refused, so that no
proxy in front and we ourselves can disagree on where a request ends.
"""

from __future__ import annotations

import logging
import socket
from http import HTTPStatus
from typing import Any

import eventlet
from eventlet.wsgi import HeaderLineTooLong, HeadersTooLarge, HttpProtocol

from shared.kit.errors import TooLarge
from shared.kit.ids import new_id
from shared.platform import context
from shared.platform.settings import settings
from shared.platform.telemetry.metrics import HTTP_REFUSED
from shared.platform.web.problems import MEDIA_TYPE, document

log = logging.getLogger(__name__)


CODES = {
    408: "request_timeout",
    413: "body_too_large",
    414: "uri_too_long",
    431: "headers_too_large",
    503: "too_many_connections",
    505: "http_version_not_supported",
}
"""Status → stable code; any other is a `bad_request`."""


def refusal(status: int, message: str) -> bytes:
    """A whole HTTP answer that closes the connection. It is counted, and what is logged next goes by its correlation id."""
    HTTP_REFUSED.labels(str(status)).inc()
    correlation_id = new_id()
    context.enter(context.Context(correlation_id))
    body = document(status, CODES.get(status, "bad_request"), message, correlation_id)
    retry = "Retry-After: 1\r\n" if status == HTTPStatus.SERVICE_UNAVAILABLE else ""
    reason = HTTPStatus(status).phrase
    return f"HTTP/1.1 {status} {reason}\r\nContent-Type: {MEDIA_TYPE}\r\nContent-Length: {len(body)}\r\n{retry}Connection: close\r\n\r\n".encode() + body


class Protocol(HttpProtocol):
    """Times in seconds. eventlet itself limits a header line to 8 KiB and all headers to 64 KiB; http.client, to 100 headers."""

    idle_seconds = 30.0
    header_seconds = 10.0
    linger_seconds = 1.0
    lingers = False

    def _read_request_line(self) -> bytes:
        line: bytes = b""
        with eventlet.Timeout(self.idle_seconds, False):
            line = super()._read_request_line()
        if len(line) >= self.server.url_length_limit:
            self._refuse(414, "The request line is too long.")
            return b""
        return line

    def parse_request(self) -> bool:
        """Whether there is a request to answer; what is refused has had its answer."""
        try:
            with eventlet.Timeout(self.header_seconds):
                if not super().parse_request():
                    return False
            self._check_framing()
        except (HeaderLineTooLong, HeadersTooLarge):
            self._refuse(431, "The headers are too large.")
        except eventlet.Timeout:
            self._refuse(408, "The headers took too long.")
        except TooLarge as error:
            self._refuse(413, error.message)
        except ValueError as error:
            self._refuse(400, str(error))
        else:
            return True
        return False

    def _check_framing(self) -> None:
        """ValueError with a sentence, or TooLarge, where the request's head does not say clearly what follows it."""
        lengths, codings = self.headers.get_all("Content-Length", []), self.headers.get_all("Transfer-Encoding", [])
        if self.request_version == "HTTP/0.9":
            raise ValueError("HTTP/1.0 or 1.1 only.")
        if self.headers.defects or any(character in value for value in self.headers.values() for character in "\r\n\0"):
            raise ValueError("A header is not well formed.")
        if len(self.headers.get_all("Host", [])) != 1 and self.request_version != "HTTP/1.0":
            raise ValueError("Exactly one Host header is needed.")
        if codings:
            if [each.strip().lower() for each in codings] != ["chunked"] or lengths or self.request_version == "HTTP/1.0":
                raise ValueError("Transfer-Encoding may only be chunked, and not beside Content-Length.")
            self._close()  # eventlet reads chunks leniently: nothing behind them is taken for a request
        if lengths:
            if len(lengths) != 1 or not (lengths[0].isascii() and lengths[0].isdigit() and len(lengths[0]) < 20):
                raise ValueError("Content-Length must be one number.")
            if int(lengths[0]) > settings().http_body_limit:
                raise too_large()

    def get_environ(self) -> dict[str, Any]:
        environ: dict[str, Any] = super().get_environ()
        body = environ["eventlet.input"]
        body.rfile = _Limited(self.rfile, settings().http_body_limit)
        body.discard = self._close  # eventlet would wait for what is missing of a body that did not come whole
        return environ

    def _close(self) -> None:
        """Answer this request, then close: what follows on this connection cannot be trusted."""
        self.close_connection = self.lingers = True

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """What http.server refuses by itself. Its texts quote the client, ours do not."""
        self._refuse(code, HTTPStatus(code).description or HTTPStatus(code).phrase)

    def _refuse(self, status: int, message: str) -> None:
        self._close()
        answer = refusal(status, message)
        log.info("%s refused: %d %s", self.client_address[0], status, message)
        self.wfile.write(answer)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 (http.server's own name)
        log.debug(format, *args)

    def finish(self) -> None:
        """Closing with unread bytes resets the connection, and the client would lose our refusal: read on for a moment."""
        if self.lingers:
            try:
                self.wfile.flush()
                self.connection.shutdown(socket.SHUT_WR)
                with eventlet.Timeout(self.linger_seconds, False):
                    while self.connection.recv(1 << 16):
                        eventlet.sleep(0)
            except OSError:
                log.debug("%s left before it was answered", self.client_address[0])
        try:
            super().finish()
        finally:
            self.rfile.close()  # where the last flush failed it is still open, and the descriptor with it


def too_large() -> TooLarge:
    """The error for any body beyond the limit."""
    limit = settings().http_body_limit
    return TooLarge(CODES[413], f"A request's body may have at most {limit} bytes.", limit=limit)


class _Limited:
    """A file that gives at most `limit` bytes, then raises TooLarge: so chunked bodies are bounded, framing included."""

    # What a line of framing counts at least, so that a body cut into single bytes does not keep us busy.
    _LINE = 64

    def __init__(self, file: Any, limit: int) -> None:
        self._file, self._left = file, limit

    def read(self, size: int) -> bytes:
        data: bytes = self._file.read(min(size, self._left + 1))
        return self._count(data, len(data))

    def readline(self) -> bytes:
        line: bytes = self._file.readline(self._left + 1)
        return self._count(line, max(len(line), self._LINE))

    def _count(self, data: bytes, cost: int) -> bytes:
        self._left -= cost
        if self._left < 0:
            raise too_large()
        return data
