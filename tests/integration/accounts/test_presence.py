from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest

from shared.kit.errors import Unauthenticated
from shared.kit.ids import new_id
from tests.integration.accounts.scene import Accounts, actor_of


def seen(accounts: Accounts, account: Any) -> tuple[bool, str | None]:
    """Whether the account is online, and when it was seen last, as its owner would be told."""
    [told] = accounts.call("last_seen", {"ids": [account["id"]]}, actor_of(account))["items"]
    assert told.pop("id") == account["id"]
    return told["online"], told["last_seen_at"]


def test_who_was_seen_within_two_minutes_is_online(accounts: Accounts) -> None:
    account = accounts.register()
    assert seen(accounts, account) == (False, None)
    accounts.call("note_seen", {"ids": [account["id"]]})
    online, first = seen(accounts, account)
    assert online
    accounts.database.now += timedelta(seconds=119)
    assert seen(accounts, account) == (True, first)
    accounts.database.now += timedelta(seconds=1)
    assert seen(accounts, account) == (False, first)
    accounts.call("note_seen", {"ids": [account["id"]]})
    online, second = seen(accounts, account)
    assert (online, second != first) == (True, True)


def test_a_note_that_comes_late_takes_nothing_back(accounts: Accounts) -> None:
    account = accounts.register()
    accounts.call("note_seen", {"ids": [account["id"]]})
    before = seen(accounts, account)
    accounts.database.now -= timedelta(seconds=30)  # a replica whose clock is behind
    accounts.call("note_seen", {"ids": [account["id"]]})
    assert seen(accounts, account) == before


def test_ids_of_no_account_are_passed_over_and_answers_stand_in_the_order_asked_for(accounts: Accounts) -> None:
    account, stranger = accounts.register(), new_id()
    accounts.call("note_seen", {"ids": [stranger, account["id"]]})
    asked = accounts.call("last_seen", {"ids": [stranger, account["id"]]}, actor_of(account))["items"]
    assert [(each["id"], each["online"]) for each in asked] == [(stranger, False), (account["id"], True)]


def test_gateways_that_tell_the_same_at_once_do_not_stand_in_each_others_way(accounts: Accounts) -> None:
    ids = [accounts.register(email=f"{number}@example.com")["id"] for number in range(5)]
    with ThreadPoolExecutor(8) as gateways:
        for told in [gateways.submit(accounts.call, "note_seen", {"ids": ids[::step]}) for step in (1, -1) * 10]:
            told.result()


def test_nobody_who_has_not_signed_in_is_told(accounts: Accounts) -> None:
    with pytest.raises(Unauthenticated):
        accounts.call("last_seen", {"ids": [new_id()]})
