"""What every answer of every route and page carries against browsers, caches and other sites. That refused connections carry it, too: test_web_server."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from services.gateway.application.pages import PAGES
from services.gateway.application.routes import ROUTES
from shared.platform.settings import settings
from shared.platform.web import headers
from tests.unit.gateway.fakes import ORDER, Gateway

ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    headers.protecting.cache_clear()
    yield
    headers.protecting.cache_clear()


def directives(policy: str) -> dict[str, str]:
    return {name: value for name, _, value in (each.strip().partition(" ") for each in policy.split(";"))}


@pytest.mark.parametrize("endpoint", [*ROUTES, *PAGES], ids=lambda each: f"{each.method} {each.path}")
def test_every_route_and_page_carries_them_whatever_it_answers(gateway: Gateway, endpoint: Any) -> None:
    path = endpoint.path.replace("{id}", ORDER).replace("{name}", "docs.js").replace("{code}", "token_invalid")
    for token in (None, "forged") if getattr(endpoint, "is_stream", False) else (None, "", "forged"):  # a stream would go on and on
        answer = gateway.ask(endpoint.method, path, token=token)
        assert {name: answer.headers.get(name) for name in ALWAYS} == ALWAYS
        policy = directives(answer.headers["Content-Security-Policy"])
        assert {name: policy.get(name) for name in ("default-src", "base-uri", "form-action", "frame-ancestors")} == dict.fromkeys(
            ("default-src", "base-uri", "form-action", "frame-ancestors"), "'none'"
        )
        assert "Access-Control-Allow-Origin" not in answer.headers
        assert "Set-Cookie" not in answer.headers
        assert "Server" not in answer.headers
        if path != "/docs/docs.js":  # a file that is the same for all
            assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(("method", "path"), [("GET", "/nowhere"), ("PUT", "/v1/me"), ("TRACE", "/v1/me"), ("OPTIONS", "/v1/me")])
def test_so_does_what_is_no_route(gateway: Gateway, method: str, path: str) -> None:
    answer = gateway.ask(method, path, Origin="https://evil.example", Access_Control_Request_Method="POST")
    assert answer.status_code in (404, 405)
    assert {name: answer.headers.get(name) for name in ALWAYS} == ALWAYS
    assert not [name for name, _ in answer.headers if name.startswith("Access-Control")]


def test_browsers_are_held_to_tls_only_where_the_operator_says_that_there_is_tls(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "Strict-Transport-Security" not in gateway.ask("GET", "/healthz").headers
    headers.protecting.cache_clear()
    monkeypatch.setattr(headers, "settings", lambda: replace(settings(), http_hsts=31_536_000))
    assert gateway.ask("GET", "/healthz").headers["Strict-Transport-Security"] == "max-age=31536000"
