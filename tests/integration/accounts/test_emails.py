from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update

from services.accounts.application import emails
from services.accounts.domain.mail import CONFIRM_EMAIL, LIFETIMES
from services.accounts.models import mails
from shared.contracts.credentials import CONFIRM_EMAIL as CONFIRM
from shared.kit.errors import Conflict, Forbidden, Invalid, PreconditionFailed, TradeError, Unauthenticated
from shared.kit.ids import new_id
from tests.builders.database import call
from tests.builders.mail_server import token_in
from tests.integration.accounts.scene import PASSWORD, Accounts, actor_of

NEW = "Na.Li@elsewhere.example"


def confirm(accounts: Accounts, token: str, command_id: str | None = None) -> Any:
    return accounts.call("confirm_email", {"token": token}, command_id=command_id)


def change(accounts: Accounts, actor: Any, email: str = NEW, password: str = PASSWORD) -> Any:
    return accounts.call("change_email", {"email": email, "password": password}, actor)


def me(accounts: Accounts, actor: Any) -> Any:
    return accounts.call("me", {}, actor)


def refused(attempt: Any, *args: Any) -> str:
    with pytest.raises(TradeError) as caught:
        attempt(*args)
    return caught.value.code


def test_who_registers_is_mailed_a_token_and_confirms_the_address_by_it_once(accounts: Accounts) -> None:
    account = accounts.register()
    [letter] = accounts.mails()
    assert (letter.recipient, letter.subject) == ("Li@Example.com", "Confirm your e-mail address")
    assert confirm(accounts, token_in(letter.text)) == {"email": "Li@Example.com"}
    known = me(accounts, actor_of(account))
    assert (known["email_confirmed_at"] is not None, known["version"]) == (True, 2)
    assert refused(confirm, accounts, token_in(letter.text)) == "mailed_token_invalid"


def test_an_address_is_changed_only_from_the_version_that_was_seen(accounts: Accounts) -> None:
    li = accounts.signed_in(accounts.register())
    asked = {"email": NEW, "password": PASSWORD}
    with pytest.raises(PreconditionFailed) as refusal:
        accounts.call("change_email", asked | {"if_match": 2}, li)
    assert (refusal.value.code, refusal.value.data) == ("version_changed", {"version": 1})
    assert me(accounts, li)["new_email"] is None
    assert accounts.call("change_email", asked | {"if_match": 1}, li)["version"] == 2


def test_who_registers_without_an_address_is_mailed_nothing(accounts: Accounts) -> None:
    accounts.call("register", {"user_name": "li.na", "password": PASSWORD, "name": "Li Na", "country": "CN", "role": "buyer"})
    assert accounts.mails() == []


@pytest.mark.parametrize("token", ["x", "é", "0" * 43, " "])
def test_a_made_up_token_confirms_nothing(accounts: Accounts, token: str) -> None:
    accounts.register()
    assert refused(confirm, accounts, token) == "mailed_token_invalid"


def test_a_confirmation_that_is_sent_again_is_answered_as_before(accounts: Accounts) -> None:
    accounts.register()
    token, command_id = accounts.mailed_token(), new_id()
    assert confirm(accounts, token, command_id) == confirm(accounts, token, command_id)
    assert refused(confirm, accounts, "another", command_id) == "idempotency_key_reused"


def test_a_token_is_over_after_three_days(accounts: Accounts) -> None:
    accounts.register()
    token = accounts.mailed_token()
    with pytest.raises(Invalid, match="not good any more"), accounts.database.transaction(LIFETIMES[CONFIRM_EMAIL]) as tx:
        emails.confirm(tx, call(CONFIRM, None, {"token": token}))
    with accounts.database.transaction(LIFETIMES[CONFIRM_EMAIL] - timedelta(seconds=60)) as tx:
        assert emails.confirm(tx, call(CONFIRM, None, {"token": token}))


def test_of_two_that_use_one_token_at_once_one_does(accounts: Accounts) -> None:
    accounts.register()
    token = accounts.mailed_token()

    def attempt(_: int) -> str:
        try:
            return str(confirm(accounts, token)["email"])
        except Invalid as error:
            return error.code

    with ThreadPoolExecutor(6) as pool:
        assert sorted(pool.map(attempt, range(6))) == ["Li@Example.com", *["mailed_token_invalid"] * 5]


def test_the_token_is_sent_again_to_who_asks_a_minute_later_and_either_is_good(accounts: Accounts) -> None:
    li = accounts.signed_in(accounts.register())
    first = accounts.mailed_token()
    assert accounts.call("send_email_confirmation", {}, li) == {}
    assert accounts.mails() == [], "one has left just now"
    with accounts.database.transaction() as tx:
        tx.execute(update(mails).values(created_at=tx.now - timedelta(minutes=1)))
    accounts.call("send_email_confirmation", {}, li)
    second = accounts.mailed_token()
    assert first != second
    confirm(accounts, first)
    assert refused(confirm, accounts, second) == "mailed_token_invalid"
    with pytest.raises(Conflict) as caught:
        accounts.call("send_email_confirmation", {}, li)
    assert caught.value.code == "email_confirmed"


def test_an_address_changes_when_the_new_one_is_confirmed_and_the_old_one_is_told(accounts: Accounts) -> None:
    li = accounts.signed_in(accounts.register_and_confirm())
    waits = change(accounts, li)
    assert (waits["email"], waits["new_email"]) == ("Li@Example.com", NEW)
    told = {letter.recipient: letter for letter in accounts.mails()}
    assert told["Li@Example.com"].subject == "Your e-mail address is to change"
    assert NEW in told["Li@Example.com"].text
    assert accounts.sign_in("li@example.com")["token_type"] == "Bearer"
    assert refused(accounts.sign_in, NEW) == "credentials_incorrect"

    confirm(accounts, token_in(told[NEW].text))
    changed = me(accounts, li)
    assert (changed["email"], changed["new_email"], changed["version"]) == (NEW, None, 4)
    assert changed["email_confirmed_at"] is not None
    assert accounts.sign_in(NEW.upper())["token_type"] == "Bearer"
    assert refused(accounts.sign_in, "li@example.com") == "credentials_incorrect"


def test_an_address_that_was_never_confirmed_is_told_nothing_and_can_be_mended(accounts: Accounts) -> None:
    account = accounts.register(email="mistyped@example.com")
    mistyped = accounts.mailed_token()
    li = accounts.signed_in(account)
    change(accounts, li)
    [letter] = accounts.mails()
    assert letter.recipient == NEW
    confirm(accounts, token_in(letter.text))
    assert refused(confirm, accounts, mistyped) == "mailed_token_invalid"
    assert me(accounts, li)["email"] == NEW


def test_who_has_only_a_user_name_gets_an_address_alike(accounts: Accounts) -> None:
    account = accounts.call("register", {"user_name": "li.na", "password": PASSWORD, "name": "Li Na", "country": "CN", "role": "buyer"})
    li = accounts.signed_in(account)
    change(accounts, li)
    confirm(accounts, accounts.mailed_token())
    assert (me(accounts, li)["email"], me(accounts, li)["user_name"]) == (NEW, "li.na")


def test_the_latest_new_address_counts_and_going_back_drops_it(accounts: Accounts) -> None:
    li = accounts.signed_in(accounts.register())
    accounts.mails()
    change(accounts, li, "first@example.com")
    first = accounts.mailed_token()
    change(accounts, li)
    second = accounts.mailed_token()
    assert refused(confirm, accounts, first) == "mailed_token_invalid"
    assert change(accounts, li, "LI@example.com")["new_email"] is None
    assert refused(confirm, accounts, second) == "mailed_token_invalid"
    assert me(accounts, li)["email"] == "Li@Example.com"


def test_an_address_that_another_account_has_is_refused_at_once_or_when_it_is_confirmed(accounts: Accounts) -> None:
    account = accounts.register()
    li = accounts.signed_in(account)
    accounts.mails()
    change(accounts, li)
    token = accounts.mailed_token()
    accounts.register(email=NEW.lower())
    for attempt in (lambda: confirm(accounts, token), lambda: change(accounts, li, NEW.upper())):
        with pytest.raises(Conflict) as caught:
            attempt()
        assert (caught.value.code, list(caught.value.errors)) == ("email_taken", ["email"])
    assert me(accounts, li)["email"] == "Li@Example.com"


def test_without_the_password_or_a_session_no_address_changes(accounts: Accounts) -> None:
    account = accounts.register()
    li = accounts.signed_in(account)
    with pytest.raises(Forbidden) as wrong:
        change(accounts, li, password="a long walk to the Port")
    assert list(wrong.value.errors) == ["password"]
    for actor in (actor_of(account), replace(li, session_id=new_id()), None):
        with pytest.raises(Unauthenticated):
            change(accounts, actor)
    assert me(accounts, li)["new_email"] is None
