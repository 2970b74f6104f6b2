"""One client's connection: llhttp (through httptools) reads the requests, and each is checked and bounded before anything of it is believed.

Whatever could be read in two ways (doubled or odd Content-Length, other transfer codings, folded headers) is refused, by llhttp or here, so that no
proxy in front and we ourselves can disagree on where a request ends.
"""

from __future__ import annotations

import logging
import socket
import time
from collections import deque
from http import HTTPStatus
from typing import Any

import eventlet
from httptools import HttpParserCallbackError, HttpParserError, HttpParserUpgrade, HttpRequestParser

from shared.kit.errors import Malformed, TooLarge, TradeError
from shared.kit.ids import new_id
from shared.platform import context
from shared.platform.settings import settings
from shared.platform.stream import Stream
from shared.platform.telemetry.metrics import HTTP_REFUSED
from shared.platform.web.application import Application
from shared.platform.web.bodies import Bodies
from shared.platform.web.headers import protecting
from shared.platform.web.message import Incoming, Refused, answer_bytes, head_bytes
from shared.platform.web.ongoing import Ongoing
from shared.platform.web.problems import MEDIA_TYPE, document
from shared.platform.web.request import Request

log = logging.getLogger(__name__)

LONGEST_LINE = 8190
"""Bytes of the path and query, or of one header."""
LONGEST_HEAD, MOST_HEADERS = 1 << 16, 100
CHUNK_COST = 64
"""What a chunk's framing counts at least, so that a body cut into single bytes does not keep us busy."""
PIECE = 1 << 13
"""Bytes that are looked at in one turn: of the smallest requests, which are sent without waiting for answers, a few hundred."""
SLOWEST = 10_000
"""Bytes a second that a client must take of a long answer."""

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
    headers = {"Content-Type": MEDIA_TYPE, "Content-Length": str(len(body)), **protecting(), "X-Correlation-ID": correlation_id, "Connection": "close"}
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        headers["Retry-After"] = "1"
    lines = [f"HTTP/1.1 {status} {HTTPStatus(status).phrase}", *(f"{name}: {value}" for name, value in headers.items())]
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + body


class Protocol:
    """Serves one connection, one request at a time, in the greenlet that calls `serve`.

    `waits_since` is the monotonic time since when it waits for its client, to ask or to take an answer; None while it works for it.
    """

    linger_seconds = 1.0

    def __init__(self, sock: Any, address: Any, application: Application, bodies: Bodies) -> None:
        self.client, self.server = str(address[0]), (str(sock.getsockname()[0]), str(sock.getsockname()[1]))
        self._sock, self._stream, self._application, self._bodies = sock, Stream(sock), application, bodies
        self._parser = HttpRequestParser(self)
        self._unread = b""
        self._ready: deque[Request] = deque()
        self._incoming: Incoming | None = None
        self._refused: Refused | None = None
        limits = settings()
        self._body_limit = limits.http_body_limit
        self._head_seconds, self._body_seconds, self._idle_seconds = limits.http_header_timeout, limits.http_body_timeout, limits.http_idle_timeout
        self._until = 0.0
        self.waits_since: float | None = time.monotonic()
        self._leaving = False
        self._idle = True
        self._ongoing: Ongoing | None = None

    def serve(self) -> None:
        """Until either side has had enough."""
        self._sock.settimeout(self._body_seconds)
        last = False
        try:
            while not last and (self._ready or not self._leaving) and (request := self._next()):
                self._idle, self.waits_since = False, None
                response = self._application.answer(request)
                last = request.last or self._leaving or isinstance(response, Ongoing)
                if isinstance(response, Ongoing):
                    self._follow(request, response)
                self.waits_since = time.monotonic()
                if not isinstance(response, Ongoing):
                    self._send(answer_bytes(request, response, last))
                self._bodies.release(self)
                if self._ready or self._unread:
                    eventlet.sleep(0)  # who asks without waiting for answers does not keep others waiting for theirs
                self._idle = True
            if self._refused and not last:
                answer, last = refusal(self._refused.status, self._refused.message), True
                log.info("%s refused: %d %s", self.client, self._refused.status, self._refused.message)
                self._send(answer)
            if last:
                self._linger()
        finally:
            self._bodies.release(self)
            self._stream.close()

    def leave(self) -> None:
        """Close when the request at work is answered; at once where there is none."""
        self._leaving = True
        if self._ongoing:
            self._ongoing.end()
        if self._idle:
            self.cut()

    def cut(self) -> None:
        """Close, whatever is at work."""
        self._stream.close()

    def _send(self, answer: bytes) -> None:
        """TimeoutError where the client takes it too slowly. Most answers fit into the socket at once, and need no clock."""
        sent = self._sock.send(answer)
        if sent < len(answer):
            with eventlet.Timeout(self._body_seconds + len(answer) / SLOWEST, TimeoutError("the answer was taken too slowly")):
                self._sock.sendall(memoryview(answer)[sent:])

    def _follow(self, request: Request, response: Ongoing) -> None:
        """Send it until it ends. Who does not take a part in time is lost: nothing is kept for them."""
        self._ongoing = response
        if self._leaving:
            response.end()
        response.pass_on(head_bytes(request, response, last=True), self._send, self._stream.read, request.method != "HEAD")

    def _next(self) -> Request | None:
        """The next request, whole or with what its body failed by. None where it is refused, or nobody asks any more."""
        while not self._ready and not self._refused:
            if self._incoming is None:
                self._until = time.monotonic() + self._idle_seconds
            try:
                self._feed(self._piece())
            except OSError as error:
                if self._incoming is None:
                    return None
                if self._incoming.complete:
                    self._fail(incomplete())
                elif isinstance(error, TimeoutError):
                    self._refused = Refused(408, "The headers took too long.")
                else:
                    return None
        return self._ready.popleft() if self._ready else None

    def _piece(self) -> bytes:
        received = self._unread or self._stream.read(max(0.001, self._until - time.monotonic()))
        self._unread = received[PIECE:]
        return received[:PIECE]

    def _feed(self, data: bytes) -> None:
        begun = self._incoming
        try:
            self._parser.feed_data(data)
        except HttpParserUpgrade:
            log.debug("%s asked for another protocol", self.client)
        except HttpParserCallbackError as error:
            self._stop(error.__context__)
        except HttpParserError as error:
            self._stop(error)
        incoming = self._incoming
        if incoming is None or self._refused:
            return
        if incoming is begun:
            incoming.received += len(data)
            if not incoming.complete and incoming.received > LONGEST_HEAD:
                self._refused = Refused(431, "The headers are too large.")
            elif (limit := self._exceeded(incoming.received - LONGEST_HEAD)) is not None:
                self._fail(too_large(limit))  # in what llhttp tells us nothing of: extensions of chunks, a trailer without end
                return
        if incoming.expects and not incoming.body_size:
            incoming.expects = False
            self._sock.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")

    def _stop(self, error: BaseException | None) -> None:
        """What llhttp or our checks do not accept: a request whose body fails is answered as any, all else is refused."""
        if self._ready and self._ready[-1].last:
            return
        if isinstance(error, Refused):
            self._refused = error
        elif self._incoming is not None and self._incoming.complete:
            self._fail(error if isinstance(error, TradeError) else incomplete())
        else:
            status = HTTPStatus.HTTP_VERSION_NOT_SUPPORTED if str(error) == "Invalid HTTP version" else HTTPStatus.BAD_REQUEST
            self._refused = Refused(status, status.description)

    def _fail(self, error: TradeError) -> None:
        assert self._incoming
        self._incoming.last = True
        self._hand_on(error)

    def _hand_on(self, failure: TradeError | None = None) -> None:
        incoming, self._incoming = self._incoming, None
        assert incoming
        if self._ready and self._ready[-1].last:
            return  # nothing behind the last is believed
        request = incoming.request(self.server, self.client)
        request.last, request.failure = incoming.last, failure
        self._ready.append(request)

    def _linger(self) -> None:
        """Closing with unread bytes resets the connection, and the client would lose our answer: read on for a moment."""
        until = time.monotonic() + self.linger_seconds
        try:
            self._sock.shutdown(socket.SHUT_WR)
            while (left := until - time.monotonic()) > 0:
                self._stream.read(left)
                eventlet.sleep(0)
        except OSError:
            log.debug("%s has left", self.client)

    # What follows is called by llhttp.

    def on_message_begin(self) -> None:
        self._incoming = Incoming()
        self._until = time.monotonic() + self._head_seconds

    def on_url(self, part: bytes) -> None:
        assert self._incoming
        self._incoming.target += part
        if len(self._incoming.target) > LONGEST_LINE:
            raise Refused(414, "The request line is too long.")

    def on_header(self, name: bytes, value: bytes) -> None:
        incoming, size = self._incoming, len(name) + len(value) + 4
        assert incoming
        if incoming.complete:  # a trailer, which nobody asked for
            self._count(max(size, CHUNK_COST))
            return
        incoming.headers.append((name, value))
        incoming.size += size
        if size > LONGEST_LINE or incoming.size > LONGEST_HEAD or len(incoming.headers) > MOST_HEADERS:
            raise Refused(431, "The headers are too large.")

    def on_headers_complete(self) -> None:
        incoming, parser = self._incoming, self._parser
        assert incoming
        incoming.finish(parser.get_method(), parser.get_http_version(), parser.should_keep_alive(), parser.should_upgrade())
        if (limit := self._exceeded(incoming.length)) is not None:
            raise Refused(413, too_large(limit).message)
        self._until = time.monotonic() + self._body_seconds

    def on_chunk_header(self) -> None:
        self._count(CHUNK_COST)

    def on_body(self, data: bytes) -> None:
        assert self._incoming
        self._incoming.body.append(data)
        self._count(len(data))

    def on_message_complete(self) -> None:
        self._hand_on()

    def _count(self, size: int) -> None:
        assert self._incoming
        self._incoming.body_size += size
        if (limit := self._exceeded(self._incoming.body_size)) is not None:
            raise too_large(limit)
        self._bodies.grow(self, size)

    def _exceeded(self, size: int) -> int | None:
        """The limit that a body of this size is beyond. What the path takes is asked for only where it matters: hardly any body is that large."""
        assert self._incoming
        if size <= self._body_limit:
            return None
        route = self._application.body_limit(self._incoming.environ["REQUEST_METHOD"], self._incoming.path.decode(errors="replace"))
        limit = route or self._body_limit
        return limit if size > limit else None


def incomplete() -> Malformed:
    """The error for a body that did not arrive whole and well framed in time."""
    return Malformed("body_incomplete", "The request's body did not arrive whole.")


def too_large(limit: int) -> TooLarge:
    """The error for any body beyond the limit."""
    return TooLarge(CODES[413], f"A request's body may have at most {limit} bytes.", limit=limit)
