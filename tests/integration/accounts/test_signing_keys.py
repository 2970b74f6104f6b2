"""Keys are rotated under a gateway that lives, and nobody is signed out."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import jwt
import pytest
from alembic import command
from sqlalchemy import select, update

from services.accounts.application import signing_keys
from services.accounts.domain.signing import ANNOUNCED, LIFETIME, MARGIN
from services.accounts.models import signing_keys as table
from services.gateway.application import identity
from services.gateway.application.identity import Keys
from shared.kit.errors import Conflict, NotFound, Unauthenticated
from shared.platform.migrate import configuration
from tests.integration.accounts.scene import Accounts

MINUTE = timedelta(minutes=1)


class Gateway:
    """A gateway's memory of keys, over the time that a test lets pass."""

    def __init__(self, accounts: Accounts) -> None:
        self.accounts, self.keys, self.passed = accounts, Keys(), 0.0

    def call(self, operation: Any, data: Any) -> Any:
        return self.accounts.call(operation.name, data)

    def takes(self, token: str) -> bool:
        try:
            rpc: Any = self
            self.keys.actor(token, rpc)
        except Unauthenticated:
            return False
        return True

    def time(self) -> float:
        return time.time()

    def monotonic(self) -> float:
        return 1000 + self.passed

    def let_pass(self, duration: timedelta) -> None:
        """So much time: the keys become older, as tokens are checked by the real clock."""
        self.passed += duration.total_seconds()
        with self.accounts.database.transaction() as tx:
            for key in tx.execute(select(table)).all():
                tx.execute(update(table).where(table.c.kid == key.kid).values(signs_from=key.signs_from - duration))


@pytest.fixture
def gateway(accounts: Accounts, monkeypatch: pytest.MonkeyPatch) -> Gateway:
    gateway = Gateway(accounts)
    monkeypatch.setattr(identity, "time", gateway)
    return gateway


def kid(tokens: Any) -> str:
    return str(jwt.get_unverified_header(tokens["access_token"])["kid"])


def published(accounts: Accounts) -> list[str]:
    return [key["kid"] for key in accounts.call("signing_keys", {})["keys"]]


def tend(accounts: Accounts, days: int = 0) -> None:
    with accounts.database.transaction() as tx:
        signing_keys.tend(tx, days)


def test_a_new_key_is_published_before_it_signs_and_the_old_one_as_long_as_its_tokens_last(accounts: Accounts, gateway: Gateway) -> None:
    accounts.register()
    session = accounts.sign_in()
    old = kid(session)
    assert gateway.takes(session["access_token"])
    with accounts.database.transaction() as tx:
        new = signing_keys.rotate(tx).kid
    assert published(accounts) == [old, new]
    assert kid(accounts.sign_in()) == old

    gateway.let_pass(ANNOUNCED - MINUTE)
    last = accounts.refresh(session["refresh_token"])
    assert kid(last) == old
    gateway.let_pass(MINUTE)
    assert gateway.takes(last["access_token"])  # by now it has asked again, and knows the new key before it meets one of its tokens
    first = accounts.refresh(last["refresh_token"])
    assert kid(first) == new
    assert all(gateway.takes(each["access_token"]) for each in (session, last, first))

    gateway.let_pass(LIFETIME + MARGIN - MINUTE)
    tend(accounts)
    assert published(accounts) == [old, new]
    gateway.let_pass(MINUTE)
    tend(accounts)
    assert published(accounts) == [new]
    assert gateway.takes(accounts.refresh(first["refresh_token"])["access_token"])


def test_a_gateway_that_has_not_heard_of_a_key_asks_when_it_meets_it(accounts: Accounts, gateway: Gateway) -> None:
    accounts.register()
    assert gateway.takes(accounts.sign_in()["access_token"])
    with accounts.database.transaction() as tx:
        signing_keys.rotate(tx)
    with accounts.database.transaction(ANNOUNCED) as tx:
        new = signing_keys.current(tx)
        tx.execute(update(table).where(table.c.kid == new.kid).values(signs_from=accounts.database.now))
    gateway.passed += 2
    token = accounts.sign_in()["access_token"]
    assert jwt.get_unverified_header(token)["kid"] == new.kid
    assert gateway.takes(token)


def test_a_key_that_is_retired_goes_at_once_and_sessions_go_on_with_another(accounts: Accounts, gateway: Gateway) -> None:
    accounts.register()
    session = accounts.sign_in()
    assert gateway.takes(session["access_token"])
    with accounts.database.transaction() as tx:
        after = signing_keys.retire(tx, kid(session)).kid
    assert published(accounts) == [after] != [kid(session)]
    gateway.passed += identity.LIFETIME + 1
    assert not gateway.takes(session["access_token"])
    assert gateway.takes(accounts.refresh(session["refresh_token"])["access_token"])
    with pytest.raises(NotFound), accounts.database.transaction() as tx:
        signing_keys.retire(tx, kid(session))


def test_a_key_that_waits_for_its_turn_takes_the_place_of_one_that_is_retired(accounts: Accounts) -> None:
    accounts.register()
    signs = kid(accounts.sign_in())
    with accounts.database.transaction() as tx:
        waits = signing_keys.rotate(tx).kid
        assert signing_keys.retire(tx, signs).kid == waits
    assert kid(accounts.sign_in()) == waits
    assert published(accounts) == [waits]


def test_of_two_that_rotate_at_once_one_key_comes_and_none_beside_one_that_waits(accounts: Accounts) -> None:
    published(accounts)

    def rotate(_: int) -> str:
        try:
            with accounts.database.transaction() as tx:
                return signing_keys.rotate(tx).kid
        except Conflict as error:
            return error.code

    with ThreadPoolExecutor(4) as pool:
        outcomes = set(pool.map(rotate, range(4)))
    assert len(published(accounts)) == 2
    assert outcomes - {"key_coming"} == {published(accounts)[1]}
    assert rotate(0) == "key_coming"


def test_keys_are_rotated_by_themselves_after_so_many_days_or_never(accounts: Accounts, gateway: Gateway) -> None:
    [first] = published(accounts)
    gateway.let_pass(timedelta(days=90) - MINUTE)
    tend(accounts, 90)
    gateway.let_pass(MINUTE)
    tend(accounts, 0)
    assert published(accounts) == [first]
    for _ in range(2):
        tend(accounts, 90)
        assert len(published(accounts)) == 2
    gateway.let_pass(ANNOUNCED + LIFETIME + MARGIN)
    tend(accounts, 90)
    assert len(published(accounts)) == 1
    assert first not in published(accounts)


def test_the_key_that_there_was_before_keys_were_rotated_signs_on(accounts: Accounts) -> None:
    [kid] = published(accounts)
    with accounts.database.trial() as tx:
        command.downgrade(configuration("accounts", tx.connection), "accounts_0008_totp")
        command.upgrade(configuration("accounts", tx.connection), "accounts@head")
        assert signing_keys.current(tx).kid == kid
