"""API keys: what is kept of them, how long they are good, and that nothing gets in by one but within its scopes."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from services.accounts.application import api_keys
from services.accounts.application.api_keys import COARSE, MOST
from services.accounts.models import accounts as accounts_table, api_keys as table
from shared.contracts.api_keys import CHECK_API_KEY
from shared.kit.actor import Actor
from shared.kit.errors import Conflict, Forbidden, Invalid, NotFound, Unauthenticated
from shared.kit.ids import new_id
from tests.builders.database import call
from tests.integration.accounts.scene import PASSWORD, Accounts

SCOPES = ["orders:write", "catalog:read"]


def create(accounts: Accounts, actor: Actor, **facts: Any) -> Any:
    return accounts.call("create_api_key", {"name": "Warehouse robot", "scopes": SCOPES, "password": PASSWORD, **facts}, actor)


def holder(accounts: Accounts, key: str) -> Any:
    return accounts.call("check_api_key", {"key": key})


def test_a_key_acts_for_its_account_as_it_stands_and_within_its_scopes(accounts: Accounts) -> None:
    li = accounts.register()
    made = create(accounts, accounts.signed_in(li), scopes=["orders:write", "catalog:read", "orders:write"])
    assert made["key"].startswith("tlk_")
    assert holder(accounts, made["key"]) == {
        "id": li["id"],
        "roles": ["supplier"],
        "name": "Li Na",
        "verified": False,
        "scopes": ["catalog:read", "orders:write"],
    }
    with accounts.database.transaction() as tx:
        tx.execute(accounts_table.update().values(verified_at=tx.now))
    assert holder(accounts, made["key"])["verified"] is True


def test_the_secret_is_shown_once_and_only_its_hash_is_kept(accounts: Accounts) -> None:
    li = accounts.signed_in(accounts.register())
    made = create(accounts, li)
    [listed] = accounts.call("list_api_keys", {}, li)["items"]
    assert listed == {name: made[name] for name in ("id", "name", "scopes", "created_at", "expires_at", "last_used_at")}
    with accounts.database.transaction() as tx:
        assert made["key"].removeprefix("tlk_") not in repr(tx.execute(select(table)).all())


def test_a_revoked_key_is_good_no_longer_and_nobody_revokes_anothers(accounts: Accounts) -> None:
    li, other = accounts.signed_in(accounts.register()), accounts.signed_in(accounts.register(email="other@example.com"))
    first, second = create(accounts, li), create(accounts, li)
    with pytest.raises(NotFound):
        accounts.call("revoke_api_key", {"id": first["id"]}, other)
    assert holder(accounts, first["key"])
    assert [each["id"] for each in accounts.call("revoke_api_key", {"id": first["id"]}, li)["items"]] == [second["id"]]
    for key in (first["key"], "tlk_" + "A" * 43, ""):
        with pytest.raises(Unauthenticated) as refused:
            holder(accounts, key)
        assert refused.value.code == "api_key_invalid"
    assert holder(accounts, second["key"])


def test_a_key_is_over_when_it_is_over(accounts: Accounts) -> None:
    li = accounts.signed_in(accounts.register())
    key = create(accounts, li, expires_at=(accounts.database.now + timedelta(minutes=30)).isoformat())["key"]
    for late, good in ((timedelta(minutes=29), True), (timedelta(minutes=30), False)):
        with accounts.database.transaction(late) as tx:
            if good:
                assert api_keys.holder(tx, call(CHECK_API_KEY, None, {"key": key}))["id"] == li.id
            else:
                with pytest.raises(Unauthenticated):
                    api_keys.holder(tx, call(CHECK_API_KEY, None, {"key": key}))


def test_when_it_was_last_used_is_kept_coarsely(accounts: Accounts) -> None:
    li = accounts.signed_in(accounts.register())
    key = create(accounts, li)["key"]
    told = []
    for late in (timedelta(0), COARSE / 2, COARSE):
        with accounts.database.transaction(late) as tx:
            api_keys.holder(tx, call(CHECK_API_KEY, None, {"key": key}))
        told.append(accounts.call("list_api_keys", {}, li)["items"][0]["last_used_at"])
    assert told[0] == told[1] < told[2]


@pytest.mark.parametrize(
    ("field", "value", "path"),
    [
        ("name", " ", "name"),
        ("scopes", [], "scopes"),
        ("scopes", ["orders:write", "everything:write"], "scopes.1"),
        ("scopes", ["gateway:read"], "scopes.0"),
        ("expires_at", "2020-01-01T00:00:00Z", "expires_at"),
        ("expires_at", "tomorrow", "expires_at"),
    ],
)
def test_a_bad_value_is_refused_by_its_field_and_makes_no_key(accounts: Accounts, field: str, value: Any, path: str) -> None:
    li = accounts.signed_in(accounts.register())
    with pytest.raises(Invalid) as refused:
        create(accounts, li, **{field: value})
    assert list(refused.value.errors) == [path]
    assert accounts.call("list_api_keys", {}, li) == {"items": []}


def test_a_key_takes_the_password_and_an_account_has_a_bounded_number(accounts: Accounts) -> None:
    li = accounts.signed_in(accounts.register())
    with pytest.raises(Forbidden, match="password"):
        create(accounts, li, password="not this one")
    with accounts.database.transaction() as tx:
        for number in range(MOST):
            api_keys.create(tx, li.id, str(number), SCOPES, None)
    with pytest.raises(Conflict, match="at most 50"):
        create(accounts, li)


def test_no_key_gets_at_keys_and_only_one_with_the_scope_at_the_account(accounts: Accounts) -> None:
    li = accounts.register()
    everything, orders = (Actor(li["id"], frozenset(li["roles"]), scopes=frozenset(scopes)) for scopes in (("accounts:write",), ("orders:write",)))
    for operation, data in (("create_api_key", {}), ("list_api_keys", {}), ("revoke_api_key", {"id": new_id()})):
        with pytest.raises(Forbidden) as refused:
            accounts.call(operation, data, everything)
        assert refused.value.code == "session_required"
    assert accounts.call("me", {}, everything)["id"] == li["id"]
    with pytest.raises(Forbidden) as refused:
        accounts.call("me", {}, orders)
    assert (refused.value.code, refused.value.data) == ("scope_required", {"scope": "accounts:read"})
    assert accounts.call("check_password", {"password": PASSWORD}, orders) == {}
