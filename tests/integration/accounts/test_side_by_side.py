"""Requests about one account that come at the same moment: none undoes what another has just made safe, and none waits for each other for ever."""

from __future__ import annotations

import time
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import func, select, text

from services.accounts.application import emails, mailed_tokens, mailing, password_changes, proof
from services.accounts.application.queries import locked
from services.accounts.models import mailed_tokens as table, sessions
from shared.contracts.credentials import CHANGE_PASSWORD, CONFIRM_EMAIL
from shared.kit.errors import Invalid, Unauthenticated
from tests.builders.database import call
from tests.integration.accounts.scene import LI, PASSWORD, Accounts

ANOTHER = "a short sail to the isle"


@pytest.fixture
def li(accounts: Accounts) -> Any:
    """Who has an account, a confirmed address, and a session."""
    return accounts.signed_in(accounts.register_and_confirm())


def until_somebody_waits(accounts: Accounts) -> None:
    """Somebody's transaction waits for what another one has locked."""
    waiting = text("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'")
    deadline = time.monotonic() + 60
    while True:
        with accounts.database.transaction() as tx:
            if tx.execute(waiting).scalar_one():
                return
        assert time.monotonic() < deadline, "nobody waits"
        time.sleep(0.01)


@pytest.mark.parametrize("password", ["changed", "forgotten"])
def test_a_sign_in_that_began_with_the_old_password_ends_in_no_session(accounts: Accounts, li: Any, password: str, monkeypatch: pytest.MonkeyPatch) -> None:
    accounts.call("ask_for_password_reset", {"email": LI["email"]})
    token = accounts.mailed_token()

    def new_password_then(work: Any, *args: Any) -> Any:
        monkeypatch.undo()
        if password == "changed":
            accounts.call("change_password", {"password": PASSWORD, "new_password": ANOTHER}, li)
        else:
            accounts.call("reset_password", {"token": token, "password": ANOTHER})
        return work(*args)

    monkeypatch.setattr(proof, "offload", new_password_then)
    with pytest.raises(Unauthenticated) as refused:
        accounts.sign_in()
    assert refused.value.code == "credentials_incorrect"
    with accounts.database.transaction() as tx:
        assert set(tx.execute(select(sessions.c.id)).scalars()) == ({li.session_id} if password == "changed" else set())


def test_a_new_password_waits_for_a_mail_that_is_leaving_and_its_token_is_good_no_more(accounts: Accounts, li: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    accounts.call("ask_for_password_reset", {"email": LI["email"]})
    issue = mailed_tokens.issue

    def change() -> None:
        with accounts.database.transaction() as tx:
            password_changes.change(tx, call(CHANGE_PASSWORD, li, {"password": PASSWORD, "new_password": ANOTHER}), "a hash")

    with ThreadPoolExecutor(1) as pool:

        def while_the_password_changes(*args: Any) -> str:
            changing.append(pool.submit(change))
            until_somebody_waits(accounts)
            return issue(*args)

        changing: list[Future[None]] = []
        monkeypatch.setattr(mailed_tokens, "issue", while_the_password_changes)
        with accounts.database.transaction() as tx:
            assert len(mailing.lease(tx)) == 1
        [changed] = changing
        changed.result()
    with accounts.database.transaction() as tx:
        assert tx.execute(select(func.count()).select_from(table)).scalar_one() == 0


def test_a_token_that_is_used_while_all_are_revoked_is_found_gone(accounts: Accounts) -> None:
    account = accounts.register()
    token = accounts.mailed_token()
    with ThreadPoolExecutor(1) as pool:
        with accounts.database.transaction() as tx:
            locked(tx, account["id"])

            def confirm() -> None:
                with accounts.database.transaction() as other:
                    emails.confirm(other, call(CONFIRM_EMAIL, None, {"token": token}))

            confirming = pool.submit(confirm)
            until_somebody_waits(accounts)
            mailed_tokens.revoke(tx, account["id"])
        with pytest.raises(Invalid, match="not good any more"):
            confirming.result()
