from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import MetaData, func, select

from services.accounts.application.handlers import create_account
from services.accounts.application.passwords import hash_password
from services.accounts.models import accounts as table
from shared.kit.actor import Actor
from shared.kit.errors import Conflict, Forbidden, Invalid, NotFound, TradeError, Unauthenticated
from shared.kit.ids import new_id
from shared.platform import records
from tests.builders.database import TestDatabase
from tests.integration.accounts.scene import LI, PASSWORD, Accounts, actor_of


def how_many(database: TestDatabase) -> int:
    with database.transaction() as tx:
        return tx.execute(select(func.count()).select_from(table)).scalar_one()


@pytest.mark.parametrize("role", ["buyer", "supplier"])
def test_who_registers_has_the_one_role_they_chose_and_it_is_told_to_everybody(accounts: Accounts, role: str) -> None:
    address = {"name": "Li Na", "street": "1 Kiln Road", "city": "Ningbo", "country": "CN"}
    account = accounts.register(role=role, user_name="Li.Na", company="Huang Ceramics", address=address, phone="+86 574 0000")
    given = {
        "version": 1,
        "email": "Li@Example.com",
        "email_confirmed_at": None,
        "new_email": None,
        "user_name": "Li.Na",
        "name": "Li Na",
        "company": "Huang Ceramics",
        "address": address,
        "country": "CN",
        "phone": "+86 574 0000",
        "roles": [role],
        "verified_at": None,
    }
    assert account == given | {"id": account["id"], "created_at": account["created_at"]}
    assert accounts.call("me", {}, actor_of(account)) == account
    with accounts.database.transaction() as tx:
        event = tx.execute(select(records.outbox)).one()
    assert (event.type, event.subject) == ("accounts.account_registered.v1", account["id"])
    assert event.data == {"account_id": account["id"], "name": "Li Na", "roles": [role], "country": "CN"}


@pytest.mark.parametrize("role", ["operator", "carrier", "service", "king", ""])
def test_nobody_registers_in_a_role_that_operators_give(accounts: Accounts, role: str) -> None:
    with pytest.raises(Invalid) as caught:
        accounts.register(role=role)
    assert list(caught.value.errors) == ["role"]
    assert how_many(accounts.database) == 0


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("email", "li"),
        ("password", "too short"),
        ("password", "li@example.com"),
        ("password", "password123"),
        ("name", " "),
        ("country", "XX"),
        ("phone", "0574 8765"),
        ("phone", "+86 574 8765 ext. 4"),
        ("phone", "+1234567890123456"),
        ("user_name", "li"),
        ("user_name", "9li"),
        ("user_name", "li.na."),
        ("user_name", "li@na"),
        ("user_name", "li na"),
        ("user_name", "lì.na"),
        ("user_name", "l" * 31),
        ("address", {"city": "Ningbo"}),
        ("email_confirmed_at", "2026-01-01T00:00:00Z"),
        ("nickname", "Li"),
    ],
)
def test_a_bad_value_is_refused_by_its_field_and_opens_no_account(accounts: Accounts, field: str, value: Any) -> None:
    with pytest.raises(Invalid) as caught:
        accounts.register(**{field: value})
    assert {name.split(".")[0] for name in caught.value.errors} == {field}
    assert how_many(accounts.database) == 0


def test_one_registers_by_e_mail_address_by_user_name_or_by_both_and_signs_in_by_either(accounts: Accounts) -> None:
    accounts.register(user_name="Li.Na")
    accounts.call("register", {name: value for name, value in LI.items() if name != "email"} | {"user_name": "wu_2"})
    for login in ("li@example.com", "LI.NA", "Wu_2"):
        assert accounts.sign_in(login)["token_type"] == "Bearer"
    with pytest.raises(Invalid) as caught:
        accounts.call("register", {name: value for name, value in LI.items() if name != "email"})
    assert (caught.value.code, list(caught.value.errors)) == ("login_missing", ["email", "user_name"])


@pytest.mark.parametrize("login", [{}, {"email": LI["email"], "user_name": "li.na"}])
def test_one_signs_in_by_one_name(accounts: Accounts, login: dict[str, str]) -> None:
    with pytest.raises(Invalid) as caught:
        accounts.call("sign_in", {**login, "password": PASSWORD, "remote_address": "192.0.2.1"})
    assert (caught.value.code, list(caught.value.errors)) == ("login_missing", ["email", "user_name"])


def test_a_user_name_is_no_password(accounts: Accounts) -> None:
    with pytest.raises(Invalid, match="another password"):
        accounts.register(user_name="Tin.Lamp.Orchard", password="tin.lamp.orchard")


def test_one_user_name_is_one_account_whatever_its_case_and_all_that_is_taken_is_told(accounts: Accounts) -> None:
    accounts.register(user_name="Li.Na")
    for facts, code, fields in (
        ({"email": "other@example.com", "user_name": "li.NA"}, "user_name_taken", ["user_name"]),
        ({"email": "li@example.com", "user_name": "li.NA"}, "email_taken", ["email", "user_name"]),
        ({"email": "li@example.com", "user_name": "other"}, "email_taken", ["email"]),
    ):
        with pytest.raises(Conflict) as caught:
            accounts.register(**facts)
        assert (caught.value.code, list(caught.value.errors)) == (code, fields)
    assert how_many(accounts.database) == 1


def test_one_address_opens_one_account_whatever_its_case(accounts: Accounts) -> None:
    accounts.register()
    with pytest.raises(Conflict) as caught:
        accounts.register(email="lI@eXAMPLE.COM", name="Somebody else")
    assert (caught.value.code, list(caught.value.errors)) == ("email_taken", ["email"])
    assert how_many(accounts.database) == 1


def test_one_address_opens_one_account_even_from_many_sides_at_once(accounts: Accounts) -> None:
    def attempt(number: int) -> str:
        try:
            return accounts.register(name=f"Li {number}")["id"]
        except Conflict as error:
            return error.code

    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(attempt, range(8)))
    assert outcomes.count("email_taken") == 7
    assert how_many(accounts.database) == 1


def test_a_registration_that_is_sent_again_is_answered_as_before(accounts: Accounts) -> None:
    command_id = new_id()
    first, second = (accounts.call("register", LI, command_id=command_id) for _ in range(2))
    assert first == second
    assert how_many(accounts.database) == 1


def test_no_password_and_no_token_is_in_the_database(accounts: Accounts) -> None:
    accounts.register()
    tokens = accounts.sign_in()
    secrets = (PASSWORD, tokens["access_token"], tokens["refresh_token"].partition(".")[2])
    everything = MetaData()
    token = accounts.mailed_token()
    with accounts.database.transaction() as tx:
        everything.reflect(tx.connection)
        stored = repr([row for each in everything.tables.values() for row in tx.execute(select(each))])
    assert "Li@Example.com" in stored
    assert [secret for secret in (*secrets, token) if secret in stored] == []


def test_an_operators_account_is_made_without_http_and_signs_in_alike(accounts: Accounts) -> None:
    with accounts.database.transaction() as tx:
        account = create_account(tx, "desk@example.com", hash_password(PASSWORD, "desk@example.com"), "Desk", "DE", ["operator", "carrier"])
    assert accounts.call("me", {}, actor_of(account))["roles"] == ["carrier", "operator"]
    assert accounts.sign_in("DESK@example.com")["token_type"] == "Bearer"
    assert (account["email_confirmed_at"] is not None, accounts.mails()) == (True, [])


def test_a_role_that_is_none_opens_no_account(accounts: Accounts) -> None:
    with pytest.raises(Invalid, match="roles"), accounts.database.transaction() as tx:
        create_account(tx, "desk@example.com", "hash", "Desk", "DE", ["operater"])
    assert how_many(accounts.database) == 0


@pytest.mark.parametrize(("actor", "error"), [(None, Unauthenticated), (Actor(new_id(), frozenset({"buyer"})), NotFound)])
def test_who_has_no_account_is_nobody(accounts: Accounts, actor: Actor | None, error: type[TradeError]) -> None:
    with pytest.raises(error):
        accounts.call("me", {}, actor)


def test_a_password_is_checked_against_ones_own_account(accounts: Accounts) -> None:
    li = actor_of(accounts.register())
    other = actor_of(accounts.register(email="other@example.com", password="another long walk"))
    assert accounts.call("check_password", {"password": PASSWORD}, li) == {}
    for actor in (other, Actor(new_id(), li.roles)):
        with pytest.raises(Forbidden) as caught:
            accounts.call("check_password", {"password": PASSWORD}, actor)
        assert (caught.value.code, list(caught.value.errors)) == ("password_incorrect", ["password"])
    with pytest.raises(Unauthenticated):
        accounts.call("check_password", {"password": PASSWORD})
