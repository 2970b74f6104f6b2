"""Requests that cannot be read, that come from the wrong party or at the wrong time, or that were sent before: what each is told, and that nothing changes."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import jwt
import pytest
import requests
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.journeys.market import TRADE, Deal, Market
from tests.journeys.problems import refused
from tradelane.client import Client
from tradelane.demo.trade import Json

JSON = {"Content-Type": "application/json"}
LIMIT = 1 << 20
NEVER = "01900000-0000-7000-8000-000000000000"


@pytest.fixture(scope="module")
def deal(market: Market) -> Deal:
    """An order that waits for its payment."""
    return market.place()


@pytest.fixture(scope="module")
def form(deal: Deal) -> Json:
    """What would pay it."""
    return deal.form("payment")


@pytest.fixture(scope="module")
def stranger(market: Market) -> Client:
    """A buyer with no part in the market's trades."""
    client = Client(market.url)
    market.register("buyer", client)
    return client


@pytest.fixture(autouse=True)
def unchanged(deal: Deal) -> Any:
    """No test changes the order: its version, history and drafts stay as they are."""
    before = [deal.seen("buyer"), deal.seen("supplier"), deal.payments()]
    yield
    assert [deal.seen("buyer"), deal.seen("supplier"), deal.payments()] == before


def send(client: Client | None, method: str, url: str, **options: Any) -> requests.Response:
    return (client.session if client else requests.Session()).request(method, url, timeout=30, **options)


DEEP = b'{"a":' * 17 + b"1" + b"}" * 17


@pytest.mark.parametrize(
    ("body", "headers", "status", "code", "detail"),
    [
        pytest.param(b"method=bank_transfer", JSON, 400, "json_malformed", "The body is not JSON", id="no JSON"),
        pytest.param(b'{"method": "bank_transfer"', JSON, 400, "json_malformed", "The body is not JSON", id="half of it"),
        pytest.param(b'{"payer_name": "\xe9"}', JSON, 400, "json_malformed", "UTF-8", id="Latin-1"),
        pytest.param(b"[]", JSON, 400, "json_malformed", "must be a JSON object", id="an array"),
        pytest.param(b"null", JSON, 400, "json_malformed", "must be a JSON object", id="null"),
        pytest.param(b'{"amount": "1", "amount": "2"}', JSON, 400, "json_malformed", "'amount' comes twice", id="a name twice"),
        pytest.param(b'{"evidence": [{"a": 1, "a": 2}]}', JSON, 400, "json_malformed", "'a' comes twice", id="a name twice further in"),
        pytest.param(b'{"amount": NaN}', JSON, 400, "json_malformed", "NaN is not JSON", id="NaN"),
        pytest.param(b'{"amount": -Infinity}', JSON, 400, "json_malformed", "-Infinity is not JSON", id="infinity"),
        pytest.param(b'{"amount": 1e999}', JSON, 400, "json_malformed", "1e999", id="a number beyond all"),
        pytest.param(DEEP, JSON, 400, "json_too_deep", "16 levels", id="nested too deep"),
        pytest.param(b"[" * 100_000, JSON, 400, "json_malformed", "The body is not JSON", id="nested without end"),
        pytest.param(b'{"payer_name": "\\u0000"}', JSON, 400, "text_malformed", "U+0000", id="U+0000"),
        pytest.param(b'{"payer_name": "\\ud800"}', JSON, 400, "text_malformed", "surrogates", id="half a character"),
        pytest.param(b" " * LIMIT + b"{}", JSON, 413, "body_too_large", "at most 1048576 bytes", id="too large"),
        pytest.param(b"{}", {"Content-Type": "text/plain"}, 415, "unsupported_media_type", "application/json", id="another type"),
        pytest.param(b"{}", {}, 415, "unsupported_media_type", "application/json", id="no type"),
        pytest.param(b"{}", JSON | {"Content-Encoding": "gzip"}, 415, "unsupported_media_type", "not compressed", id="compressed"),
        pytest.param(b"{}", JSON | {"If-Match": '"1"'}, 412, "version_changed", "is at version 2", id="an old version"),
        pytest.param(b"{}", JSON | {"If-Match": "2"}, 400, "if_match_malformed", "ETag of an answer", id="a version without quotes"),
        pytest.param(b"{}", JSON | {"If-Match": 'W/"2"'}, 400, "if_match_malformed", "ETag of an answer", id="a weak version"),
        pytest.param(b"{}", JSON | {"If-Match": '"1", "2"'}, 400, "if_match_malformed", "ETag of an answer", id="two versions"),
        pytest.param(b"{}", JSON | {"Idempotency-Key": "with spaces"}, 400, "idempotency_key_malformed", "visible ASCII", id="a key with spaces"),
        pytest.param(b"{}", JSON | {"Idempotency-Key": "k" * 201}, 400, "idempotency_key_malformed", "1 to 200", id="a key too long"),
    ],
)
def test_a_request_that_cannot_be_read(deal: Deal, body: bytes, headers: dict[str, str], status: int, code: str, detail: str) -> None:
    problem = refused(send(deal.market.buyer, "POST", f"{deal.market.url}{deal.path}/actions/pay", data=body, headers=headers), status, code)
    assert detail in problem["detail"]


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/v1/orders?cursor=nonsense", 422, "cursor_invalid"),
        ("GET", "/v1/orders?cursor=MjAyNi0xMS0yMiAx", 422, "cursor_invalid"),
        ("GET", "/v1/products?cursor=%00", 400, "text_malformed"),
        ("GET", "/v1/products?cursor=abc", 422, "cursor_invalid"),
        ("GET", "/v1/orders?limit=0", 422, "invalid_fields"),
        ("GET", "/v1/products?limit=101", 422, "invalid_fields"),
        ("GET", "/v1/enquiries?limit=ten", 422, "invalid_fields"),
        ("GET", "/v1/orders?limit=1&limit=2", 400, "query_malformed"),
        ("GET", "/v1/orders?state=sold", 422, "invalid_fields"),
        ("GET", "/v1/enquiries?state=completed", 422, "invalid_fields"),
        ("GET", "/v1/orders?colour=green", 422, "invalid_fields"),
        ("GET", "/v1/orders?period=last_year", 422, "invalid_fields"),
        ("GET", "/v1/orders/1", 404, "no_such_path"),
        ("GET", "/v1/nothing", 404, "no_such_path"),
        ("DELETE", "/v1/orders", 405, "method_not_allowed"),
        ("PUT", "/v1/accounts", 405, "method_not_allowed"),
    ],
)
def test_an_address_or_query_that_is_not_there(market: Market, method: str, path: str, status: int, code: str) -> None:
    answer = send(market.buyer, method, market.url + path)
    named = {path.partition("?")[2].partition("=")[0]: ""} if status == 422 else None
    refused(answer, status, code, named)
    assert ("Allow" in answer.headers) == (status == 405)


def forged(payload: Json, key: Any = "x" * 32, algorithm: str = "HS256") -> str:
    return jwt.encode(payload, key, algorithm, {"kid": "mine"})


@pytest.mark.parametrize(
    ("authorization", "code"),
    [
        pytest.param(lambda claims: None, "token_missing", id="none"),
        pytest.param(lambda claims: "Basic YnV5ZXI6eA==", "token_missing", id="another scheme"),
        pytest.param(lambda claims: "Bearer", "token_missing", id="an empty token"),
        pytest.param(lambda claims: "Bearer nonsense", "token_invalid", id="no JWT"),
        pytest.param(lambda claims: f"Bearer {forged(claims)}", "token_invalid", id="signed by a secret"),
        pytest.param(lambda claims: f"Bearer {forged(claims, '', 'none')}", "token_invalid", id="not signed"),
        pytest.param(lambda claims: f"Bearer {forged(claims, Ed25519PrivateKey.generate(), 'EdDSA')}", "token_invalid", id="signed by a key of one's own"),
    ],
)
def test_a_caller_who_is_not_known(deal: Deal, form: Json, authorization: Any, code: str) -> None:
    own = str(deal.market.buyer.session.headers["Authorization"]).removeprefix("Bearer ")
    claims = jwt.decode(own, options={"verify_signature": False})
    answer = send(None, "POST", f"{deal.market.url}{deal.path}/actions/pay", json=form, headers={"Authorization": authorization(claims)})
    refused(answer, 401, code)
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_a_token_with_other_claims_than_were_signed(deal: Deal, form: Json) -> None:
    header, _, signature = str(deal.market.buyer.session.headers["Authorization"]).removeprefix("Bearer ").split(".")
    other = forged({"sub": deal.market.accounts["supplier"]["id"], "roles": ["operator"]}).split(".")[1]
    answer = send(None, "GET", deal.market.url + deal.path, headers={"Authorization": f"Bearer {header}.{other}.{signature}"})
    refused(answer, 401, "token_invalid")


def test_a_wrong_password_at_sign_in_tells_nothing_of_whether_there_is_an_account(market: Market) -> None:
    known, unknown = (
        refused(send(None, "POST", f"{market.url}/v1/sessions", json={"email": email, "password": "not this one"}), 401, "credentials_incorrect")
        for email in (market.accounts["buyer"]["email"], "nobody@buyer.example")
    )
    assert known | {"correlation_id": ""} == unknown | {"correlation_id": ""}


def test_a_wrong_password_at_the_payments_confirmation(market: Market) -> None:
    paid = market.place().to("buyer_paid")
    right, path = paid.form("payment_confirmation"), f"{market.url}{paid.path}/actions/confirm_payment"
    before = paid.seen("supplier")
    refused(send(market.supplier, "POST", path, json=right | {"password": "not this one"}), 403, "password_incorrect", {"password": "Is not your password."})
    refused(send(market.supplier, "POST", path, json={name: right[name] for name in right if name != "password"}), 422, "password_required", {"password": ""})
    refused(send(market.supplier, "POST", path, json=right | {"password": 1}), 422, "invalid_fields", {"password": ""})
    refused(send(market.buyer, "POST", path, json=right), 403, "not_your_step")
    assert paid.seen("supplier") == before
    assert paid.do("supplier", "confirm_payment", right)["state"] == "payment_ready"


def test_the_order_of_others_is_not_there(deal: Deal, form: Json, stranger: Client) -> None:
    market = deal.market
    enquiry = market.buyer.post("/v1/enquiries", {"lines": [{"product_id": key} for key in market.products.values()], "message": "Please offer."})["id"]
    asked = [
        ("GET", "/v1/orders/{}", None, deal.id),
        ("POST", "/v1/orders/{}/actions/pay", form, deal.id),
        ("POST", "/v1/orders/{}/actions/nonsense", {}, deal.id),
        ("PUT", "/v1/orders/{}/drafts/payment", {}, deal.id),
        ("GET", "/v1/orders/{}/payments", None, deal.id),
        ("GET", "/v1/orders/{}/shipment", None, deal.id),
        ("GET", "/v1/orders/{}/documents/commercial_invoice", None, deal.id),
        ("GET", "/v1/enquiries/{}", None, enquiry),
        ("POST", "/v1/enquiries/{}/actions/accept", {}, enquiry),
        ("POST", "/v1/enquiries/{}/messages", {"text": "Me too!"}, enquiry),
    ]
    for method, path, body, key in asked:
        theirs, nobodys = (send(stranger, method, market.url + path.format(each), json=body) for each in (key, NEVER))
        problem = refused(theirs, 404, theirs.json()["code"])
        assert problem | {"correlation_id": ""} == nobodys.json() | {"correlation_id": ""}
    assert stranger.get("/v1/orders")["items"] == stranger.get("/v1/enquiries")["items"] == []


def test_the_product_of_another_supplier_is_not_there_to_change(market: Market) -> None:
    other = Client(market.url)
    market.register("supplier", other)
    path = f"/v1/products/{next(iter(market.products.values()))}"
    before = market.supplier.get(path)
    refused(send(other, "PATCH", market.url + path, json={"title": "Mine"}), 404, "product_not_found")
    refused(send(other, "PUT", f"{market.url}{path}/stock", json={"on_hand": 0}), 404, "product_not_found")
    refused(send(market.supplier, "PATCH", market.url + path, json={"title": "Old"}, headers={"If-Match": '"0"'}), 412, "version_changed")
    refused(send(market.supplier, "PUT", f"{market.url}{path}/stock", json={"on_hand": 1}), 409, "stock_reserved", {"on_hand": "are reserved for orders"})
    refused(send(market.supplier, "POST", f"{market.url}/v1/products", json=TRADE.products[0]), 409, "sku_taken", {"sku": ""})
    assert market.supplier.get(path) == before


def test_what_is_for_other_roles(market: Market, deal: Deal) -> None:
    deposit = {"account_id": market.accounts["buyer"]["id"], "amount": {"amount": "5.00", "currency": "USD"}, "reference": "Mine"}
    tracking = {"waybill_number": "1", "event_id": "1", "status": "delivered", "occurred_at": "2026-01-01T00:00:00Z"}
    for client, path, body, roles in (
        (market.buyer, "/v1/deposits", deposit, ["operator"]),
        (market.supplier, "/v1/tracking-events", tracking, ["carrier", "operator"]),
        (market.buyer, "/v1/products", TRADE.products[0], ["supplier"]),
        (market.supplier, "/v1/orders", market.request(), ["buyer"]),
        (market.buyer, "/v1/test-clock", {"seconds": 1}, ["operator"]),
    ):
        assert refused(send(client, "POST", market.url + path, json=body), 403, "role_required")["roles"] == roles
    assert market.balance("buyer") == []


def test_an_action_out_of_turn_tells_what_is_allowed(deal: Deal, form: Json) -> None:
    market, path = deal.market, f"{deal.market.url}{deal.path}"
    for who, action, body in (("supplier", "ship", deal.form("shipping")), ("buyer", "receive", {}), ("supplier", "confirm", {}), ("buyer", "nonsense", {})):
        problem = refused(send(market.clients[who], "POST", f"{path}/actions/{action}", json=body), 409, "action_not_allowed")
        assert problem["allowed"] == sorted(deal.actions(who))
    for who in ("supplier", "operator"):
        refused(send(market.clients[who], "POST", f"{path}/actions/pay", json=form), 403, "not_your_step")


def test_a_form_for_another_step(deal: Deal, form: Json) -> None:
    market, path = deal.market, f"{deal.market.url}{deal.path}"
    other = deal.form("insurance")
    errors = dict.fromkeys(other, "Unknown field.") | {name: "Missing data" for name in form if name not in ("payer_account", "evidence")}
    refused(send(market.buyer, "POST", f"{path}/actions/pay", json=other), 422, "invalid_fields", errors)
    refused(send(market.supplier, "PUT", f"{path}/drafts/insurance", json=other), 409, "action_not_allowed")
    refused(send(market.supplier, "PUT", f"{path}/drafts/payment", json=form), 403, "not_your_step")
    refused(send(market.buyer, "PUT", f"{path}/drafts/payment", json=other), 422, "invalid_fields", dict.fromkeys(other, "Unknown field."))
    refused(send(market.buyer, "PUT", f"{path}/drafts/transport", json={}), 422, "invalid_fields", {"step": "Must be one of"})


def test_a_version_that_is_not_the_latest_any_more(deal: Deal, form: Json) -> None:
    market = deal.market
    enquiry = market.offer()
    path, old = f"{market.url}/v1/enquiries/{enquiry['id']}", {"If-Match": f'"{enquiry["version"] - 1}"'}
    terms = {name: enquiry["offers"][-1][name] for name in ("terms", "valid_until")}
    lines = [{name: line[name] for name in ("product_id", "quantity", "unit_price")} for line in enquiry["offers"][-1]["lines"]]
    for below, body in (("actions/offer", terms | {"lines": lines}), ("actions/accept", {}), ("actions/cancel", {}), ("messages", {"text": "Hello?"})):
        problem = refused(send(market.buyer, "POST", f"{path}/{below}", json=body, headers=old), 412, "version_changed")
        assert problem["version"] == enquiry["version"]
    assert market.supplier.get(f"/v1/enquiries/{enquiry['id']}") == enquiry
    refused(send(market.buyer, "PUT", f"{market.url}{deal.path}/drafts/payment", json=form, headers={"If-Match": '"1"'}), 412, "version_changed")
    seen = send(market.buyer, "GET", path)
    assert send(market.buyer, "POST", f"{path}/actions/cancel", json={}, headers={"If-Match": seen.headers["ETag"]}).json()["state"] == "cancelled"


def test_a_key_that_was_used_for_something_else(market: Market) -> None:
    lines = [{"product_id": key} for key in market.products.values()]
    ask, key = {"lines": lines, "message": "Please offer."}, {"Idempotency-Key": str(uuid4())}
    first = send(market.buyer, "POST", f"{market.url}/v1/enquiries", json=ask, headers=key)
    assert first.status_code == 201
    listed = market.buyer.get("/v1/enquiries")
    refused(send(market.buyer, "POST", f"{market.url}/v1/enquiries", json=ask | {"message": "Again."}, headers=key), 422, "idempotency_key_reused")
    assert market.buyer.get("/v1/enquiries") == listed
    assert send(market.buyer, "POST", f"{market.url}/v1/enquiries", json=ask, headers=key).json() == first.json()
    assert market.buyer.get("/v1/enquiries") == listed
