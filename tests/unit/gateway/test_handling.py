"""What happens between a request and an operation: commands, passwords, waiting, answers and problems."""

from __future__ import annotations

import logging
import re
from base64 import b64encode
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import eventlet
import pytest

from services.gateway.application import handling
from shared.contracts.accounts import CHECK_PASSWORD, REGISTER, SIGN_IN
from shared.contracts.api_keys import CHECK_API_KEY
from shared.contracts.catalog import ADD_PRODUCT, GET_PRODUCT, LIST_PRODUCTS
from shared.contracts.freight import GET_FREIGHT_ACCOUNT, TOP_UP_FREIGHT_ACCOUNT
from shared.contracts.logistics import GET_DOCUMENT
from shared.contracts.orders import ACCEPT_ENQUIRY, ACT_ON_ORDER, GET_CLOCK, GET_ORDER, LIST_ORDERS, PLACE_ORDER, SAVE_DRAFT
from shared.contracts.payouts import REQUEST_PAYOUT
from shared.contracts.tracking import TRACK
from shared.kit.errors import Conflict, Forbidden, Invalid, NotFound, PreconditionFailed, TooMany, TradeError, Unavailable
from shared.kit.ids import new_id
from shared.platform.settings import settings
from shared.platform.web.request import client_address
from tests.unit.gateway.fakes import BUYER, ORDER, Gateway, Signer, order

ACT = f"/v1/orders/{ORDER}/actions/"


# Answers


def test_what_is_made_answers_201_with_its_address_and_version(gateway: Gateway) -> None:
    gateway.services.answers[ADD_PRODUCT] = {"id": ORDER, "version": 1, "title": "Kaffee, grün"}
    answer = gateway.ask("POST", "/v1/products", {"title": "Kaffee, grün"})
    assert (answer.status_code, answer.headers["Location"], answer.headers["ETag"]) == (201, f"/v1/products/{ORDER}", '"1"')
    assert answer.json["title"] == "Kaffee, grün"
    assert answer.content_type == "application/json"


def test_the_order_made_of_an_enquiry_is_at_the_orders(gateway: Gateway) -> None:
    gateway.services.answers[ACCEPT_ENQUIRY] = order()
    answer = gateway.ask("POST", f"/v1/enquiries/{BUYER}/actions/accept", {})
    assert (answer.status_code, answer.headers["Location"]) == (201, f"/v1/orders/{ORDER}")


def test_a_page_of_a_list_links_to_the_next_with_the_same_filters(gateway: Gateway) -> None:
    gateway.services.answers[LIST_ORDERS] = {"items": [], "next": "a b&c"}
    answer = gateway.ask("GET", "/v1/orders?state=in_transit&cursor=old")
    assert answer.headers["Link"] == '</v1/orders?state=in_transit&cursor=a+b%26c>; rel="next"'
    gateway.services.answers[LIST_ORDERS] = {"items": [], "next": None}
    assert "Link" not in gateway.ask("GET", "/v1/orders").headers


def test_a_document_comes_as_itself(gateway: Gateway) -> None:
    gateway.services.answers[GET_DOCUMENT] = {"name": "commercial_invoice", "media_type": "application/pdf", "content": b64encode(b"%PDF-1.7 \xff").decode()}
    answer = gateway.ask("GET", f"/v1/orders/{ORDER}/documents/commercial_invoice")
    assert (answer.status_code, answer.data, answer.content_type) == (200, b"%PDF-1.7 \xff", "application/pdf")
    assert answer.headers["Content-Disposition"] == "attachment; filename=commercial_invoice.pdf"


# Who asks


def test_a_route_that_knows_its_caller_takes_anybody_and_a_good_token_but_no_bad_one(gateway: Gateway) -> None:
    gateway.services.answers[TRACK] = {"number": "W-1", "parcels": [], "recognised": []}
    assert gateway.ask("GET", "/v1/tracking/W-1", token=None).status_code == 200
    assert gateway.ask("GET", "/v1/tracking/W-1").status_code == 200
    assert [each.actor and each.actor.id for each in gateway.services.calls_of(TRACK)] == [None, BUYER]
    assert gateway.ask("GET", "/v1/tracking/W-1", token="nonsense").status_code == 401


# Problems


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (Forbidden("not_your_step", "It is not your turn."), 403),
        (NotFound("order_not_found", "There is no such order."), 404),
        (Conflict("action_not_allowed", "Not now.", allowed=["pay", "cancel"]), 409),
        (PreconditionFailed("changed", "It has changed."), 412),
        (Invalid("invalid_fields", "Wrong.", {"lines.0.quantity": ["Must be more."]}), 422),
        (TooMany("sign_in_locked", "Wait.", retry_after=8), 429),
        (Unavailable("service_timeout", "Try again."), 503),
        (TradeError("internal_error", "Something went wrong here."), 500),
    ],
)
def test_an_error_becomes_a_problem_document(gateway: Gateway, error: TradeError, status: int) -> None:
    gateway.services.answers[GET_PRODUCT] = error
    answer = gateway.ask("GET", f"/v1/products/{ORDER}")
    assert (answer.status_code, answer.content_type) == (status, "application/problem+json")
    assert answer.json == {
        "type": f"/problems/{error.code}",
        "title": error.code.replace("_", " ").capitalize(),
        "status": status,
        "detail": error.message,
        "code": error.code,
        "correlation_id": answer.headers["X-Correlation-ID"],
        **({"errors": error.errors} if error.errors else {}),
        **error.data,
    }
    assert answer.headers.get("Retry-After") == {429: "8", 503: "1"}.get(status)


def test_a_defect_tells_nothing_but_is_logged(gateway: Gateway, caplog: pytest.LogCaptureFixture) -> None:
    gateway.services.answers[GET_PRODUCT] = RuntimeError("postgresql://secret@host")
    answer = gateway.ask("GET", f"/v1/products/{ORDER}")
    assert (answer.status_code, answer.json["code"]) == (500, "internal_error")
    assert "secret" not in answer.text
    assert "RuntimeError" not in answer.text
    assert "postgresql://secret@host" in caplog.text


def test_data_of_an_error_cannot_pass_for_the_documents_own(gateway: Gateway) -> None:
    gateway.services.answers[GET_PRODUCT] = Conflict("taken", "Taken.", status=200, title="Fine")
    assert gateway.ask("GET", f"/v1/products/{ORDER}").json["status"] == 409


@pytest.mark.parametrize(
    "path", ["/", "/v1", "/v1/orders/", "/v1//orders", "/v1/orders/7", f"/v1/orders/{ORDER}x", f"/v1/orders/{ORDER}/nothing", "/v2/orders"]
)
def test_a_path_that_is_not_there_is_a_problem_too(gateway: Gateway, path: str) -> None:
    answer = gateway.ask("GET", path)
    assert (answer.status_code, answer.json["code"], answer.content_type) == (404, "no_such_path", "application/problem+json")


def test_a_method_that_is_not_there_says_which_are(gateway: Gateway) -> None:
    answer = gateway.ask("DELETE", "/v1/orders")
    assert (answer.status_code, answer.json["code"]) == (405, "method_not_allowed")
    assert answer.headers["Allow"] == "GET, HEAD, POST"


def test_head_answers_without_a_body(gateway: Gateway) -> None:
    gateway.services.answers[GET_PRODUCT] = {"id": ORDER, "version": 3}
    answer = gateway.ask("HEAD", f"/v1/products/{ORDER}")
    assert (answer.status_code, answer.data, answer.headers["ETag"]) == (200, b"", '"3"')


def test_in_production_there_is_no_test_clock() -> None:
    development, production = Gateway(), Gateway(production=True)
    development.services.answers[GET_CLOCK] = {"now": "2026-01-01T00:00:00Z"}
    assert development.ask("GET", "/v1/test-clock").status_code == 200
    assert production.ask("GET", "/v1/test-clock").status_code == 404
    assert production.ask("POST", "/v1/test-clock", {"seconds": 1}).status_code == 404


# Commands


def test_the_same_key_of_the_same_caller_is_the_same_command(gateway: Gateway) -> None:
    gateway.services.answers[ADD_PRODUCT] = {"id": ORDER}
    for key, token in (("k", ""), ("k", ""), ("other", ""), ("k", gateway.signer.token(sub=ORDER))):
        gateway.ask("POST", "/v1/products", {}, token=token, Idempotency_Key=key)
    first, again, other_key, other_caller = [each.command_id for each in gateway.services.calls_of(ADD_PRODUCT)]
    assert first == again
    assert len({first, other_key, other_caller}) == 3


def test_without_a_key_each_request_is_a_command_of_its_own(gateway: Gateway) -> None:
    gateway.services.answers[ADD_PRODUCT] = {"id": ORDER}
    for _ in range(2):
        gateway.ask("POST", "/v1/products", {})
    first, second = [each.command_id for each in gateway.services.calls_of(ADD_PRODUCT)]
    assert first
    assert second
    assert first != second


def test_a_read_is_no_command(gateway: Gateway) -> None:
    gateway.services.answers[LIST_PRODUCTS] = {"items": [], "next": None}
    gateway.ask("GET", "/v1/products", Idempotency_Key="k")
    assert gateway.services.calls_of(LIST_PRODUCTS)[0].command_id == ""


def test_somebody_not_signed_in_can_repeat_safely_too(gateway: Gateway) -> None:
    gateway.services.answers[REGISTER] = {"id": BUYER}
    for _ in range(2):
        assert gateway.ask("POST", "/v1/accounts", {}, token=None, Idempotency_Key="k").status_code == 201
    first, second = gateway.services.calls_of(REGISTER)
    assert first.command_id == second.command_id
    assert first.actor is None


def test_what_is_public_takes_no_notice_of_a_token(gateway: Gateway) -> None:
    gateway.services.answers[SIGN_IN] = {"access_token": "t"}
    assert gateway.ask("POST", "/v1/sessions", {}, token="rubbish").status_code == 201


@pytest.mark.parametrize("key", ["", "a b", "x" * 201, "schlüssel"])
def test_a_key_that_is_none_is_refused(gateway: Gateway, key: str) -> None:
    answer = gateway.ask("POST", "/v1/products", {}, Idempotency_Key=key)
    assert (answer.status_code, answer.json["code"]) == (400, "idempotency_key_malformed")
    assert not gateway.services.calls_of(ADD_PRODUCT)


def test_a_command_still_running_says_when_to_ask_again(gateway: Gateway) -> None:
    gateway.services.answers[ADD_PRODUCT] = Conflict("still_running", "The first request is still at work.")
    answer = gateway.ask("POST", "/v1/products", {}, Idempotency_Key="k")
    assert (answer.status_code, answer.headers["Retry-After"]) == (409, "1")


# Passwords


def test_a_password_is_checked_and_goes_no_further(gateway: Gateway, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    gateway.services.answers |= {CHECK_PASSWORD: {}, ACT_ON_ORDER: order()}
    assert gateway.ask("POST", ACT + "confirm_payment", {"password": "correct horse", "received_on": "2026-01-01"}).status_code == 200
    checked, acted = gateway.services.asked[-2:]
    assert (checked.operation, checked.data) == (CHECK_PASSWORD, {"password": "correct horse"})
    assert checked.actor is not None
    assert acted.actor is not None
    assert (checked.actor.id, checked.actor.reauthenticated) == (BUYER, False)
    assert (acted.actor.id, acted.actor.reauthenticated) == (BUYER, True)
    assert acted.data == {"id": ORDER, "action": "confirm_payment", "form": {"received_on": "2026-01-01"}}
    assert "correct horse" not in caplog.text


def test_a_step_that_takes_the_password_takes_it_from_who_comes_by_an_api_key_too(gateway: Gateway) -> None:
    holder = {"id": BUYER, "roles": ["buyer"], "name": "Ada", "verified": True, "scopes": ["orders:write"]}
    gateway.services.answers |= {CHECK_API_KEY: holder, CHECK_PASSWORD: {}, ACT_ON_ORDER: order()}
    for form, proved in (({}, False), ({"password": "correct horse"}, True)):
        assert gateway.ask("POST", ACT + "confirm_payment", form, token="tlk_1").status_code == 200
        actor = gateway.services.calls_of(ACT_ON_ORDER)[-1].actor
        assert actor is not None
        assert (actor.reauthenticated, actor.scopes) == (proved, {"orders:write"})


def test_a_wrong_password_changes_nothing(gateway: Gateway) -> None:
    gateway.services.answers[CHECK_PASSWORD] = Forbidden("password_incorrect", "The password is not right.", {"password": ["Is not your password."]})
    answer = gateway.ask("POST", ACT + "confirm_payment", {"password": "wrong"})
    assert (answer.status_code, answer.json["errors"]) == (403, {"password": ["Is not your password."]})
    assert not gateway.services.calls_of(ACT_ON_ORDER)


def test_where_a_password_is_needed_a_missing_one_is_a_missing_field(gateway: Gateway) -> None:
    gateway.services.answers[ACT_ON_ORDER] = Forbidden("password_required", "Your password is needed.", {"password": ["Enter your password again."]})
    answer = gateway.ask("POST", ACT + "confirm_payment", {})
    assert (answer.status_code, answer.json["errors"]) == (422, {"password": ["Enter your password again."]})
    acted = gateway.services.calls_of(ACT_ON_ORDER)[0].actor
    assert acted is not None
    assert not acted.reauthenticated


def test_an_operation_that_asks_for_the_password_gets_an_actor_who_gave_it_again_and_no_password(gateway: Gateway) -> None:
    gateway.services.answers |= {CHECK_PASSWORD: {}, REQUEST_PAYOUT: {"id": ORDER}}
    assert gateway.ask("POST", "/v1/payouts", {"account_holder": "A", "password": "correct horse"}).status_code == 201
    (asked,) = gateway.services.calls_of(REQUEST_PAYOUT)
    assert asked.actor is not None
    assert (asked.data, asked.actor.reauthenticated) == ({"account_holder": "A"}, True)


@pytest.mark.parametrize("form", [3, ["password"], {"password": "secret"}])
def test_a_field_that_happens_to_be_called_form_is_for_its_service_to_refuse(gateway: Gateway, form: Any) -> None:
    gateway.services.answers[ADD_PRODUCT] = Invalid("invalid_fields", "Some fields are missing or wrong.", {"form": ["Unknown field."]})
    assert gateway.ask("POST", "/v1/products", {"form": form}).status_code == 422
    assert gateway.services.calls_of(ADD_PRODUCT)[0].data == {"form": form}


def test_a_password_in_a_draft_is_dropped(gateway: Gateway) -> None:
    gateway.services.answers[SAVE_DRAFT] = {"step": "payment_confirmation", "form": {}, "problems": {}, "saved_at": "2026-01-01T00:00:00Z"}
    gateway.ask("PUT", f"/v1/orders/{ORDER}/drafts/payment_confirmation", {"password": "secret", "received_on": "2026-01-01"})
    assert gateway.services.calls_of(SAVE_DRAFT)[0].data["form"] == {"received_on": "2026-01-01"}
    assert not gateway.services.calls_of(CHECK_PASSWORD)


# Waiting


def _answering(*states: list[str]) -> Callable[[Any], dict[str, Any]]:
    left = list(states)
    return lambda _data: order(awaiting=left.pop(0) if len(left) > 1 else left[0], version=9 - len(left))


def test_a_step_that_others_have_yet_to_confirm_answers_202(gateway: Gateway) -> None:
    gateway.services.answers |= {ACT_ON_ORDER: order(awaiting=["x"]), PLACE_ORDER: order(awaiting=["x"]), GET_ORDER: order(awaiting=["x"])}
    assert gateway.ask("POST", ACT + "pay", {}).status_code == 202
    placed = gateway.ask("POST", "/v1/orders", {})
    assert (placed.status_code, placed.headers["Location"]) == (202, f"/v1/orders/{ORDER}")
    assert gateway.ask("GET", f"/v1/orders/{ORDER}").status_code == 200
    assert "Preference-Applied" not in placed.headers


def test_who_prefers_to_wait_gets_the_confirmed_order(gateway: Gateway) -> None:
    gateway.services.answers |= {PLACE_ORDER: order(awaiting=["x", "y"]), GET_ORDER: _answering(["x"], [])}
    answer = gateway.ask("POST", "/v1/orders", {}, Prefer="wait=5")
    assert (answer.status_code, answer.json["awaiting"], answer.headers["Preference-Applied"]) == (201, [], "wait=5")
    assert answer.headers["ETag"] == '"8"', "the version of the order that is answered"
    looked = gateway.services.calls_of(GET_ORDER)
    assert len(looked) == 2
    assert all(each.actor == gateway.services.calls_of(PLACE_ORDER)[0].actor for each in looked)


def test_what_is_the_callers_own_is_read_again_without_an_id(gateway: Gateway) -> None:
    gateway.services.answers |= {TOP_UP_FREIGHT_ACCOUNT: {"awaiting": ["x"]}, GET_FREIGHT_ACCOUNT: {"awaiting": []}}
    answer = gateway.ask("POST", "/v1/freight-account/top-ups", {}, Prefer="wait=5")
    assert (answer.status_code, answer.json["awaiting"], answer.headers["Preference-Applied"]) == (200, [], "wait=5")
    assert [each.data for each in gateway.services.calls_of(GET_FREIGHT_ACCOUNT)] == [{}]


def test_waiting_ends_with_the_time_that_was_asked_for(gateway: Gateway) -> None:
    gateway.services.answers |= {ACT_ON_ORDER: order(awaiting=["x"]), GET_ORDER: order(awaiting=["x"])}
    answer = gateway.ask("POST", ACT + "pay", {}, Prefer="respond-async, wait=1")
    assert (answer.status_code, answer.headers["Preference-Applied"]) == (202, "wait=1")
    assert 4 < len(gateway.services.calls_of(GET_ORDER)) < 15


def test_nobody_waits_for_longer_than_we_say(gateway: Gateway) -> None:
    gateway.services.answers[ACT_ON_ORDER] = order()
    assert gateway.ask("POST", ACT + "cancel", {}, Prefer='wait="3600"; x').headers["Preference-Applied"] == "wait=30"
    assert not gateway.services.calls_of(GET_ORDER)


@pytest.mark.parametrize("preference", ["wait", "wait=soon", "wait=-1", "await=5", ""])
def test_a_preference_that_cannot_be_read_is_ignored(gateway: Gateway, preference: str) -> None:
    gateway.services.answers[ACT_ON_ORDER] = order(awaiting=["x"])
    answer = gateway.ask("POST", ACT + "pay", {}, Prefer=preference)
    assert answer.status_code == 202
    assert "Preference-Applied" not in answer.headers


def test_one_account_holds_so_many_answers_and_no_more(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(handling, "MOST_HELD", 2)
    gateway.services.answers |= {ACT_ON_ORDER: order(awaiting=["x"]), GET_ORDER: order(awaiting=["x"])}
    held = [eventlet.spawn(gateway.ask, "POST", ACT + "pay", {}, Prefer="wait=1") for _ in range(2)]
    eventlet.sleep(0.1)
    further = gateway.ask("POST", ACT + "pay", {}, Prefer="wait=20")
    assert (further.status_code, further.headers.get("Preference-Applied")) == (202, None)
    other = gateway.ask("POST", ACT + "pay", {}, token=gateway.signer.token(sub=ORDER), Prefer="wait=1")
    assert [answer.headers["Preference-Applied"] for answer in (other, *(each.wait() for each in held))] == ["wait=1"] * 3
    assert not handling._held


def test_all_accounts_together_hold_so_many_answers_that_connections_are_left(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(handling, "settings", lambda: replace(settings(), http_connections=5))
    gateway.services.answers |= {ACT_ON_ORDER: order(awaiting=["x"]), GET_ORDER: order(awaiting=["x"])}
    tokens = [gateway.signer.token(sub=new_id()) for _ in range(3)]
    held = [eventlet.spawn(gateway.ask, "POST", ACT + "pay", {}, token=each, Prefer="wait=1") for each in tokens[:2]]
    eventlet.sleep(0.1)
    further = gateway.ask("POST", ACT + "pay", {}, token=tokens[2], Prefer="wait=20")
    assert (further.status_code, further.headers.get("Preference-Applied")) == (202, None)
    assert [each.wait().headers["Preference-Applied"] for each in held] == ["wait=1"] * 2


def test_waiting_ends_where_the_order_cannot_be_read_or_the_server_stops() -> None:
    gateway = Gateway()
    gateway.services.answers |= {ACT_ON_ORDER: order(awaiting=["x"]), GET_ORDER: Unavailable("service_timeout", "Later.")}
    assert gateway.ask("POST", ACT + "pay", {}, Prefer="wait=20").status_code == 202
    stopping = Gateway(stopping=lambda: True)
    stopping.services.answers[ACT_ON_ORDER] = order(awaiting=["x"])
    answer = stopping.ask("POST", ACT + "pay", {}, Prefer="wait=20")
    assert answer.status_code == 202


# Tracing

_TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


def test_a_correlation_id_is_kept_and_goes_on(gateway: Gateway) -> None:
    gateway.services.answers[LIST_PRODUCTS] = {"items": [], "next": None}
    answer = gateway.ask("GET", "/v1/products", X_Correlation_ID="order-7.a:b_c", traceparent=f"00-{_TRACE}-00f067aa0ba902b7-01")
    context = gateway.services.calls_of(LIST_PRODUCTS)[0].context
    assert answer.headers["X-Correlation-ID"] == context.correlation_id == "order-7.a:b_c"
    assert answer.headers["traceparent"] == context.traceparent
    span = re.fullmatch(rf"00-{_TRACE}-([0-9a-f]{{16}})-01", context.traceparent)
    assert span is not None
    assert span[1] != "00f067aa0ba902b7", "our own span, below the caller's"


def test_without_a_correlation_id_the_trace_is_one(gateway: Gateway) -> None:
    answer = gateway.ask("GET", "/healthz", traceparent=f"cc-{_TRACE}-00f067aa0ba902b7-01-later")
    assert answer.headers["X-Correlation-ID"] == _TRACE


@pytest.mark.parametrize("given", ["", "a b", "x" * 129, "<script>", "é"])
def test_what_cannot_be_a_correlation_id_is_replaced(gateway: Gateway, given: str) -> None:
    answer = gateway.ask("GET", "/healthz", X_Correlation_ID=given)
    made = answer.headers["X-Correlation-ID"]
    assert re.fullmatch(r"[0-9a-f-]{36}", made)
    assert made.replace("-", "") in answer.headers["traceparent"]


@pytest.mark.parametrize(
    "given",
    [f"ff-{_TRACE}-00f067aa0ba902b7-01", f"00-{'0' * 32}-00f067aa0ba902b7-01", f"00-{_TRACE}-{'0' * 16}-01", f"00-{_TRACE}-00f067aa0ba902b7-01-x", _TRACE],
)
def test_a_trace_that_is_none_is_not_taken_up(gateway: Gateway, given: str) -> None:
    assert _TRACE not in gateway.ask("GET", "/healthz", traceparent=given).headers["traceparent"]


def test_each_request_is_logged_without_query_or_body(gateway: Gateway, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "tradelane.access")
    gateway.services.answers[SIGN_IN] = {"access_token": "the-token"}
    gateway.ask("POST", "/v1/sessions?secret=1", {"password": "the-password"}, token=Signer().token())
    lines = [record.getMessage() for record in caplog.records if record.name == "tradelane.access"]
    assert len(lines) == 1
    assert re.fullmatch(r"127\.0\.0\.1 POST /v1/sessions 201 \d+\.\d ms", lines[0])


def test_where_a_sign_in_comes_from_is_told_by_the_gateway_and_by_nobody_else(gateway: Gateway) -> None:
    gateway.services.answers[SIGN_IN] = {}
    gateway.ask("POST", "/v1/sessions", {"email": "ada@example.com"}, X_Forwarded_For="192.0.2.9")
    assert gateway.services.calls_of(SIGN_IN)[0].data == {"email": "ada@example.com", "remote_address": "127.0.0.1", "user_agent": None}
    gateway.ask("POST", "/v1/sessions", {"email": "ada@example.com"}, User_Agent="Browser/1.0 " + "x" * 300)
    assert gateway.services.calls_of(SIGN_IN)[1].data["user_agent"] == "Browser/1.0 " + "x" * 188
    answer = gateway.ask("POST", "/v1/sessions", {"remote_address": "192.0.2.9"})
    assert (answer.status_code, answer.json["errors"]) == (422, {"remote_address": ["Unknown field."]})


@pytest.mark.parametrize(
    ("proxies", "told", "address"),
    [
        (0, "192.0.2.9", "127.0.0.1"),
        (1, "192.0.2.9", "192.0.2.9"),
        (1, "198.51.100.7, 192.0.2.9", "192.0.2.9"),
        (2, "203.0.113.1,198.51.100.7,2001:db8::1", "198.51.100.7"),
        (2, "192.0.2.9", "127.0.0.1"),
        (1, "not an address", "127.0.0.1"),
        (1, "", "127.0.0.1"),
    ],
)
def test_behind_our_own_proxies_the_address_is_what_the_outermost_saw_and_nothing_that_the_client_made_up(proxies: int, told: str, address: str) -> None:
    assert client_address({"REMOTE_ADDR": "127.0.0.1", "HTTP_X_FORWARDED_FOR": told}, proxies) == address
