from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import select

from shared.kit.errors import Conflict, Invalid, PreconditionFailed, TradeError
from shared.platform import records
from tests.integration.accounts.scene import Accounts, actor_of

ADDRESS = {"name": "Li Na", "street": "1 Kiln Road", "city": "Ningbo", "country": "CN"}


def test_what_is_given_changes_and_the_rest_stays(accounts: Accounts) -> None:
    account = accounts.register(company="Huang Ceramics")
    changes = {"name": "Li Na-Wu", "user_name": "li.na", "address": ADDRESS, "country": "SG", "phone": "+65 6555 0143"}
    changed = accounts.call("change_me", changes, accounts.signed_in(account))
    assert changed == account | changes | {"version": 2}
    assert accounts.call("me", {}, actor_of(account)) == changed
    assert accounts.sign_in("Li.Na")["token_type"] == "Bearer"
    with accounts.database.transaction() as tx:
        renamed = tx.execute(select(records.outbox).where(records.outbox.c.type == "accounts.account_renamed.v1")).one()
    assert renamed.data == {"account_id": account["id"], "name": "Li Na-Wu"}
    emptied = accounts.call("change_me", {"company": None, "address": None, "phone": None}, actor_of(account))
    assert (emptied["company"], emptied["address"], emptied["phone"], emptied["name"]) == (None, None, None, "Li Na-Wu")
    with accounts.database.transaction() as tx:
        assert "accounts.account_renamed.v1" not in tx.execute(select(records.outbox.c.type).where(records.outbox.c.version > renamed.version)).scalars().all()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", None),
        ("name", " "),
        ("user_name", None),
        ("country", None),
        ("phone", "12"),
        ("address", {"city": "Ningbo"}),
        ("email", "new@example.com"),
        ("password", "another long walk"),
        ("roles", ["operator"]),
        ("verified_at", "2026-01-01T00:00:00Z"),
        ("id", "018f0000-0000-7000-8000-000000000000"),
    ],
)
def test_what_one_may_not_change_or_not_so_is_refused_by_its_field(accounts: Accounts, field: str, value: Any) -> None:
    account = accounts.register()
    with pytest.raises(Invalid) as caught:
        accounts.call("change_me", {field: value}, actor_of(account))
    assert {name.split(".")[0] for name in caught.value.errors} == {field}
    assert accounts.call("me", {}, actor_of(account)) == account


def test_a_change_of_what_has_changed_meanwhile_is_refused(accounts: Accounts) -> None:
    account = accounts.register()
    accounts.call("change_me", {"if_match": 1, "name": "First"}, actor_of(account))
    with pytest.raises(PreconditionFailed) as caught:
        accounts.call("change_me", {"if_match": 1, "name": "Second"}, actor_of(account))
    assert (caught.value.code, caught.value.data) == ("version_changed", {"version": 2})


def test_of_two_that_take_one_user_name_at_once_one_has_it(accounts: Accounts) -> None:
    actors = [accounts.signed_in(accounts.register(email=f"li.{number}@example.com")) for number in range(4)]

    def take(actor: Any) -> str:
        try:
            return str(accounts.call("change_me", {"user_name": "li.na"}, actor)["user_name"])
        except TradeError as error:
            return error.code

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(take, actors)) == ["li.na", *["user_name_taken"] * 3]
    with pytest.raises(Conflict) as caught:
        accounts.register(email="other@example.com", user_name="LI.NA")
    assert list(caught.value.errors) == ["user_name"]
