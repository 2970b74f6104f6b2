"""The HTTP server as a stranger meets it: over a real socket, with requests that are slow, huge, broken or too many."""

from __future__ import annotations

import errno
import json
import logging
import re
import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import eventlet
import pytest
from nameko.containers import ServiceContainer
from werkzeug.wrappers import Response

from shared.platform.settings import settings
from shared.platform.web import Ongoing, Request, headers, http, listener, protocol, server

HOST = b"Host: here\r\n"
ECHO = b"POST /echo HTTP/1.1\r\n" + HOST
ONGOING = b"GET /ongoing HTTP/1.1\r\n" + HOST + b"\r\n"
DEFECT = b"defect"
PARTS: list[bytes] = []
"""What an ongoing answer goes on with."""
ENDED: list[Ongoing] = []
LAST = ECHO + b"Content-Length: 2\r\nConnection: close\r\n\r\nok"


@dataclass(frozen=True)
class Path:
    method: str
    rule: str
    body_limit: int | None = None


class Answering:
    name = "answering"

    @http(lambda: (Path("POST", "/echo"), Path("GET", "/pause/<float:seconds>"), Path("GET", "/defect"), Path("GET", "/ongoing")))
    def answer(self, endpoint: Path, asked: Request) -> Response:
        if endpoint.rule == "/defect":
            raise RuntimeError("the cellar is at /var/secret")
        if endpoint.rule == "/ongoing":
            answer = Ongoing(content_type="text/plain")
            answer.response = self.parts(answer)
            answer.call_on_close(lambda: ENDED.append(answer))
            return answer
        if endpoint.rule == "/echo":
            return Response(asked.content)
        eventlet.sleep(float(asked.path_values["seconds"]))
        return Response("done")

    def parts(self, answer: Ongoing) -> Iterator[bytes]:
        """The first at once, further ones as `PARTS` has some, until it is over."""
        yield b"begun "
        while not answer.over:
            if PARTS == [DEFECT]:
                raise RuntimeError("of ours")
            if PARTS:
                yield PARTS.pop(0)
            else:
                answer.bell.wait(0.01)
        yield b"ended"


@dataclass
class Here:
    """The server under test, and a client."""

    container: Any
    web: server.WebServer
    connections: list[Any] = field(default_factory=list)

    def connect(self) -> Any:
        connection = eventlet.connect(("127.0.0.1", self.web.listener.address[1]))
        connection.settimeout(30)
        self.connections.append(connection)
        return connection

    def ask(self, raw: bytes, *more: bytes) -> Answer:
        """The answer to one request on a connection of its own."""
        connection = self.connect()
        connection.sendall(raw)
        for each in more:
            eventlet.sleep(0.01)
            connection.sendall(each)
        return read(connection)


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes
    closed: bool = False

    @property
    def problem(self) -> dict[str, Any]:
        assert self.headers["content-type"] == "application/problem+json"
        document: dict[str, Any] = json.loads(self.body)
        assert document["status"] == self.status
        assert document["correlation_id"]
        return document


def read(connection: Any) -> Answer:
    """The next answer on a connection; whether the server then closed it is looked up where it said so."""
    received = b""
    while b"\r\n\r\n" not in received:
        data = connection.recv(4096)
        assert data, f"closed after {received!r}"
        received += data
    head, _, body = received.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    while len(body) < int(headers.get("content-length", 0)):
        body += connection.recv(4096)
    answer = Answer(int(first.split(" ")[1]), headers, body)
    if headers.get("connection") == "close":
        answer.closed = connection.recv(1) == b""
    return answer


def everything(connection: Any) -> bytes:
    """All that comes until the server closes."""
    received = b""
    while data := connection.recv(4096):
        received += data
    return received


Start = Callable[..., Here]


@pytest.fixture
def start(monkeypatch: pytest.MonkeyPatch) -> Iterator[Start]:
    """Starts the server with changed settings."""
    started: list[Here] = []

    def start_with(**changed: Any) -> Here:
        own = replace(settings(), http_host="127.0.0.1", http_port=0, drain_timeout=30.0, **changed)
        monkeypatch.setattr(server, "settings", lambda: own)
        monkeypatch.setattr(protocol, "settings", lambda: own)
        monkeypatch.setattr(listener, "settings", lambda: own)
        container = ServiceContainer(Answering)
        started.append(Here(container, next(each for each in container.subextensions if isinstance(each, server.WebServer))))
        container.start()
        return started[-1]

    yield start_with
    for here in started:
        for connection in here.connections:
            connection.close()
        here.container.stop()


@pytest.fixture
def here(start: Start) -> Here:
    return start(http_body_limit=1000)


def test_a_connection_serves_one_request_after_another(here: Here) -> None:
    connection = here.connect()
    for word in (b"one", b"other"):
        connection.sendall(ECHO + b"Content-Length: %d\r\n\r\n" % len(word) + word)
        answer = read(connection)
        assert (answer.status, answer.body, answer.closed) == (200, word, False)


def test_a_defect_shows_neither_stack_nor_text(here: Here) -> None:
    answer = here.ask(b"GET /defect HTTP/1.1\r\n" + HOST + b"\r\n")
    assert (answer.status, answer.problem["code"]) == (500, "internal_error")
    assert not re.search(rb"Traceback|RuntimeError|secret", answer.body)
    assert here.ask(ECHO + b"Content-Length: 2\r\n\r\nok").body == b"ok"


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        (b"\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03rubbish\r\n\r\n", 400),
        (b"GET\r\n\r\n", 400),
        (b"GET /echo\r\n\r\n", 400),
        (b"GET /echo HTTP/x\r\n\r\n", 400),
        (b"GET /echo HTTP/3.0\r\n" + HOST + b"\r\n", 505),
        (b"GET /echo HTTP/1.1\r\n\r\n", 400),
        (b"GET /echo HTTP/1.1\r\n" + HOST + HOST + b"\r\n", 400),
        (ECHO + b"Content-Length: -3\r\n\r\nabc", 400),
        (ECHO + b"Content-Length: +3\r\n\r\nabc", 400),
        (ECHO + b"Content-Length: 3_0\r\n\r\nabc", 400),
        (ECHO + b"Content-Length: 0x3\r\n\r\nabc", 400),
        (ECHO + b"Content-Length: \xb3\r\n\r\nabc", 400),
        (ECHO + b"Content-Length:\r\n\r\nabc", 400),
        (ECHO + b"Content-Length: 3, 3\r\n\r\nabc", 400),
        (ECHO + b"Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc", 400),
        (ECHO + b"Content-Length: " + b"9" * 5000 + b"\r\n\r\n", 400),
        (ECHO + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
        (ECHO + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 400),
        (ECHO + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", 400),
        (ECHO + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
        (ECHO + b"Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n", 400),
        (ECHO + b"Connection: Upgrade\r\nUpgrade: h2c\r\nContent-Length: 3\r\n\r\nabc", 400),
        (b"GET /echo HTTP/0.9\r\n" + HOST + b"\r\n", 400),
        (b"GET /echo HTTP/2.0\r\n" + HOST + b"\r\n", 505),
        (b"GET /echo HTTP/1.1\n" + b"Host: here\n\n", 400),
        (ECHO + b"X: a\nContent-Length: 3\r\n\r\nabc", 400),
        (b"POST /echo HTTP/1.0\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
        (ECHO + b"X-Folded: a\r\n b\r\n\r\n", 400),
        (ECHO + b"Content-Length : 3\r\n\r\nabc", 400),
        (ECHO + b"X-Nul: a\x00b\r\n\r\n", 400),
        (b"GET /echo HTTP/1.1\r\nHost: here/echo\r\n\r\n", 400),
        (b"GET /echo HTTP/1.1\r\nHost: me@here\r\n\r\n", 400),
        (b"GET /echo HTTP/1.1\r\nHost: h\xc3\xa9re\r\n\r\n", 400),
        (b"GET /echo HTTP/1.0\r\n" + HOST + HOST + b"\r\n", 400),
        (b"GET http://elsewhere/echo HTTP/1.1\r\n" + HOST + b"\r\n", 400),
        (b"CONNECT elsewhere:443 HTTP/1.1\r\n" + HOST + b"\r\n", 400),
        (b"OPTIONS * HTTP/1.1\r\n" + HOST + b"\r\n", 400),
        (ECHO + b"Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n", 400),
        (ECHO + b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n", 400),
        (ECHO + b"Content-Length: 0\r\n\tContent-Length: 8\r\n\r\n", 400),
        (ECHO + b"Content-Length: 1001\r\n\r\n", 413),
        (b"GET /" + b"a" * 8200 + b" HTTP/1.1\r\n" + HOST + b"\r\n", 414),
        (ECHO + b"X-Long: " + b"a" * 8200 + b"\r\n\r\n", 431),
        (ECHO + (b"X-Much: " + b"a" * 4000 + b"\r\n") * 20 + b"\r\n", 431),
        (ECHO + b"X-Many: a\r\n" * 150 + b"\r\n", 431),
    ],
)
def test_what_cannot_be_read_in_one_way_only_is_refused_and_nothing_behind_it_is_read(
    here: Here, raw: bytes, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "tradelane.access")
    smuggled = ECHO + b"Content-Length: 8\r\n\r\nsmuggled"
    answer = here.ask(raw + smuggled)
    assert (answer.status, answer.closed) == (status, True)
    assert set(answer.problem) == {"type", "title", "status", "detail", "code", "correlation_id"}
    assert not caplog.records, "no request reached the application"
    assert {name.lower(): value for name, value in headers.protecting().items()}.items() <= answer.headers.items()


def test_a_body_that_nobody_wants_is_not_taken_for_the_next_request(here: Here) -> None:
    connection = here.connect()
    inner = b"GET /defect HTTP/1.1\r\n" + HOST + b"\r\n"
    connection.sendall(b"POST /nowhere HTTP/1.1\r\n" + HOST + b"Content-Length: %d\r\n\r\n" % len(inner) + inner + LAST)
    answers = everything(connection)
    assert re.findall(rb"HTTP/1.1 (\d+)", answers) == [b"404", b"200"]
    assert answers.endswith(b"ok")


def test_requests_sent_at_once_are_answered_in_their_order(here: Here) -> None:
    connection = here.connect()
    connection.sendall(b"".join(ECHO + b"Content-Length: 3\r\n\r\n<%d>" % number for number in range(5)) + LAST)
    assert re.findall(rb"<\d>|ok", everything(connection)) == [b"<0>", b"<1>", b"<2>", b"<3>", b"<4>", b"ok"]


def test_who_asks_without_waiting_for_answers_does_not_keep_others_waiting_for_theirs(here: Here) -> None:
    greedy, honest = here.connect(), here.connect()
    eventlet.sleep(0.05)  # both are listened to
    greedy.sendall((ECHO + b"Content-Length: 0\r\n\r\n") * 200)
    honest.sendall(LAST)
    assert read(honest).body == b"ok"
    greedy.settimeout(0)
    assert greedy.recv(1 << 20).count(b"HTTP/1.1 200") < 100


def test_a_request_that_comes_byte_by_byte_is_answered(here: Here) -> None:
    connection = here.connect()
    for each in LAST:
        connection.sendall(bytes((each,)))
        eventlet.sleep(0)
    assert everything(connection).endswith(b"ok")


def test_another_protocol_is_not_spoken_and_nothing_behind_the_wish_for_it_is_read(here: Here, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "tradelane.access")
    connection = here.connect()
    connection.sendall(b"GET /pause/0.0 HTTP/1.1\r\n" + HOST + b"Connection: Upgrade\r\nUpgrade: h2c\r\n\r\n" + LAST)
    assert re.findall(rb"HTTP/1.1 (\d+)", everything(connection)) == [b"200"]
    assert len(caplog.records) == 1


def test_headers_that_would_be_the_same_to_an_application_are_not_mixed_up(here: Here) -> None:
    answer = here.ask(LAST.replace(b"\r\n\r\n", b"\r\nX_Correlation_ID: theirs\r\nX-Correlation-ID: mine\r\n\r\n"))
    assert answer.headers["x-correlation-id"] == "mine"


@pytest.mark.parametrize(
    ("path", "status"),
    [
        (b"/pause/0.0", 200),
        (b"/%70ause/0.0", 200),
        (b"//pause/0.0", 404),
        (b"/pause%2f0.0", 404),
        (b"/pause%2F0.0", 404),
        (b"/pause/../pause/0.0", 404),
        (b"/pause/0.0/", 404),
        (b"/pause/0.0%00", 404),
        (b"/pause/0.0%0d%0aX-Evil:%201", 404),
        (b"/%c0%afpause/0.0", 404),
        (b"/pause\\0.0", 404),
        (b"/pause/0.0;x=1", 404),
    ],
)
def test_a_path_leads_where_whoever_guards_paths_in_front_reads_that_it_leads(here: Here, path: bytes, status: int) -> None:
    answer = here.ask(b"GET " + path + b" HTTP/1.1\r\n" + HOST + b"\r\n")
    assert answer.status == status
    assert "x-evil" not in answer.headers


def test_an_answer_to_head_has_no_body(here: Here) -> None:
    connection = here.connect()
    connection.sendall(b"HEAD /pause/0.0 HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n")
    head, _, body = everything(connection).partition(b"\r\n\r\n")
    assert b"Content-Length: 4" in head
    assert not body


def test_a_body_too_large_is_refused_while_it_is_still_coming(here: Here) -> None:
    answer = here.ask(ECHO + b"Content-Length: 3000000\r\n\r\n" + b"a" * 3_000_000)
    assert (answer.status, answer.problem["code"]) == (413, "body_too_large")


def test_who_asks_first_is_told_before_sending(here: Here) -> None:
    assert here.ask(ECHO + b"Expect: 100-continue\r\nContent-Length: 1001\r\n\r\n").status == 413
    connection = here.connect()
    connection.sendall(ECHO + b"Expect: 100-continue\r\nContent-Length: 2\r\n\r\n")
    assert connection.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
    connection.sendall(b"ok")
    assert read(connection).body == b"ok"


CHUNKED = ECHO + b"Transfer-Encoding: chunked\r\n\r\n"


def test_a_chunked_body_is_read_and_its_connection_is_used_no_further(here: Here, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "tradelane.access")
    answer = here.ask(CHUNKED + b"3\r\nabc\r\n", b"2\r\nde\r\n0\r\n\r\n" + ECHO + b"Content-Length: 8\r\n\r\nsmuggled")
    assert (answer.status, answer.body, answer.closed) == (200, b"abcde", True)
    assert len(caplog.records) == 1


@pytest.mark.parametrize(
    "chunks",
    [
        b"3e9\r\n" + b"a" * 1001 + b"\r\n0\r\n\r\n",
        b"1\r\na\r\n" * 400 + b"0\r\n\r\n",
        b"ffffffffff\r\n" + b"a" * 5000,
        b"0\r\n" + b"X-Trailer: a\r\n" * 20,
        b"1;" + b"a" * 500_000,
        b"0\r\nX-Trailer" + b"a" * 500_000,
        b"0\r\nX-Trailer: " + b"a" * 500_000,
    ],
)
def test_a_chunked_body_is_bounded_with_its_framing(here: Here, chunks: bytes) -> None:
    answer = here.ask(CHUNKED + chunks)
    assert (answer.status, answer.problem["code"], answer.closed) == (413, "body_too_large", True)


@pytest.mark.parametrize(
    "chunks",
    [
        b"what\r\nabc\r\n0\r\n\r\n",
        b"1" * 5000,
        b"-1\r\n" * 500,
        b"3\nabc\n0\n\n",
        b"3\r\nabcd\r\n0\r\n\r\n",
        b'3;a="\n"\r\nabc\r\n0\r\n\r\n',
    ],
)
def test_chunks_that_are_none_are_refused(here: Here, chunks: bytes) -> None:
    answer = here.ask(CHUNKED + chunks)
    assert (answer.status, answer.problem["code"]) == (400, "body_incomplete")


@pytest.mark.parametrize("raw", [ECHO + b"Content-Length: 9\r\n\r\nshort", CHUNKED + b"9\r\nshort", CHUNKED + b"5\r\nshort\r\n"])
def test_a_body_that_ends_early_is_refused(here: Here, raw: bytes) -> None:
    connection = here.connect()
    connection.sendall(raw)
    connection.shutdown(socket.SHUT_WR)
    answer = read(connection)
    assert (answer.status, answer.problem["code"]) == (400, "body_incomplete")


def test_headers_that_trickle_in_are_not_waited_for(start: Start) -> None:
    here = start(http_header_timeout=0.2)
    started = time.monotonic()
    answer = here.ask(ECHO, *[b"X: a\r\n"] * 15)
    assert (answer.status, answer.problem["code"], answer.closed) == (408, "request_timeout", True)
    assert time.monotonic() - started < 20


def test_a_body_that_trickles_in_is_not_waited_for(start: Start) -> None:
    here = start(http_body_timeout=0.1)
    answer = here.ask(ECHO + b"Content-Length: 100\r\n\r\n", *[b"a"] * 15)
    assert (answer.status, answer.problem["code"], answer.closed) == (400, "body_incomplete", True)


def test_a_connection_that_asks_nothing_is_closed(start: Start) -> None:
    assert start(http_idle_timeout=0.1).connect().recv(1) == b""


def test_an_answer_that_is_hardly_taken_is_given_up(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "SLOWEST", 1e9)
    here = start(http_body_timeout=0.4, http_body_limit=20_000_000)
    connection = here.connect()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 100_000)
    connection.sendall(ECHO + b"Content-Length: 20000000\r\n\r\n" + b"a" * 20_000_000)
    began = time.monotonic()
    while here.web.listener.connections and time.monotonic() - began < 20:
        assert connection.recv(50_000)  # never still for long, and not done for long
        eventlet.sleep(0.01)
    assert not here.web.listener.connections


def test_a_client_that_goes_away_takes_nothing_with_it(here: Here) -> None:
    for raw in (b"", b"GET /pau", ECHO + b"Content-Length: 9\r\n\r\nsho", b"GET /pause/0.05 HTTP/1.1\r\n" + HOST + b"\r\n"):
        connection = here.connect()
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")  # closing resets
        connection.sendall(raw)
        eventlet.sleep(0.01)
        connection.close()
    eventlet.sleep(0.1)
    assert here.ask(ECHO + b"Content-Length: 2\r\n\r\nok").body == b"ok"
    assert not here.container._died.ready()


class _Failing:
    """A listener whose accept fails a few times first."""

    def __init__(self, listener: Any, errors: list[int]) -> None:
        self.listener, self.errors = listener, errors

    def accept(self) -> Any:
        if self.errors:
            raise OSError(self.errors.pop(), "out of order")
        return self.listener.accept()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.listener, name)


@pytest.mark.skipif(not hasattr(socket, "TCP_USER_TIMEOUT"), reason="Linux alone can be told")
def test_a_client_that_is_lost_without_a_word_is_given_up_when_it_has_not_acknowledged_an_answer_in_time(start: Start) -> None:
    here = start(http_body_timeout=7.0)
    client = here.connect()
    client.sendall(ECHO + b"Content-Length: 0\r\n\r\n")
    read(client)
    [served] = here.web.listener.connections
    assert served._sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 7000


def test_running_out_of_descriptors_is_survived(here: Here, caplog: pytest.LogCaptureFixture) -> None:
    errors = [errno.EMFILE, errno.ENFILE, errno.ECONNABORTED]
    here.web.listener.sock = _Failing(here.web.listener.sock, errors)
    for _ in range(2):  # the first is accepted by the accept already under way
        assert here.ask(ECHO + b"Content-Length: 2\r\n\r\nok").body == b"ok"
    assert not errors
    assert caplog.text.count("cannot accept connections") == 3


def test_more_connections_than_allowed_are_turned_away_until_one_is_done(start: Start, caplog: pytest.LogCaptureFixture) -> None:
    here = start(http_connections=2)
    working = [here.connect() for _ in range(2)]
    for connection in working:
        connection.sendall(b"GET /pause/0.2 HTTP/1.1\r\n" + HOST + b"\r\n")
    eventlet.sleep(0.05)
    for _ in range(3):
        third = here.ask(b"")
        assert (third.status, third.problem["code"], third.headers["retry-after"], third.closed) == (503, "too_many_connections", "1", True)
    assert caplog.text.count("turned away") == 1
    assert [read(connection).body for connection in working] == [b"done", b"done"]
    assert here.ask(ECHO + b"Content-Length: 2\r\n\r\nok").body == b"ok"


@pytest.mark.parametrize("sent", [b"", ECHO, ECHO + b"Content-Length: 9\r\n\r\nsho", b"GET /pause/0.0 HTTP/1.1\r\n" + HOST + b"\r\n"])
def test_who_waits_longest_without_a_request_makes_room_for_a_new_connection(start: Start, sent: bytes) -> None:
    here = start(http_connections=2)
    longest, working = here.connect(), here.connect()
    longest.sendall(sent)
    working.sendall(b"GET /pause/0.2 HTTP/1.1\r\n" + HOST + b"\r\n")
    eventlet.sleep(0.05)
    for _ in range(2):
        assert here.ask(LAST).body == b"ok"
        assert here.connect()
    assert everything(longest)[-4:] in (b"", b"done")
    assert read(working).body == b"done"


def test_bodies_are_held_up_to_a_limit_together_and_whoever_sends_most_makes_room(start: Start) -> None:
    here = start(http_body_limit=2000, http_bodies_limit=5000)
    slow = [eventlet.connect(("127.0.0.1", here.web.listener.address[1]), bind=("127.0.0.2", 0)) for _ in range(5)]
    here.connections.extend(slow)
    for connection in slow:
        connection.sendall(ECHO + b"Content-Length: 2000\r\n\r\n" + b"a" * 1500)
        eventlet.sleep(0.01)
    assert len(here.web.listener.connections) == 3
    for _ in range(5):  # what is answered is held no more
        assert here.ask(ECHO + b"Content-Length: 1500\r\nConnection: close\r\n\r\n" + b"b" * 1500).body == b"b" * 1500
    assert here.web.listener._bodies._total == 3000


def test_a_body_that_there_is_no_room_for_is_told_so(start: Start) -> None:
    here = start(http_body_limit=2000, http_bodies_limit=1000)
    answer = here.ask(ECHO + b"Content-Length: 1500\r\n\r\n" + b"a" * 1500)
    assert (answer.status, answer.problem["code"], answer.headers["retry-after"], answer.closed) == (503, "overloaded", "1", True)


def test_the_address_with_the_most_connections_makes_room_first(start: Start) -> None:
    here = start(http_connections=3)
    port = here.web.listener.address[1]
    one = here.connect()  # waits longest
    eventlet.sleep(0.01)
    for _ in range(5):
        here.connections.append(eventlet.connect(("127.0.0.1", port), bind=("127.0.0.2", 0)))
        eventlet.sleep(0.01)
    one.sendall(LAST)
    assert read(one).body == b"ok"


def test_the_port_is_shared_with_nobody(here: Here) -> None:
    for shared in (True, False):
        with pytest.raises(OSError, match="in use"):
            eventlet.listen(("127.0.0.1", here.web.listener.address[1]), reuse_port=shared)


def test_on_stop_requests_at_work_are_finished_and_nothing_new_is_taken(here: Here) -> None:
    working, idle = here.connect(), here.connect()
    working.sendall(b"GET /pause/0.3 HTTP/1.1\r\n" + HOST + b"\r\n")
    eventlet.sleep(0.05)
    stopping = eventlet.spawn(here.container.stop)
    eventlet.sleep(0.05)
    with pytest.raises(ConnectionRefusedError):
        here.connect()
    assert idle.recv(1) == b""
    answer = read(working)
    assert (answer.status, answer.body, answer.closed) == (200, b"done", True)
    stopping.wait()


def test_on_stop_a_connection_whose_answer_is_being_taken_ends_with_that(start: Start, caplog: pytest.LogCaptureFixture) -> None:
    here, body = start(http_body_limit=16 << 20), b"x" * (12 << 20)
    connection = here.connect()
    connection.sendall(ECHO + b"Content-Length: %d\r\n\r\n" % len(body) + body)
    assert connection.recv(1)  # more than its buffers hold is still to come
    stopping = eventlet.spawn(here.container.stop)
    eventlet.sleep(0.05)
    assert b"".join(iter(partial(connection.recv, 1 << 20), b"")).endswith(body)
    stopping.wait()
    assert "cut off" not in caplog.text


def test_a_request_that_outlasts_the_drain_is_cut(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    here = start()
    short = replace(settings(), drain_timeout=0.1)
    monkeypatch.setattr(server, "settings", lambda: short)
    working = here.connect()
    working.sendall(b"GET /pause/30.0 HTTP/1.1\r\n" + HOST + b"\r\n")
    eventlet.sleep(0.05)
    started = time.monotonic()
    here.web.drain()
    assert time.monotonic() - started < 20
    assert working.recv(1) == b""


def ended(answers: int) -> bool:
    """Whether so many ongoing answers come to their end soon."""
    for _ in range(1000):
        if len(ENDED) >= answers:
            return True
        eventlet.sleep(0.01)
    return False


@pytest.fixture
def ongoing(here: Here) -> Any:
    """A client that has received the beginning of an ongoing answer."""
    ENDED.clear()
    PARTS.clear()
    client = here.connect()
    client.sendall(ONGOING)
    received = b""
    while not received.endswith(b"begun "):
        received += client.recv(4096)
    head = received.decode()
    assert "Content-Length" not in head
    assert "Connection: close" in head
    return client


def test_an_ongoing_answer_comes_in_parts_and_its_connection_takes_no_further_request(here: Here, ongoing: Any) -> None:
    ongoing.sendall(LAST)
    PARTS.append(b"further ")
    assert ongoing.recv(4096) == b"further "
    here.container.stop()
    assert everything(ongoing) == b"ended"


def test_an_ongoing_answer_is_given_up_when_its_client_leaves(ongoing: Any) -> None:
    ongoing.close()
    assert ended(1)
    assert ENDED[0].over


def test_on_stop_ongoing_answers_end_in_good_order_and_at_once(here: Here, ongoing: Any) -> None:
    started = time.monotonic()
    stopping = eventlet.spawn(here.container.stop)
    assert everything(ongoing) == b"ended"
    stopping.wait()
    assert time.monotonic() - started < 20


def test_who_does_not_read_an_ongoing_answer_is_cut_off(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "SLOWEST", 10**9)
    ENDED.clear()
    PARTS[:] = [b"x" * 1_000_000] * 30
    start(http_body_timeout=0.1).connect().sendall(ONGOING)
    assert ended(1)
    assert PARTS, "it must not have been read on for a client that takes nothing"


def test_a_defect_in_an_ongoing_answer_is_logged_and_ends_it(ongoing: Any, caplog: pytest.LogCaptureFixture) -> None:
    PARTS.append(DEFECT)
    assert everything(ongoing) == b""
    assert ended(1)
    assert "RuntimeError: of ours" in caplog.text


def test_an_ongoing_answer_to_head_has_no_parts(here: Here) -> None:
    ENDED.clear()
    client = here.connect()
    client.sendall(ONGOING.replace(b"GET", b"HEAD"))
    assert everything(client).endswith(b"\r\n\r\n")
    assert ended(1)
