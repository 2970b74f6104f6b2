"""The second factor: enrolled, confirmed, asked for at sign-in, and no code of it good twice."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from xml.etree import ElementTree as ET

import pyotp
import pytest
from sqlalchemy import select

from services.accounts.application import totp
from services.accounts.domain.lockout import FREE
from services.accounts.models import recovery_codes
from shared.kit.actor import Actor
from shared.kit.errors import Conflict, Forbidden, Invalid, TooMany, TradeError, Unauthenticated
from tests.integration.accounts.scene import LI, PASSWORD, Accounts


class App:
    """An authenticator app that knows the secret. Its clock is that of the database."""

    def __init__(self, accounts: Accounts) -> None:
        self.accounts = accounts
        self.owner = accounts.signed_in(accounts.register())
        self.enrolled = accounts.call("enrol_totp", {"password": PASSWORD}, self.owner)
        self.codes = pyotp.TOTP(self.enrolled["secret"])
        self.recovery = accounts.call("confirm_totp", {"code": self.shows(-1)}, self.owner)["recovery_codes"]

    def shows(self, steps: int = 0) -> str:
        """The code of now, or so many steps later."""
        return self.codes.at(self.accounts.database.now, counter_offset=steps)


@pytest.fixture
def app(accounts: Accounts) -> App:
    return App(accounts)


def code(accounts: Accounts, **more: Any) -> str:
    try:
        accounts.sign_in(**more)
    except TradeError as error:
        return error.code
    return "in"


def test_before_it_is_confirmed_nothing_is_asked_for_and_enrolling_again_gives_another_secret(accounts: Accounts) -> None:
    owner = accounts.signed_in(accounts.register())
    with pytest.raises(Conflict) as refused:
        accounts.call("confirm_totp", {"code": "123456"}, owner)
    assert refused.value.code == "totp_not_enrolled"
    with pytest.raises(Forbidden):
        accounts.call("enrol_totp", {"password": "not this one"}, owner)
    first, second = (accounts.call("enrol_totp", {"password": PASSWORD}, owner) for _ in range(2))
    with pytest.raises(Invalid) as wrong:
        accounts.call("confirm_totp", {"code": pyotp.TOTP(first["secret"]).at(accounts.database.now)}, owner)
    assert list(wrong.value.errors) == ["code"]
    assert accounts.call("get_totp", {}, owner) == {"enabled_at": None, "recovery_codes_left": 0}
    assert code(accounts) == "in"
    assert accounts.call("confirm_totp", {"code": pyotp.TOTP(second["secret"]).at(accounts.database.now)}, owner)


def test_the_secret_comes_as_text_address_and_picture(app: App) -> None:
    read = pyotp.parse_uri(app.enrolled["uri"])
    assert (read.secret, read.issuer, read.name) == (app.enrolled["secret"], "Tradelane", LI["email"])
    assert ET.fromstring(app.enrolled["qr"]).tag.endswith("svg")


def test_signing_in_takes_the_code_once_the_password_is_right(accounts: Accounts, app: App) -> None:
    assert code(accounts, password="not this one", totp=app.shows()) == "credentials_incorrect"
    with pytest.raises(Unauthenticated) as refused:
        accounts.sign_in()
    assert (refused.value.code, list(refused.value.errors)) == ("totp_required", ["totp"])
    assert code(accounts, totp="000000") == "totp_incorrect"
    assert code(accounts, totp=app.shows()) == "in"
    assert app.accounts.call("get_totp", {}, app.owner)["recovery_codes_left"] == 10


def test_a_code_is_good_once_and_the_confirming_one_was_used_too(accounts: Accounts, app: App) -> None:
    assert code(accounts, totp=app.shows(-1)) == "totp_incorrect"
    used = app.shows()
    assert [code(accounts, totp=used) for _ in range(2)] == ["in", "totp_incorrect"]
    assert code(accounts, totp=f"{app.shows(1)[:3]} {app.shows(1)[3:]}") == "in"
    assert code(accounts, totp=used) == "totp_incorrect"


def test_of_many_with_one_code_at_once_one_gets_in(accounts: Accounts, app: App) -> None:
    for good in (app.shows(), app.recovery[0]):
        with ThreadPoolExecutor(4) as pool:
            assert sorted(pool.map(lambda _, given=good: code(accounts, totp=given), range(4))) == ["in", *["totp_incorrect"] * 3]


@pytest.mark.parametrize(("steps", "taken"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
def test_clocks_may_differ_by_one_step(accounts: Accounts, app: App, steps: int, taken: bool) -> None:
    late = timedelta(minutes=5)
    with accounts.database.transaction(late) as tx:
        assert totp.accept(tx, app.owner.id, app.codes.at(tx.now, counter_offset=steps)) is taken


def test_a_recovery_code_stands_in_for_a_code_once_however_it_is_typed(accounts: Accounts, app: App) -> None:
    assert len(set(app.recovery)) == 10
    assert [code(accounts, totp=each) for each in (app.recovery[0].upper(), app.recovery[0])] == ["in", "totp_incorrect"]
    assert code(accounts, totp=app.recovery[1].replace("-", "")) == "in"
    assert accounts.call("get_totp", {}, app.owner)["recovery_codes_left"] == 8
    with accounts.database.transaction() as tx:
        kept = repr(tx.execute(select(recovery_codes)).all())
    assert not any(each.replace("-", "") in kept for each in app.recovery)


def test_wrong_codes_lock_the_name_and_a_right_one_clears_it(accounts: Accounts, app: App) -> None:
    assert [code(accounts, totp="000000") for _ in range(FREE["name"] - 1)] == ["totp_incorrect"] * (FREE["name"] - 1)
    assert code(accounts, totp=app.shows()) == "in"
    outcomes = [code(accounts, totp="000000") for _ in range(FREE["name"] + 2)]
    assert outcomes == ["totp_incorrect"] * (FREE["name"] + 1) + ["sign_in_locked"]
    assert code(accounts, totp=app.recovery[0]) == "sign_in_locked"
    assert accounts.call("get_totp", {}, app.owner)["recovery_codes_left"] == 10


def test_it_is_disabled_by_password_and_code_and_not_by_one_of_them(accounts: Accounts, app: App) -> None:
    def disable(password: str, given: str, actor: Actor = app.owner) -> Any:
        return accounts.call("disable_totp", {"password": password, "code": given}, actor)

    for password, given, told in (("not this one", app.shows(), "password_incorrect"), (PASSWORD, "000000", "totp_incorrect")):
        with pytest.raises(Forbidden) as refused:
            disable(password, given)
        assert refused.value.code == told
    assert code(accounts) == "totp_required"
    assert disable(PASSWORD, app.shows()) == {"enabled_at": None, "recovery_codes_left": 0}
    assert code(accounts) == "in"
    with pytest.raises(Conflict) as off:
        disable(PASSWORD, app.recovery[0])
    assert off.value.code == "totp_off"


def test_codes_cannot_be_guessed_by_who_would_disable_it(accounts: Accounts, app: App) -> None:
    for _ in range(FREE["account"] + 1):
        with pytest.raises(Forbidden):
            accounts.call("disable_totp", {"password": PASSWORD, "code": "000000"}, app.owner)
    with pytest.raises(TooMany):
        accounts.call("disable_totp", {"password": PASSWORD, "code": app.recovery[0]}, app.owner)


def test_enrolling_again_while_it_is_on_changes_nothing(accounts: Accounts, app: App) -> None:
    with pytest.raises(Conflict) as refused:
        accounts.call("enrol_totp", {"password": PASSWORD}, app.owner)
    assert refused.value.code == "totp_on"
    assert code(accounts, totp=app.shows()) == "in"


def test_a_code_of_one_account_does_not_do_for_another(accounts: Accounts, app: App) -> None:
    other = accounts.register(email="other@example.com")
    with accounts.database.transaction() as tx:
        assert not totp.is_on(tx, other["id"])
        assert not any(totp.accept(tx, other["id"], given) for given in (app.shows(), app.recovery[0]))


def test_an_operator_takes_it_off_who_has_lost_app_and_codes(accounts: Accounts, app: App) -> None:
    with accounts.database.transaction() as tx:
        assert [totp.disable(tx, app.owner.id) for _ in range(2)] == [True, False]
    assert code(accounts) == "in"
