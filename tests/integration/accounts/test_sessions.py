from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any

import jwt
import pyotp
import pytest
from sqlalchemy import func, select

from services.accounts.application import mailed_tokens, signing_keys as keys
from services.accounts.application.sessions import IDLE, open_session, refresh, sweep
from services.accounts.domain.mail import CONFIRM_EMAIL, LIFETIMES
from services.accounts.models import mailed_tokens as table, sessions, signing_keys
from shared.contracts.accounts import REFRESH, SIGN_IN
from shared.contracts.api_keys import SCOPES
from shared.kit.errors import Forbidden, NotFound, Unauthenticated
from shared.kit.ids import new_id
from tests.builders.database import call
from tests.integration.accounts.scene import PASSWORD, Accounts

CALL = call(SIGN_IN, None, {"user_name": "li", "password": "any", "remote_address": "192.0.2.1"})


def claims(accounts: Accounts, token: str) -> dict[str, Any]:
    """What the token says, checked as the gateway does: with the published key of its `kid` only."""
    keys = {key.key_id: key for key in jwt.PyJWKSet.from_dict(accounts.call("signing_keys", {})).keys}
    key = keys[jwt.get_unverified_header(token)["kid"]]
    return jwt.decode(token, key, ["EdDSA"], audience="tradelane", issuer="tradelane/accounts", options={"require": ["exp", "iat", "aud", "iss", "sub"]})


def test_the_access_token_says_who_and_for_fifteen_minutes(accounts: Accounts) -> None:
    account = accounts.register()
    tokens = accounts.sign_in("LI@example.com")
    told = claims(accounts, tokens["access_token"])
    assert (told["sub"], told["name"], told["roles"]) == (account["id"], "Li Na", ["supplier"])
    assert told["exp"] - told["iat"] == tokens["expires_in"] == 900
    assert set(told) == {"iss", "aud", "sub", "name", "roles", "verified", "sid", "iat", "exp"}
    assert (told["verified"], told["sid"]) == (False, tokens["refresh_token"].partition(".")[0])


def test_a_wrong_password_and_an_unknown_address_are_answered_alike(accounts: Accounts) -> None:
    accounts.register()
    errors = []
    for email, password in (("li@example.com", "a long walk to the Port"), ("nobody@example.com", "a long walk to the port")):
        with pytest.raises(Unauthenticated) as caught:
            accounts.sign_in(email, password)
        errors.append((caught.value.code, caught.value.message, caught.value.errors, caught.value.data))
    assert errors[0] == errors[1]
    with accounts.database.transaction() as tx:
        assert tx.execute(select(func.count()).select_from(sessions)).scalar_one() == 0


def test_only_the_public_half_of_the_key_is_published(accounts: Accounts) -> None:
    [key] = accounts.call("signing_keys", {})["keys"]
    assert set(key) == {"kty", "crv", "x", "kid", "alg", "use"}
    assert (key["kty"], key["crv"], key["alg"]) == ("OKP", "Ed25519", "EdDSA")
    assert accounts.call("signing_keys", {})["keys"] == [key]


def test_replicas_that_start_at_once_sign_with_one_key(accounts: Accounts) -> None:
    with ThreadPoolExecutor(8) as pool:
        keys = list(pool.map(lambda _: accounts.call("signing_keys", {})["keys"], range(8)))
    assert all(each == keys[0] for each in keys)
    with accounts.database.transaction() as tx:
        assert tx.execute(select(signing_keys.c.kid)).scalars().all() == [keys[0][0]["kid"]]


def test_a_replica_that_comes_second_takes_the_key_of_the_first(accounts: Accounts) -> None:
    with accounts.database.transaction() as first, ThreadPoolExecutor(1) as pool:
        kid = keys.current(first).kid
        second = pool.submit(accounts.call, "signing_keys", {})  # finds none yet, makes its own, and waits for the first to commit
        with pytest.raises(TimeoutError):
            second.result(timeout=0.5)
        first.connection.commit()
        assert second.result(timeout=30)["keys"][0]["kid"] == kid


def test_a_refresh_token_gives_new_tokens_for_the_same_account(accounts: Accounts) -> None:
    account = accounts.register()
    token = accounts.sign_in()["refresh_token"]
    for _ in range(3):
        tokens = accounts.refresh(token)
        assert tokens["refresh_token"] != token
        assert claims(accounts, tokens["access_token"])["sub"] == account["id"]
        token = tokens["refresh_token"]


def test_a_refresh_token_that_comes_twice_ends_its_session_for_good_and_no_other(accounts: Accounts) -> None:
    accounts.register()
    stolen, elsewhere = accounts.sign_in()["refresh_token"], accounts.sign_in()["refresh_token"]
    latest = accounts.refresh(accounts.refresh(stolen)["refresh_token"])["refresh_token"]
    for token in (stolen, latest):
        with pytest.raises(Unauthenticated) as caught:
            accounts.refresh(token)
        assert caught.value.code == "refresh_token_invalid"
    assert accounts.refresh(elsewhere)["token_type"] == "Bearer"


def test_of_two_that_use_one_token_at_once_at_most_one_is_served_and_the_session_ends(accounts: Accounts) -> None:
    accounts.register()
    token = accounts.sign_in()["refresh_token"]

    def attempt(_: int) -> str | None:
        try:
            return accounts.refresh(token)["refresh_token"]
        except Unauthenticated:
            return None

    with ThreadPoolExecutor(6) as pool:
        served = [each for each in pool.map(attempt, range(6)) if each]
    assert len(served) == 1
    with pytest.raises(Unauthenticated):
        accounts.refresh(served[0])


@pytest.mark.parametrize("token", ["x", ".", "018f0000-0000-7000-8000-000000000000.secret", "018f0000-0000-7000-8000-000000000000.", "é.é"])
def test_a_made_up_refresh_token_is_refused(accounts: Accounts, token: str) -> None:
    with pytest.raises(Unauthenticated):
        accounts.refresh(token)


def test_a_session_that_is_not_refreshed_in_time_is_over(accounts: Accounts) -> None:
    account = accounts.register()
    with accounts.database.transaction() as tx:
        in_time, late = (open_session(tx, account["id"], CALL)["refresh_token"] for _ in range(2))
    with accounts.database.transaction(IDLE - timedelta(seconds=60)) as tx:
        assert refresh(tx, call(REFRESH, None, {"refresh_token": in_time, "remote_address": "192.0.2.1"}))
    with accounts.database.transaction(IDLE) as tx:
        assert refresh(tx, call(REFRESH, None, {"refresh_token": late, "remote_address": "192.0.2.1"})) is None


def test_sessions_and_tokens_that_are_over_are_swept_away(accounts: Accounts) -> None:
    accounts.register()
    accounts.mails()
    accounts.sign_in()
    for later, left in ((timedelta(0), (1, 1)), (LIFETIMES[CONFIRM_EMAIL], (1, 0)), (IDLE, (0, 0))):
        with accounts.database.transaction(later) as tx:
            sweep(tx)
            mailed_tokens.sweep(tx)
            assert tuple(tx.execute(select(func.count()).select_from(each)).scalar_one() for each in (sessions, table)) == left


def test_a_further_sign_in_ends_the_session_that_was_used_longest_ago(accounts: Accounts, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.accounts.application.sessions.MOST", 2)
    account = accounts.register()
    with accounts.database.transaction() as tx:
        first, second = (open_session(tx, account["id"], CALL)["refresh_token"] for _ in range(2))
    accounts.database.now += timedelta(seconds=1)
    first = accounts.refresh(first)["refresh_token"]
    accounts.sign_in()
    with pytest.raises(Unauthenticated):
        accounts.refresh(second)
    assert accounts.refresh(first)["token_type"] == "Bearer"


def test_one_sees_where_one_is_signed_in_the_latest_use_first(accounts: Accounts) -> None:
    account = accounts.register()
    accounts.register(email="other@example.com")
    accounts.sign_in("other@example.com")
    office = accounts.sign_in(remote_address="2001:db8::7", user_agent="Office/1.0")["refresh_token"]
    accounts.database.now += timedelta(seconds=1)
    here = accounts.signed_in(account)
    accounts.database.now += timedelta(seconds=1)
    accounts.refresh(office, "198.51.100.7", "Office/1.1")
    first, second = accounts.call("list_sessions", {}, here)["items"]
    assert (first["id"], first["address"], first["user_agent"], first["current"]) == (office.partition(".")[0], "198.51.100.7", "Office/1.1", False)
    assert (second["id"], second["address"], second["user_agent"], second["current"]) == (here.session_id, "192.0.2.1", "a test", True)
    assert first["created_at"] < second["created_at"] == second["used_at"] < first["used_at"] < first["expires_at"]
    assert "token" not in repr([first, second])


def test_one_session_is_signed_out_and_no_other(accounts: Accounts) -> None:
    here = accounts.signed_in(accounts.register())
    elsewhere = accounts.sign_in()["refresh_token"]
    accounts.call("end_session", {"id": elsewhere.partition(".")[0]}, here)
    with pytest.raises(Unauthenticated):
        accounts.refresh(elsewhere)
    assert [each["id"] for each in accounts.call("list_sessions", {}, here)["items"]] == [here.session_id]


def test_a_session_of_somebody_else_is_not_there(accounts: Accounts) -> None:
    li = accounts.signed_in(accounts.register())
    wu = accounts.signed_in(accounts.register(email="wu@example.com"))
    for session_id in (li.session_id, new_id()):
        with pytest.raises(NotFound) as caught:
            accounts.call("end_session", {"id": session_id}, wu)
        assert caught.value.code == "session_not_found"
    assert len(accounts.call("list_sessions", {}, li)["items"]) == 1


def test_one_signs_out_everywhere_at_once_and_nobody_else_does(accounts: Accounts) -> None:
    li = accounts.signed_in(accounts.register())
    token = accounts.sign_in()["refresh_token"]
    wu = accounts.signed_in(accounts.register(email="wu@example.com"))
    accounts.call("end_all_sessions", {}, li)
    with pytest.raises(Unauthenticated):
        accounts.refresh(token)
    assert accounts.call("list_sessions", {}, li)["items"] == []
    assert len(accounts.call("list_sessions", {}, wu)["items"]) == 1
    with pytest.raises(Unauthenticated):
        accounts.call("end_all_sessions", {}, li)


@pytest.mark.parametrize(
    ("operation", "data"),
    [
        ("change_password", {"password": PASSWORD, "new_password": "a short sail to the isle"}),
        ("change_email", {"password": PASSWORD, "email": "thief@example.com"}),
        ("send_email_confirmation", {}),
        ("change_me", {"user_name": "thief"}),
        ("create_api_key", {"password": PASSWORD, "name": "A thief's", "scopes": ["orders:write"]}),
        ("revoke_api_key", {"id": new_id()}),
        ("enrol_totp", {"password": PASSWORD}),
        ("confirm_totp", {"code": "123456"}),
        ("disable_totp", {"password": PASSWORD, "code": "123456"}),
        ("end_session", {"id": new_id()}),
        ("end_all_sessions", {}),
    ],
)
def test_who_is_signed_out_changes_nothing_that_one_signs_in_with_and_no_api_key_does(accounts: Accounts, operation: str, data: dict[str, Any]) -> None:
    thief = accounts.signed_in(accounts.register())
    accounts.call("end_all_sessions", {}, thief)
    with pytest.raises(Unauthenticated) as over:
        accounts.call(operation, data, thief)
    assert over.value.code == "session_over"
    with pytest.raises(Forbidden) as by_key:
        accounts.call(operation, data, replace(thief, session_id=None, scopes=frozenset(SCOPES)))
    assert by_key.value.code == "session_required"


def test_a_second_factor_that_is_half_enrolled_with_the_old_password_is_of_no_use_after_it(accounts: Accounts) -> None:
    account = accounts.register()
    thief, li = accounts.signed_in(account), accounts.signed_in(account)
    secret = accounts.call("enrol_totp", {"password": PASSWORD}, thief)["secret"]
    accounts.call("change_password", {"password": PASSWORD, "new_password": "a short sail to the isle"}, li)
    with pytest.raises(Unauthenticated):
        accounts.call("confirm_totp", {"code": pyotp.TOTP(secret).at(accounts.database.now)}, thief)
    assert accounts.sign_in(password="a short sail to the isle")["token_type"] == "Bearer"
