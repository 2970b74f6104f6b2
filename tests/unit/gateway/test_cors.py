"""Pages of other origins: none may ask, but for those that settings name."""

from __future__ import annotations

from shared.contracts.accounts import ME
from tests.unit.gateway.fakes import ORDER, Gateway

SHOP = "https://shop.example"
QUESTION = {"Access_Control_Request_Method": "PATCH", "Access_Control_Request_Headers": "authorization,if-match"}


def allowing(*origins: str) -> Gateway:
    gateway = Gateway(origins=origins)
    gateway.services.answers[ME] = {"id": ORDER}
    return gateway


def cors(answer: object) -> set[str]:
    return {name for name, _ in answer.headers if name.startswith("Access-Control")}  # type: ignore[attr-defined]


def test_nothing_is_said_to_other_origins_unless_it_is_set() -> None:
    gateway = allowing()
    asked, answered = gateway.ask("OPTIONS", "/v1/me", token=None, Origin=SHOP, **QUESTION), gateway.ask("GET", "/v1/me", Origin=SHOP)
    assert (asked.status_code, answered.status_code) == (405, 200)
    assert cors(asked) | cors(answered) == set()
    assert "Origin" not in answered.headers.get("Vary", "")


def test_a_page_of_a_named_origin_may_ask_and_read_what_it_is_told() -> None:
    gateway = allowing("https://other.example", SHOP)
    asked = gateway.ask("OPTIONS", "/v1/products/1", token=None, Origin=SHOP, **QUESTION)
    assert (asked.status_code, asked.data, asked.headers["Access-Control-Allow-Origin"]) == (204, b"", SHOP)
    assert "PATCH" in asked.headers["Access-Control-Allow-Methods"]
    assert {"Authorization", "If-Match", "Idempotency-Key"} <= set(asked.headers["Access-Control-Allow-Headers"].split(", "))
    for answer in (
        gateway.ask("GET", "/v1/me", Origin=SHOP),
        gateway.ask("GET", "/v1/me", token=None, Origin=SHOP),
        gateway.ask("GET", "/nowhere", Origin=SHOP),
    ):
        assert answer.headers["Access-Control-Allow-Origin"] == SHOP
        assert {"ETag", "RateLimit", "Retry-After"} <= set(answer.headers["Access-Control-Expose-Headers"].split(", "))
        assert "Access-Control-Allow-Credentials" not in answer.headers


def test_any_other_origin_is_told_nothing_and_caches_know_the_difference() -> None:
    gateway = allowing(SHOP)
    for origin in ("https://shop.example.evil.example", "http://shop.example", "https://shop.example:8443", "null", "HTTPS://SHOP.EXAMPLE", f"{SHOP}, {SHOP}"):
        asked, answered = gateway.ask("OPTIONS", "/v1/me", token=None, Origin=origin, **QUESTION), gateway.ask("GET", "/v1/me", Origin=origin)
        assert (asked.status_code, answered.status_code, cors(asked) | cors(answered)) == (405, 200, set())
        assert answered.headers["Vary"] == "Origin"
    assert gateway.ask("OPTIONS", "/v1/me", token=None, Origin=SHOP).status_code == 405  # no preflight
