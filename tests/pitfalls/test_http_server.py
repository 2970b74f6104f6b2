"""The stock HTTP server. That ours has none of this is shown in tests/unit/gateway/test_web_server.py."""

from __future__ import annotations

import resource
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress

import pytest
import requests

from tests.pitfalls.children import Child, Children, wait_until
from tests.servers.processes import free_port


class Web:
    """A running stock server and its port."""

    def __init__(self, children: Children) -> None:
        self.children, self.port = children, free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.child = self.start()

    def start(self) -> Child:
        return self.children.stock("Web", WEB_SERVER_ADDRESS=f"127.0.0.1:{self.port}")

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=30)


@pytest.fixture
def web(children: Children) -> Web:
    return Web(children)


def test_stock_takes_new_requests_after_sigterm(web: Web) -> None:
    with ThreadPoolExecutor() as pool:
        working = pool.submit(requests.get, f"{web.url}/pause/3.0", timeout=20)
        web.child.wait_for("began 3.0")
        web.child.process.terminate()
        time.sleep(0.5)  # it stops for long already
        assert requests.get(f"{web.url}/pause/0.0", timeout=30).text == "done"
        assert web.child.runs
        assert working.result().text == "done"
    web.child.ended()


def test_stock_dies_when_it_runs_out_of_descriptors(web: Web) -> None:
    resource.prlimit(web.child.process.pid, resource.RLIMIT_NOFILE, (50, 50))
    with ExitStack() as stack:
        with suppress(ConnectionError):  # it may be dead before the last
            for _ in range(60):
                stack.enter_context(web.connect())
        assert web.child.ended() != 0
    assert any("Too many open files" in line for line in web.child.told)


def test_stock_takes_a_body_of_any_size(web: Web) -> None:
    body = b"x" * 50_000_000
    assert requests.post(f"{web.url}/length", body, timeout=30).text == str(len(body))


def test_stock_takes_any_number_of_connections_and_waits_for_them_as_long_as_they_like(web: Web) -> None:
    with ExitStack() as stack:
        idle = []
        for number in range(600):  # ours takes 500 by default
            idle.append(stack.enter_context(web.connect()))
            if number % 25 == 0:
                time.sleep(0.05)  # its backlog is 50
        slow = stack.enter_context(web.connect())
        slow.sendall(b"GET /pause/0.0 HTTP/1.1\r\nHost: here\r\n")
        for _ in range(6):  # no header ends, ever
            time.sleep(0.5)
            slow.sendall(b"X: a\r\n")
        slow.sendall(b"\r\n")
        assert slow.recv(100).startswith(b"HTTP/1.1 200 OK")
        idle[0].sendall(b"GET /pause/0.0 HTTP/1.1\r\nHost: here\r\n\r\n")
        assert idle[0].recv(100).startswith(b"HTTP/1.1 200 OK")


def test_two_stock_servers_share_a_port_and_neither_says_so(web: Web) -> None:
    other = web.start()
    for _ in range(1000):  # the kernel deals them out
        requests.get(f"{web.url}/pause/0.0", timeout=30)
        if web.child.count("began 0.0") and other.count("began 0.0"):
            break
    wait_until(lambda: web.child.count("began 0.0") and other.count("began 0.0"), "both answer")
