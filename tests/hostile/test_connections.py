"""Clients that are slow, many, silent or gone: each gets what it is due, and the honest one is answered all the while (see conftest)."""

from __future__ import annotations

import re
import socket
import struct
import time
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from tests.builders.system import System
from tests.hostile.attacker import HOST, Attacker, Honest, answers, everything

GET = b"GET /healthz HTTP/1.1\r\n" + HOST
POST = b"POST /v1/sessions HTTP/1.1\r\n" + HOST + b"Content-Type: application/json\r\n"


def memory(victim: System, what: str) -> float:
    """MiB of the system's process: `VmRSS` now, `VmHWM` at most so far."""
    assert victim.process
    found = re.search(rf"{what}:\s+(\d+)", Path(f"/proc/{victim.process.pid}/status").read_text())
    assert found
    return int(found[1]) / 1024


def drip(connections: list[socket.socket], piece: bytes, seconds: float) -> None:
    """A piece on each of them, again and again, as long as anybody listens."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        for connection in connections:
            with suppress(OSError):
                connection.sendall(piece)
        time.sleep(0.2)


def test_headers_that_never_end(attacker: Attacker) -> None:
    with attacker.crowd(200) as crowd:
        for each in crowd:
            each.sendall(GET)
        drip(crowd, b"X-A: b\r\n", 1.6)
        told = [answers(everything(each)) for each in crowd]
    assert {answer.status for (answer,) in told} == {408}


def test_bodies_that_never_end(attacker: Attacker) -> None:
    with attacker.crowd(100) as crowd:
        for number, each in enumerate(crowd):
            each.sendall(POST + (b"Content-Length: 1000\r\n\r\n" if number % 2 else b"Transfer-Encoding: chunked\r\n\r\n3e8\r\n"))
        drip(crowd, b" ", 2.0)
        told = [answers(everything(each)) for each in crowd]
    assert {(answer.status, answer.problem["code"]) for (answer,) in told} == {(400, "body_incomplete")}


def test_bodies_that_are_more_than_memory_together(victim: System, attacker: Attacker) -> None:
    before = memory(victim, "VmRSS")
    with attacker.crowd(100) as crowd:
        for each in crowd:
            with suppress(ConnectionError):
                each.sendall(POST + b"Content-Length: 1000000\r\n\r\n" + b" " * 900_000)
        assert memory(victim, "VmRSS") - before < 60
    assert memory(victim, "VmHWM") - before < 60


def test_more_connections_than_there_is_room_for_from_one_address(victim: System, attacker: Attacker, honest: Honest) -> None:
    with ExitStack() as stack:
        for _ in range(3000):
            stack.enter_context(attacker.connect())
        asked = len(honest.times)
        while len(honest.times) < asked + 3:
            time.sleep(0.05)
    assert memory(victim, "VmRSS") < 700


def test_more_connections_than_there_is_room_for_from_everywhere(victim: System, honest: Honest) -> None:
    with ExitStack() as stack:
        for number in range(1000):
            stack.enter_context(Attacker(victim.port, f"127.0.{1 + number // 250}.{1 + number % 250}").connect())
        asked = len(honest.times)
        while len(honest.times) < asked + 3:
            time.sleep(0.05)


def test_connections_that_ask_nothing_are_closed(attacker: Attacker) -> None:
    with attacker.crowd(20) as crowd:
        for each in crowd[:10]:
            each.sendall(b"\r\n" * 10)
        assert [everything(each) for each in crowd] == [b""] * 20


def test_connections_that_are_half_closed_or_broken_off(attacker: Attacker) -> None:
    for raw in (b"", b"G", GET, GET + b"\r\n", POST + b"Content-Length: 9\r\n\r\nsho", GET + b"\r\n" + GET):
        told = answers(attacker.send(raw, half=True))
        assert [answer.status for answer in told] == ([200] if raw.startswith(GET + b"\r\n") else [400] if b"sho" in raw else [])
        for _ in range(30):
            with attacker.connect() as connection:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # closing resets
                connection.sendall(raw)


def test_answers_that_nobody_takes(attacker: Attacker, victim: System) -> None:
    with ExitStack() as stack:
        for _ in range(20):
            connection = stack.enter_context(socket.socket())
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            connection.bind((attacker.source, 0))
            connection.connect(("127.0.0.1", victim.port))
            connection.sendall((b"GET /openapi.json HTTP/1.1\r\n" + HOST + b"\r\n") * 50)
        time.sleep(2)
    assert memory(victim, "VmRSS") < 700


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        (b"GET /" + b"a" * 1_000_000 + b" HTTP/1.1\r\n" + HOST + b"\r\n", 414),
        (GET + b"X: " + b"a" * 1_000_000 + b"\r\n\r\n", 431),
        (GET + b"X" + b"a" * 1_000_000 + b": a\r\n\r\n", 431),
        (GET + b"X: a\r\n" * 100_000 + b"\r\n", 431),
        (POST + b"Content-Length: 99999999999\r\n\r\n" + b"a" * 3_000_000, 413),
        (POST + b"Content-Length: 18446744073709551616\r\n\r\n", 400),
        (POST + b"Transfer-Encoding: chunked\r\n\r\n" + b"10000\r\n" + b"a" * 65_536 + b"\r\n" * 1, 400),
        (POST + b"Transfer-Encoding: chunked\r\n\r\n" + (b"8000\r\n" + b"a" * 32_768 + b"\r\n") * 40, 413),
        (POST + b"Transfer-Encoding: chunked\r\n\r\n1;" + b"a" * 3_000_000, 413),
        (POST + b"Transfer-Encoding: chunked\r\n\r\n0\r\nX" + b"a" * 3_000_000, 413),
        (POST + b"Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n", 400),
        (POST + b"Transfer-Encoding: chunked\r\n\r\n" + b"0" * 3_000_000 + b"\r\n\r\n", 413),
    ],
    ids=lambda each: f"{each[:14]!r} {each[60:100]!r} {len(each)}" if isinstance(each, bytes) else str(each),
)
def test_what_is_too_large_is_refused_before_it_has_all_come(attacker: Attacker, raw: bytes, status: int) -> None:
    assert attacker.ask(raw).status == status


def test_all_that_took_no_more_memory_than_its_limits_allow(victim: System) -> None:
    assert memory(victim, "VmHWM") < 900
