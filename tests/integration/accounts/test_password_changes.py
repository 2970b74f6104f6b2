from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, update

from services.accounts.application import password_changes
from services.accounts.domain.mail import LIFETIMES, RESET_PASSWORD
from services.accounts.models import mails, sessions
from shared.contracts.credentials import RESET_PASSWORD as RESET
from shared.kit.errors import Forbidden, Invalid, TooMany, TradeError, Unauthenticated
from shared.kit.ids import new_id
from tests.builders.database import call
from tests.builders.mail_server import token_in
from tests.integration.accounts.scene import LI, PASSWORD, Accounts

ANOTHER = "a short sail to the isle"


def change(accounts: Accounts, actor: Any, password: str = PASSWORD, new: str = ANOTHER, command_id: str | None = None) -> Any:
    return accounts.call("change_password", {"password": password, "new_password": new}, actor, command_id)


def ask(accounts: Accounts, email: str = LI["email"]) -> Any:
    return accounts.call("ask_for_password_reset", {"email": email})


def reset(accounts: Accounts, token: str, password: str = ANOTHER, command_id: str | None = None) -> Any:
    return accounts.call("reset_password", {"token": token, "password": password}, command_id=command_id)


def outcome(attempt: Any, *args: Any) -> str:
    try:
        attempt(*args)
    except TradeError as error:
        return error.code
    return "done"


def sessions_of(accounts: Accounts) -> set[str]:
    with accounts.database.transaction() as tx:
        return set(tx.execute(select(sessions.c.id)).scalars())


@pytest.fixture
def li(accounts: Accounts) -> Any:
    """Who has an account, a confirmed address, and a session."""
    return accounts.signed_in(accounts.register_and_confirm(user_name="li.na"))


def test_a_new_password_takes_the_old_ones_place_and_ends_all_other_sessions(accounts: Accounts, li: Any) -> None:
    elsewhere = accounts.sign_in()["refresh_token"]
    assert change(accounts, li) == {}
    assert sessions_of(accounts) == {li.session_id}
    assert outcome(accounts.refresh, elsewhere) == "refresh_token_invalid"
    assert outcome(accounts.sign_in, "li.na") == "credentials_incorrect"
    assert accounts.sign_in("li.na", ANOTHER)["token_type"] == "Bearer"
    [letter] = accounts.mails()
    assert (letter.recipient, letter.subject) == ("Li@Example.com", "Your password has changed")


def test_a_change_of_password_that_is_sent_again_is_answered_as_before(accounts: Accounts, li: Any) -> None:
    command_id = new_id()
    assert change(accounts, li, command_id=command_id) == change(accounts, li, command_id=command_id) == {}
    assert len(accounts.mails()) == 1


@pytest.mark.parametrize(
    ("password", "new", "error", "field"),
    [
        ("a long walk to the Port", ANOTHER, Forbidden, "password"),
        (PASSWORD, "too short", Invalid, "new_password"),
        (PASSWORD, "password123", Invalid, "new_password"),
        (PASSWORD, "LI@example.com", Invalid, "new_password"),
    ],
)
def test_a_wrong_or_weak_password_is_refused_by_its_field_and_changes_nothing(
    accounts: Accounts, li: Any, password: str, new: str, error: type[TradeError], field: str
) -> None:
    with pytest.raises(error) as caught:
        change(accounts, li, password, new)
    assert list(caught.value.errors) == [field]
    assert accounts.sign_in()["token_type"] == "Bearer"
    assert accounts.mails() == []


def test_who_was_signed_out_changes_no_password_though_the_access_token_lasts(accounts: Accounts, li: Any) -> None:
    accounts.call("end_all_sessions", {}, li)
    with pytest.raises(Unauthenticated) as caught:
        change(accounts, li)
    assert caught.value.code == "session_over"


def test_a_forgotten_password_is_replaced_by_a_mailed_token_and_everybody_is_signed_out(accounts: Accounts, li: Any) -> None:
    assert ask(accounts, "LI@example.com") == {}
    [letter] = accounts.mails()
    assert (letter.recipient, letter.subject) == ("Li@Example.com", "A new password")
    assert reset(accounts, token_in(letter.text)) == {}
    assert sessions_of(accounts) == set()
    assert outcome(accounts.sign_in) == "credentials_incorrect"
    assert accounts.sign_in("li@example.com", ANOTHER)["token_type"] == "Bearer"
    assert [letter.subject for letter in accounts.mails()] == ["Your password has changed"]


def test_an_address_without_an_account_is_answered_alike_after_the_same_work_and_mailed_nothing(accounts: Accounts, li: Any) -> None:
    def rows() -> int:
        with accounts.database.transaction() as tx:
            return tx.execute(select(func.count()).select_from(mails).where(mails.c.state == "waiting")).scalar_one()

    assert [(ask(accounts, email), rows()) for email in (LI["email"], "nobody@example.com")] == [({}, 1), ({}, 2)]
    assert [letter.recipient for letter in accounts.mails()] == ["Li@Example.com"]
    assert rows() == 0


def test_a_token_replaces_a_password_once_and_no_other_token_does_after_it(accounts: Accounts, li: Any) -> None:
    ask(accounts)
    token = accounts.mailed_token()
    with accounts.database.transaction() as tx:
        second = password_changes.mailed_tokens.issue(tx, li.id, RESET_PASSWORD, LI["email"], tx.now + timedelta(hours=1))
    reset(accounts, token)
    for each in (token, second):
        with pytest.raises(Invalid) as caught:
            reset(accounts, each, "yet another one")
        assert (caught.value.code, list(caught.value.errors)) == ("mailed_token_invalid", ["token"])
    assert accounts.sign_in(password=ANOTHER)["token_type"] == "Bearer"


def test_a_weak_password_uses_no_token_up(accounts: Accounts, li: Any) -> None:
    ask(accounts)
    token = accounts.mailed_token()
    for weak in ("too short", "li@example.com", "password123"):
        with pytest.raises(Invalid) as caught:
            reset(accounts, token, weak)
        assert list(caught.value.errors) == ["password"]
    assert reset(accounts, token) == {}


def test_a_reset_that_is_sent_again_is_answered_as_before(accounts: Accounts, li: Any) -> None:
    ask(accounts)
    token, command_id = accounts.mailed_token(), new_id()
    assert reset(accounts, token, command_id=command_id) == reset(accounts, token, command_id=command_id) == {}


def test_of_two_that_use_one_token_at_once_one_sets_the_password(accounts: Accounts, li: Any) -> None:
    ask(accounts)
    token = accounts.mailed_token()
    passwords = [f"password number {number}" for number in range(4)]
    with ThreadPoolExecutor(4) as pool:
        outcomes = list(pool.map(lambda password: outcome(reset, accounts, token, password), passwords))
    assert sorted(outcomes) == ["done", *["mailed_token_invalid"] * 3]
    assert [outcome(accounts.sign_in, "li.na", password) for password in passwords] == [
        "done" if each == "done" else "credentials_incorrect" for each in outcomes
    ]


@pytest.mark.parametrize("later", ["after it was mailed", "before it was mailed"])
def test_a_token_that_was_asked_for_before_a_change_of_password_is_of_no_use_after_it(accounts: Accounts, li: Any, later: str) -> None:
    ask(accounts)
    token = accounts.mailed_token() if later == "after it was mailed" else None
    change(accounts, li)
    assert [letter.subject for letter in accounts.mails()] == ["Your password has changed"]
    if token:
        assert outcome(reset, accounts, token) == "mailed_token_invalid"


def test_with_the_address_the_tokens_that_went_there_go(accounts: Accounts, li: Any) -> None:
    ask(accounts)
    token = accounts.mailed_token()
    accounts.call("change_email", {"email": "new@example.com", "password": PASSWORD}, li)
    confirmation = next(token_in(letter.text) for letter in accounts.mails() if letter.recipient == "new@example.com")
    accounts.call("confirm_email", {"token": confirmation})
    assert outcome(reset, accounts, token) == "mailed_token_invalid"


def test_with_the_password_a_new_address_goes_that_somebody_asked_for_by_the_old_one(accounts: Accounts, li: Any) -> None:
    accounts.call("change_email", {"email": "thief@example.com", "password": PASSWORD}, li)
    theirs = next(token_in(letter.text) for letter in accounts.mails() if letter.recipient == "thief@example.com")
    ask(accounts)
    reset(accounts, accounts.mailed_token())
    assert outcome(accounts.call, "confirm_email", {"token": theirs}) == "mailed_token_invalid"


def test_a_token_is_over_after_an_hour(accounts: Accounts, li: Any) -> None:
    ask(accounts)
    token = accounts.mailed_token()
    with pytest.raises(Invalid, match="not good any more"), accounts.database.transaction(LIFETIMES[RESET_PASSWORD]) as tx:
        password_changes.reset(tx, call(RESET, None, {"token": token, "password": ANOTHER}), "hash")


def test_a_token_that_confirms_an_address_replaces_no_password(accounts: Accounts) -> None:
    accounts.register()
    assert outcome(reset, accounts, accounts.mailed_token()) == "mailed_token_invalid"


def test_who_reads_what_is_mailed_to_an_address_confirms_it_by_a_new_password(accounts: Accounts) -> None:
    account = accounts.register()
    accounts.mails()
    ask(accounts)
    reset(accounts, accounts.mailed_token())
    assert accounts.call("me", {}, accounts.signed_in(account, ANOTHER))["email_confirmed_at"] is not None


def test_a_new_password_by_mail_lets_an_owner_in_whom_a_guesser_keeps_out(accounts: Accounts, li: Any) -> None:
    for login in ("li.na", LI["email"]):
        while outcome(accounts.sign_in, login, "a guess") != "sign_in_locked":
            pass
        with pytest.raises(TooMany):
            accounts.sign_in(login, PASSWORD)
    ask(accounts)
    reset(accounts, accounts.mailed_token())
    for login in ("li.na", LI["email"]):
        assert accounts.sign_in(login, ANOTHER)["token_type"] == "Bearer"


def test_who_opens_an_account_in_somebody_elses_address_keeps_no_key_to_it(accounts: Accounts) -> None:
    def key(password: str) -> str:
        asked = {"name": "Robot", "scopes": ["orders:read"], "password": password}
        return str(accounts.call("create_api_key", asked, accounts.signed_in(account, password))["key"])

    account = accounts.register()
    accounts.mails()
    thiefs = key(PASSWORD)
    ask(accounts)
    reset(accounts, accounts.mailed_token())
    assert outcome(accounts.call, "check_api_key", {"key": thiefs}) == "api_key_invalid"
    own = key(ANOTHER)
    accounts.database.now += timedelta(minutes=1)
    ask(accounts)
    reset(accounts, next(token_in(letter.text) for letter in accounts.mails() if letter.subject == "A new password"), PASSWORD)
    assert outcome(accounts.call, "check_api_key", {"key": own}) == "done", "programs go on once it is known whose they are"


def test_a_mail_that_is_sent_again_to_an_address_which_was_given_up_replaces_no_password(accounts: Accounts, li: Any) -> None:
    ask(accounts)
    with accounts.database.transaction() as tx:
        tx.execute(update(mails).where(mails.c.state == "waiting").values(state="failed", next_at=None))
    accounts.call("change_email", {"email": "new@example.com", "password": PASSWORD}, li)
    accounts.call("confirm_email", {"token": next(token_in(letter.text) for letter in accounts.mails() if letter.recipient == "new@example.com")})
    with accounts.database.transaction() as tx:
        tx.execute(update(mails).where(mails.c.state == "failed").values(state="waiting", next_at=tx.now))
    [letter] = accounts.mails()
    assert (letter.recipient, letter.subject) == ("Li@Example.com", "A new password")
    assert outcome(reset, accounts, token_in(letter.text)) == "mailed_token_invalid"
