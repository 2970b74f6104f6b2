from __future__ import annotations

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest

from tradelane.client import Client, Refused


class Scripted(ThreadingHTTPServer):
    """Gives the scripted answers (status, headers, body) in turn, the last one for ever, and keeps what it was asked."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.answers: list[tuple[int, dict[str, str], Any]] = []
        self.asked: list[tuple[str, str, dict[str, str], Any]] = []


class Handler(BaseHTTPRequestHandler):
    server: Scripted
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.asked.append((self.command, self.path, dict(self.headers), json.loads(body) if body else None))
        status, headers, answer = self.server.answers.pop(0) if len(self.server.answers) > 1 else self.server.answers[0]
        content = answer.encode() if isinstance(answer, str) else json.dumps(answer).encode()
        self.send_response(status)
        for name, value in (headers | {"Content-Length": str(len(content))}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    do_POST = do_PUT = do_GET  # noqa: N815 - the library's names

    def log_message(self, *_: Any) -> None:
        """Quiet."""


@pytest.fixture
def server() -> Iterator[Scripted]:
    with Scripted() as scripted:
        thread = Thread(target=scripted.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield scripted
        scripted.shutdown()
        thread.join()


@pytest.fixture
def client(server: Scripted) -> Iterator[Client]:
    client = Client(f"http://127.0.0.1:{server.server_port}")
    yield client
    client.session.close()


def test_every_post_has_an_idempotency_key_of_its_own_and_gets_and_puts_have_none(server: Scripted, client: Client) -> None:
    server.answers = [(200, {}, {})]
    client.post("/a", {"x": 1})
    client.post("/a", {"x": 1})
    client.put("/b", {})
    client.get("/c", limit=5)
    keys = [headers.get("Idempotency-Key") for _, _, headers, _ in server.asked]
    assert keys[0] != keys[1]
    assert all(keys[:2])
    assert keys[2:] == [None, None]
    assert [(method, path) for method, path, _, _ in server.asked] == [("POST", "/a"), ("POST", "/a"), ("PUT", "/b"), ("GET", "/c?limit=5")]


def test_a_key_and_a_wait_are_sent_as_asked(server: Scripted, client: Client) -> None:
    server.answers = [(200, {}, {})]
    client.post("/a", {}, key="mine", wait=10)
    assert (server.asked[0][2]["Idempotency-Key"], server.asked[0][2]["Prefer"]) == ("mine", "wait=10")


@pytest.mark.parametrize("status", [409, 429, 503])
def test_what_is_to_be_retried_is_sent_again_with_the_same_key(server: Scripted, client: Client, status: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.sleep", lambda _seconds: None)
    server.answers = [(status, {"Retry-After": "0"}, {}), (status, {"Retry-After": "0"}, {}), (200, {}, {"done": True})]
    assert client.post("/a", {"x": 1}) == {"done": True}
    assert len({headers["Idempotency-Key"] for _, _, headers, _ in server.asked}) == 1
    assert [body for *_, body in server.asked] == [{"x": 1}] * 3


@pytest.mark.parametrize("status", [400, 404, 409, 422, 500])
def test_a_refusal_is_raised_at_once_with_its_problem_document(server: Scripted, client: Client, status: int) -> None:
    document = {"title": "Not possible now", "detail": "It is the other party's turn.", "code": "not_your_turn", "errors": {"a.0": ["Wrong."]}}
    server.answers = [(status, {"Content-Type": "application/problem+json"}, document)]
    with pytest.raises(Refused, match="It is the other party's turn") as refused:
        client.post("/a", {})
    assert (refused.value.status, refused.value.problem, refused.value.request) == (status, document, "POST /a")
    assert len(server.asked) == 1


def test_after_many_refusals_to_be_retried_the_last_one_is_raised(server: Scripted, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.sleep", lambda _seconds: None)
    server.answers = [(503, {"Retry-After": "0"}, {"title": "Not ready"})]
    with pytest.raises(Refused, match="Not ready"):
        client.get("/a")
    assert len(server.asked) == 7


@pytest.mark.parametrize("answer", ["<html>Bad gateway</html>", '["a list"]'])
def test_a_refusal_that_is_no_problem_document_is_still_told(server: Scripted, client: Client, answer: str) -> None:
    server.answers = [(502, {}, answer)]
    with pytest.raises(Refused) as refused:
        client.get("/a")
    assert refused.value.problem == {"title": "Bad Gateway", "detail": answer}


def test_who_registers_is_signed_in(server: Scripted, client: Client) -> None:
    server.answers = [(201, {}, {"id": "7"}), (201, {}, {"access_token": "token", "refresh_token": "more"}), (200, {}, {})]
    assert client.register(email="a@b.example", password="0123456789x", name="A", country="DE", role="buyer") == {"id": "7"}
    client.get("/v1/me")
    assert [(path, headers.get("Authorization")) for _, path, headers, _ in server.asked] == [
        ("/v1/accounts", None),
        ("/v1/sessions", None),
        ("/v1/me", "Bearer token"),
    ]
    assert server.asked[1][3] == {"email": "a@b.example", "password": "0123456789x"}


def test_who_refreshes_goes_on_with_new_tokens(server: Scripted, client: Client) -> None:
    signed_in, refreshed = ({"access_token": f"token {number}", "refresh_token": f"more {number}"} for number in (1, 2))
    server.answers = [(201, {}, signed_in), (200, {}, refreshed), (200, {}, refreshed), (200, {}, {})]
    client.sign_in("a@b.example", "0123456789x")
    client.refresh()
    client.refresh()
    client.get("/v1/me")
    assert [body for path, body in ((each[1], each[3]) for each in server.asked) if path.endswith("refresh")] == [
        {"refresh_token": "more 1"},
        {"refresh_token": "more 2"},
    ]
    assert server.asked[-1][2]["Authorization"] == "Bearer token 2"
