"""How often one may ask: by account, by address, and by address again for what nobody in particular may write."""

from __future__ import annotations

import time
from typing import Any

import pytest
from limits import parse

from shared.contracts.accounts import CHECK_PASSWORD, ME, REFRESH, SIGN_IN
from shared.contracts.credentials import CHANGE_PASSWORD
from shared.contracts.operations import Operation
from shared.contracts.orders import ACT_ON_ORDER
from shared.contracts.payment_methods import PAYMENT_CALLBACK
from shared.contracts.payouts import REQUEST_PAYOUT
from shared.contracts.tracking import TRACK
from tests.unit.gateway.fakes import ORDER, Gateway, order

TOKENS = {"access_token": "a", "token_type": "Bearer", "expires_in": 900, "refresh_token": "r"}
SECRET = {"email": "ada@example.com", "password": "not this one"}


def gateway(**limits: str) -> Gateway:
    unlimited = dict.fromkeys(("rate_limit", "rate_limit_address", "rate_limit_credentials"))
    made = Gateway(**unlimited | {name: parse(limit) for name, limit in limits.items()})
    made.services.answers |= {ME: {"id": ORDER}, SIGN_IN: TOKENS, REFRESH: TOKENS, TRACK: {}, PAYMENT_CALLBACK: {}}
    return made


# The quota


def test_all_of_a_quota_may_be_used_at_once_and_is_whole_again_when_its_time_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    now = float(int(time.time()))
    monkeypatch.setattr(time, "time", lambda: now)
    asked = gateway(rate_limit="2/2 seconds")
    answers = [asked.ask("GET", "/v1/me") for _ in range(3)]
    assert [(each.status_code, each.headers["RateLimit"]) for each in answers] == [
        (200, '"account";r=1;t=2'),
        (200, '"account";r=0;t=2'),
        (429, '"account";r=0;t=2'),
    ]
    now += 1.5
    refused = asked.ask("GET", "/v1/me")
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "1")  # whoever was refused meanwhile has not put it off
    now += 0.5
    assert asked.ask("GET", "/v1/me").headers["RateLimit"] == '"account";r=1;t=2'


# Who is counted as whom


def test_an_account_is_counted_wherever_it_asks_from_and_by_whatever_token() -> None:
    asked = gateway(rate_limit="2/minute")
    answers = [asked.ask("GET", "/v1/me", token=asked.signer.token(name=name), address=address) for name, address in (("A", "10.0.0.1"), ("B", "10.0.0.2"))]
    assert [each.headers["RateLimit"] for each in answers] == ['"account";r=1;t=60', '"account";r=0;t=60']
    refused = asked.ask("GET", "/v1/me")
    assert (refused.status_code, refused.json["code"], refused.headers["Retry-After"]) == (429, "too_many_requests", "60")
    assert (refused.headers["RateLimit-Policy"], refused.headers["RateLimit"]) == ('"account";q=2;w=60', '"account";r=0;t=60')
    assert asked.ask("GET", "/v1/me", token=asked.signer.token(sub=ORDER)).status_code == 200
    assert len(asked.services.calls_of(ME)) == 3


def test_an_error_tells_what_is_left_as_well() -> None:
    asked = gateway(rate_limit="9/minute")
    answer = asked.ask("POST", "/v1/orders", b"no JSON")
    assert (answer.status_code, answer.headers["RateLimit"]) == (400, '"account";r=8;t=60')


@pytest.mark.parametrize("last", ["", "nonsense"])
def test_opening_a_stream_of_events_is_counted_whatever_comes_of_it(last: str) -> None:
    asked = gateway(rate_limit="1/minute")
    asked.ask("GET", "/v1/me")
    assert asked.ask("GET", "/v1/events", Last_Event_ID=last).status_code == 429
    assert asked.ask("GET", "/v1/events", token=None, Last_Event_ID=last).status_code == 401


def test_who_does_not_get_in_is_counted_by_address() -> None:
    asked = gateway(rate_limit_address="2/minute", rate_limit="1/minute")
    assert [asked.ask("GET", "/v1/me", token=token).status_code for token in ("nonsense", None, "other", None)] == [401, 401, 429, 429]
    assert asked.ask("GET", "/v1/me", token=None, address="10.0.0.2").status_code == 401
    assert asked.ask("GET", "/v1/me").status_code == 200  # who is in is not kept out by a neighbour
    assert asked.ask("GET", "/v1/tracking/1", token=None).status_code == 429


@pytest.mark.parametrize(("path", "body"), [("/v1/sessions", SECRET), ("/v1/sessions/refresh", {"refresh_token": "r"})])
def test_what_nobody_in_particular_may_write_has_a_lower_limit(path: str, body: Any) -> None:
    asked = gateway(rate_limit_credentials="1/minute", rate_limit_address="9/minute")
    first, second = asked.ask("POST", path, body, token=None), asked.ask("POST", path, body, token=None)
    assert (first.headers["RateLimit-Policy"], second.status_code) == ('"credentials";q=1;w=60', 429)
    assert asked.ask("POST", path, body).status_code == 429  # a token is not looked at here
    assert asked.ask("GET", "/v1/tracking/1", token=None).status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "operation"),
    [
        ("POST", "/v1/payouts", REQUEST_PAYOUT),
        ("POST", f"/v1/orders/{ORDER}/actions/confirm_payment", ACT_ON_ORDER),
        ("PUT", "/v1/me/password", CHANGE_PASSWORD),
    ],
)
def test_whoever_gives_a_password_is_counted_so_too_by_account(method: str, path: str, operation: Operation) -> None:
    asked = gateway(rate_limit_credentials="1/minute")
    asked.services.answers |= {operation: order(), CHECK_PASSWORD: {}}
    first, second = (asked.ask(method, path, {"password": "right"}, address=f"10.0.0.{number}") for number in (1, 2))
    assert (first.status_code // 100, first.headers["RateLimit-Policy"]) == (2, '"credentials";q=1;w=60')
    assert (second.status_code, second.json["code"]) == (429, "too_many_requests")
    assert len(asked.services.calls_of(operation)) == 1
    assert asked.ask(method, path, {}).status_code // 100 == 2  # without one, it is for its owner to say
    assert asked.ask(method, path, {"password": "right"}, token=asked.signer.token(sub=ORDER)).status_code // 100 == 2


def test_another_systems_callbacks_are_no_attempts_to_get_in() -> None:
    asked = gateway(rate_limit_credentials="1/minute", rate_limit_address="9/minute")
    assert [asked.ask("POST", "/v1/payment-callbacks/sandbox", {}, token=None).status_code for _ in range(3)] == [200] * 3


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", True),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
        ("::ffff:10.0.0.1", "::ffff:10.0.0.2", False),
        ("10.0.0.1", "10.0.0.2", False),
    ],
)
def test_of_ipv6_the_network_is_counted(one: str, other: str, same: bool) -> None:
    asked = gateway(rate_limit_address="1/minute")
    asked.ask("GET", "/v1/me", token=None, address=one)
    assert (asked.ask("GET", "/v1/me", token=None, address=other).status_code == 429) == same


def test_without_a_setting_there_is_no_limit_and_nothing_said() -> None:
    asked = gateway()
    answers = [asked.ask("GET", "/v1/me") for _ in range(100)]
    assert {each.status_code for each in answers} == {200}
    assert not any("RateLimit" in name for each in answers for name, _ in each.headers)


def test_whether_the_gateway_lives_may_be_asked_all_day() -> None:
    asked = gateway(rate_limit_address="1/minute")
    assert {asked.ask("GET", path, token=None).status_code for path in ("/healthz", "/readyz", "/docs") for _ in range(3)} == {200}
