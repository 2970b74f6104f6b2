from __future__ import annotations

import pytest

from services.accounts.domain.account import check_password, check_roles, login_key
from shared.kit.actor import ROLES
from shared.kit.errors import Invalid


@pytest.mark.parametrize("spelling", ["li@example.com", "Li@Example.COM", " LI@EXAMPLE.COM "])
def test_one_address_in_any_case_is_one_account(spelling: str) -> None:
    assert login_key(spelling) == "li@example.com"


@pytest.mark.parametrize("password", ["ten chars!", "correct horse battery staple", "пароль-подлиннее"])
def test_a_password_nobody_guesses_first_is_taken(password: str) -> None:
    check_password(password, "li@example.com")


@pytest.mark.parametrize(
    ("password", "why"),
    [
        ("Li@Example.com", "e-mail"),
        ("Ship-Chandler", "user name"),
        ("Password123", "commonest"),
        ("1234567890", "commonest"),
    ],
)
def test_a_password_that_is_guessed_first_is_refused_and_told_why(password: str, why: str) -> None:
    with pytest.raises(Invalid) as caught:
        check_password(password, "li@example.com", "ship-chandler")
    assert caught.value.code == "password_weak"
    assert why in caught.value.errors["password"][0]


def test_all_roles_of_the_platform_can_be_given() -> None:
    check_roles(ROLES)


@pytest.mark.parametrize("roles", [[], ["operater"], ["buyer", "king"]])
def test_a_role_that_is_none_is_refused(roles: list[str]) -> None:
    with pytest.raises(Invalid) as caught:
        check_roles(roles)
    assert caught.value.code == "role_unknown"
