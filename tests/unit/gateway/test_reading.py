"""Requests whose form is wrong are refused before any service is asked."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from services.gateway.application.reading import parse
from shared.contracts.accounts import REGISTER
from shared.contracts.catalog import ADD_PRODUCT, CHANGE_PRODUCT, LIST_PRODUCTS
from shared.contracts.orders import ACT_ON_ORDER
from shared.contracts.payment_methods import ADD_PAYMENT_METHOD, REMOVE_PAYMENT_METHOD
from shared.kit.errors import Malformed
from tests.unit.gateway.fakes import ORDER, Gateway, order


@pytest.mark.parametrize(
    ("body", "word"),
    [
        (b"", "not JSON"),
        (b"{", "not JSON"),
        (b'{"a": 1} {}', "not JSON"),
        (b"[1]", "object"),
        (b'"text"', "object"),
        (b"null", "object"),
        (b'{"a": NaN}', "NaN"),
        (b'{"a": -Infinity}', "Infinity"),
        (b'{"a": 1e999}', "1e999"),
        (b'{"a": ' + b"9" * 5000 + b"}", "not JSON"),
        (b'{"a": 1, "b": {"c": 1, "c": 2}}', "'c' comes twice"),
        (b'\xef\xbb\xbf{"a": 1}', "not JSON"),
        ('{"a": "é"}'.encode("latin-1"), "UTF-8"),
        ('{"a": 1}'.encode("utf-16"), "UTF-8"),
        (b'{"a": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "JSON"),
    ],
)
def test_what_is_not_one_plain_json_object_is_refused(body: bytes, word: str) -> None:
    with pytest.raises(Malformed) as refused:
        parse(body)
    assert refused.value.code == "json_malformed"
    assert word in refused.value.message


def test_plain_json_is_read_as_it_is() -> None:
    value = {"a": "ünï", "b": [1, 2.5, None, True], "c": {"d": "\u2028"}}
    assert parse(json.dumps(value).encode()) == value


@pytest.mark.parametrize("text", ["\x00", "a\x00b", "\ud800"])
@pytest.mark.parametrize("place", [lambda text: {"title": text}, lambda text: {text: 1}, lambda text: {"a": [{"b": [text]}]}])
def test_text_that_no_database_can_keep_is_refused(gateway: Gateway, text: str, place: Any) -> None:
    answer = gateway.ask("POST", "/v1/products", place(text))
    assert (answer.status_code, answer.json["code"]) == (400, "text_malformed")
    assert not gateway.services.calls_of(ADD_PRODUCT)


def test_a_nul_in_the_path_or_query_is_refused(gateway: Gateway) -> None:
    assert gateway.ask("POST", f"/v1/orders/{ORDER}/actions/a%00b").status_code == 400
    assert gateway.ask("GET", "/v1/products?search=a%00").status_code == 400


def test_json_may_be_nested_as_deep_as_any_form_but_not_deeper(gateway: Gateway) -> None:
    gateway.services.answers[ADD_PRODUCT] = {"id": ORDER}

    def nested(levels: int) -> dict[str, Any]:
        return {"a": nested(levels - 1)} if levels else {}

    assert gateway.ask("POST", "/v1/products", nested(15)).status_code == 201
    assert gateway.ask("POST", "/v1/products", nested(16)).json["code"] == "json_too_deep"


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""])
def test_a_body_that_is_not_called_json_is_not_taken(gateway: Gateway, kind: str) -> None:
    answer = gateway.ask("POST", "/v1/products", b"{}", Content_Type=kind)
    assert (answer.status_code, answer.json["code"]) == (415, "unsupported_media_type")
    assert answer.content_type == "application/problem+json"


def test_an_object_of_very_many_names_is_refused_before_they_are_compared(gateway: Gateway) -> None:
    for names in (range(101), range(100_000), [*range(100_000), 99_999]):
        body = "{" + ",".join(f'"a{name}":1' for name in names) + "}"
        started = time.thread_time()
        answer = gateway.ask("POST", "/v1/products", b'{"properties": ' + body.encode() + b"}")
        assert (answer.status_code, answer.json["code"], answer.json["detail"]) == (400, "json_malformed", "An object may have at most 100 names.")
        assert time.thread_time() - started < 2


def test_who_is_not_signed_in_sends_little(gateway: Gateway) -> None:
    gateway.services.answers[REGISTER] = {"id": ORDER}
    assert gateway.ask("POST", "/v1/accounts", b" " * 65_534 + b"{}", token=None).status_code == 201
    refused = gateway.ask("POST", "/v1/accounts", b" " * 65_535 + b"{}", token=None)
    assert (refused.status_code, refused.json["code"], refused.json["limit"]) == (413, "body_too_large", 65_536)
    gateway.services.answers[ADD_PRODUCT] = {"id": ORDER}
    assert gateway.ask("POST", "/v1/products", b" " * 65_535 + b"{}").status_code == 201


def test_a_compressed_body_is_not_taken(gateway: Gateway) -> None:
    assert gateway.ask("POST", "/v1/products", b"{}", Content_Encoding="gzip").status_code == 415


def test_a_charset_beside_json_is_fine(gateway: Gateway) -> None:
    gateway.services.answers[ADD_PRODUCT] = {"id": ORDER}
    assert gateway.ask("POST", "/v1/products", b"{}", Content_Type="application/json; charset=utf-8").status_code == 201


def test_only_an_action_may_come_without_a_body(gateway: Gateway) -> None:
    gateway.services.answers[ACT_ON_ORDER] = order()
    assert gateway.ask("POST", f"/v1/orders/{ORDER}/actions/receive").status_code == 200
    assert gateway.services.calls_of(ACT_ON_ORDER)[0].data == {"id": ORDER, "action": "receive", "form": {}}
    assert gateway.ask("POST", "/v1/products").status_code == 415
    assert gateway.ask("POST", "/v1/products", b"").json["code"] == "json_malformed"


def test_what_the_path_says_cannot_be_said_again_in_the_body(gateway: Gateway) -> None:
    answer = gateway.ask("PATCH", f"/v1/products/{ORDER}", {"id": ORDER, "if_match": 7})
    assert (answer.status_code, answer.json["errors"]) == (422, {"id": ["Unknown field."], "if_match": ["Unknown field."]})
    assert not gateway.services.calls_of(CHANGE_PRODUCT)


def test_a_query_reaches_the_service_as_it_is(gateway: Gateway) -> None:
    gateway.services.answers[LIST_PRODUCTS] = {"items": [], "next": None}
    assert gateway.ask("GET", "/v1/products?search=dark%20roast&limit=5").status_code == 200
    assert gateway.services.calls_of(LIST_PRODUCTS)[0].data == {"search": "dark roast", "limit": "5"}


def test_a_query_that_says_a_thing_twice_is_refused(gateway: Gateway) -> None:
    assert gateway.ask("GET", "/v1/products?limit=5&limit=6").json["code"] == "query_malformed"


@pytest.mark.parametrize(("given", "seen"), [('"7"', 7), ("*", None), (None, None)])
def test_if_match_reaches_the_service_as_a_version(gateway: Gateway, given: str | None, seen: int | None) -> None:
    gateway.services.answers[ACT_ON_ORDER] = order()
    gateway.ask("POST", f"/v1/orders/{ORDER}/actions/cancel", {}, **({"If_Match": given} if given else {}))
    assert gateway.services.calls_of(ACT_ON_ORDER)[0].data.get("if_match") == seen


@pytest.mark.parametrize("given", ["7", 'W/"7"', '"7", "8"', '"x"', "", '"\u0667"'])
def test_if_match_must_be_one_of_our_etags(gateway: Gateway, given: str) -> None:
    answer = gateway.ask("POST", f"/v1/orders/{ORDER}/actions/cancel", {}, If_Match=given)
    assert (answer.status_code, answer.json["code"]) == (400, "if_match_malformed")
    assert not gateway.services.calls_of(ACT_ON_ORDER)


def test_a_precondition_is_never_passed_over_in_silence(gateway: Gateway) -> None:
    assert gateway.ask("POST", "/v1/products", {}, If_Match='"7"').json["code"] == "if_match_not_taken"


@pytest.mark.parametrize("body", [{"token": "4242 4242 4242 4242"}, {"provider": "sandbox", "token": "tok_1", "label": "4242424242424242"}])
def test_a_card_number_gets_no_further_than_here(gateway: Gateway, body: dict[str, str]) -> None:
    refused = gateway.ask("POST", "/v1/payment-methods", body)
    assert (refused.status_code, refused.json["code"]) == (422, "card_number_refused")
    assert "4242" not in refused.text
    assert gateway.services.calls_of(ADD_PAYMENT_METHOD) == []


def test_a_deletion_needs_no_body(gateway: Gateway) -> None:
    gateway.services.answers[REMOVE_PAYMENT_METHOD] = {"items": []}
    assert gateway.ask("DELETE", f"/v1/payment-methods/{ORDER}").json == {"items": []}
    (asked,) = gateway.services.calls_of(REMOVE_PAYMENT_METHOD)
    assert asked.data == {"id": ORDER}
