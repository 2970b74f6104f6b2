"""Who fails too often has to wait, whichever replica they ask and however many attempts they make at once."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from ipaddress import ip_address
from typing import Any

import pytest
from sqlalchemy import func, select

from services.accounts.application import lockout
from services.accounts.domain.lockout import FREE, KEPT
from services.accounts.models import lockouts
from shared.kit.errors import Forbidden, TooMany, TradeError, Unauthenticated
from tests.integration.accounts.scene import LI, PASSWORD, Accounts, actor_of


def code(attempt: Callable[..., Any], *args: Any) -> str:
    try:
        attempt(*args)
    except TradeError as error:
        return error.code
    return "in"


def fail(accounts: Accounts, times: int, email: str = LI["email"]) -> list[str]:
    return [code(accounts.sign_in, email, "not this one") for _ in range(times)]


@pytest.mark.parametrize("email", [LI["email"], "nobody@example.com"])
def test_after_five_failures_each_further_one_makes_the_name_wait_whether_it_has_an_account_or_not(accounts: Accounts, email: str) -> None:
    accounts.register()
    assert fail(accounts, 7, email) == ["credentials_incorrect"] * 6 + ["sign_in_locked"]
    with pytest.raises(TooMany) as refused:
        accounts.sign_in(email.upper(), PASSWORD)
    assert refused.value.data == {"retry_after": 1}
    accounts.database.now += timedelta(seconds=1)
    assert fail(accounts, 2, email) == ["credentials_incorrect", "sign_in_locked"]
    with pytest.raises(TooMany) as refused:
        accounts.sign_in(email, PASSWORD)
    assert refused.value.data == {"retry_after": 2}


def test_the_owner_gets_in_after_the_wait_and_all_is_forgotten(accounts: Accounts) -> None:
    accounts.register()
    fail(accounts, 6)
    assert code(accounts.sign_in) == "sign_in_locked"
    accounts.database.now += timedelta(seconds=1)
    assert code(accounts.sign_in) == "in"
    assert fail(accounts, 6) == ["credentials_incorrect"] * 6


def test_a_name_that_is_cleared_waits_no_longer(accounts: Accounts) -> None:
    accounts.register()
    fail(accounts, 6)
    with accounts.database.transaction() as tx:
        lockout.clear(tx, lockout.name(LI["email"]))
    assert code(accounts.sign_in) == "in"


def test_of_many_wrong_ones_at_once_no_more_are_answered_than_one_after_another(accounts: Accounts) -> None:
    accounts.register()
    with ThreadPoolExecutor(12) as pool:
        outcomes = sorted(pool.map(lambda number: code(accounts.sign_in, LI["email"], f"not number {number}"), range(16)))
    assert outcomes == ["credentials_incorrect"] * 6 + ["sign_in_locked"] * 10


def test_a_right_password_among_many_wrong_ones_is_answered_as_they_are_once_the_wait_began(accounts: Accounts) -> None:
    li = accounts.register()
    fail(accounts, FREE["name"] + 1)
    with accounts.database.transaction() as tx:
        before = tx.execute(select(lockouts)).all()
    for right in (True, False):  # as after hashing: the wait has begun since
        with pytest.raises(TooMany), accounts.database.transaction() as tx:
            lockout.settle(tx, right, lockout.name(li["email"]))
    with accounts.database.transaction() as tx:
        assert tx.execute(select(lockouts)).all() == before


def test_many_right_ones_at_once_are_all_answered(accounts: Accounts) -> None:
    accounts.register()
    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(lambda _: code(accounts.sign_in), range(16))) == {"in"}


def test_an_address_that_tries_many_names_waits_and_no_success_of_its_own_helps_it(accounts: Accounts) -> None:
    accounts.register()
    here, elsewhere = lockout.address(ip_address("2001:db8::1")), lockout.address(ip_address("2001:db8:0:1::1"))
    with accounts.database.transaction() as tx:
        for _ in range(FREE["address"]):
            lockout.settle(tx, False, here)
    assert code(accounts.sign_in, LI["email"], PASSWORD, "2001:db8::2") == "in"
    assert code(accounts.sign_in, "nobody@example.com", PASSWORD, "2001:db8::3") == "credentials_incorrect"
    assert code(accounts.sign_in, LI["email"], PASSWORD, "2001:db8::4") == "sign_in_locked"
    assert code(accounts.sign_in, LI["email"], PASSWORD, "2001:db8:0:1::1") == "in"
    assert lockout.address(ip_address("::ffff:192.0.2.1")) == lockout.address(ip_address("192.0.2.1")) != elsewhere


def test_a_password_that_is_asked_again_is_counted_by_account_and_strangers_do_not_lock_it(accounts: Accounts) -> None:
    li = actor_of(accounts.register())
    fail(accounts, 7)
    accounts.call("check_password", {"password": PASSWORD}, li)
    for _ in range(FREE["account"] + 1):
        with pytest.raises(Forbidden):
            accounts.call("check_password", {"password": "not this one"}, li)
    with pytest.raises(TooMany) as refused:
        accounts.call("check_password", {"password": PASSWORD}, li)
    assert (refused.value.code, refused.value.data) == ("sign_in_locked", {"retry_after": 1})


def test_no_name_is_kept_in_clear_and_what_counts_no_more_is_swept(accounts: Accounts) -> None:
    with pytest.raises(Unauthenticated):
        accounts.sign_in("a.password@in.the.wrong.field")
    with accounts.database.transaction() as tx:
        assert "wrong.field" not in repr(tx.execute(select(lockouts)).all())
    for late, left in ((KEPT - timedelta(minutes=1), 2), (KEPT + timedelta(minutes=1), 0)):
        with accounts.database.transaction(late) as tx:
            lockout.sweep(tx)
            assert tx.execute(select(func.count()).select_from(lockouts)).scalar_one() == left
