"""What holds for every account: how what it signs in by is told apart, which roles there are, and what is no password."""

from __future__ import annotations

from collections.abc import Iterable

from shared.kit.actor import ROLES
from shared.kit.errors import Invalid

# The commonest of ten characters and more in published breaches; longer lists belong to a service that keeps them up to date.
_COMMON = frozenset(
    "1234567890 0123456789 9876543210 0987654321 1111111111 0000000000 12345678910 123456789a a123456789 1q2w3e4r5t 1qaz2wsx3edc q1w2e3r4t5 "
    "qwertyuiop qwerty1234 qwerty12345 qwerty123456 asdfghjkl1 asdfghjkl123 zxcvbnm123 password12 password123 password1234 password12345 "
    "passw0rd123 p@ssw0rd123 mypassword changeme123 letmein123 welcome123 iloveyou123 iloveyou12 administrator superman123 football123".split()
)


def login_key(login: str) -> str:
    """What two spellings of one e-mail address or user name share. Mail systems tell no upper from lower case, so neither do accounts."""
    return login.strip().casefold()


def check_login(email: str | None, user_name: str | None) -> None:
    """Invalid `login_missing` where there is nothing to sign in by."""
    if not (email or user_name):
        told = ["Give an e-mail address or a user name."]
        raise Invalid("login_missing", "There is nothing to sign in by.", {"email": told, "user_name": told})


def check_password(password: str, *logins: str | None, field: str = "password") -> None:
    """Invalid `password_weak`, naming the field, where anybody's first guesses would find the password; `logins` are what it goes with."""
    if login_key(password) in [login_key(login) for login in logins if login]:
        problem = "Must be neither the e-mail address nor the user name."
    elif password.casefold() in _COMMON:
        problem = "This is one of the commonest passwords."
    else:
        return
    raise Invalid("password_weak", "Choose another password.", {field: [problem]})


def check_roles(roles: Iterable[str]) -> None:
    """Invalid `role_unknown` where a role is none of the platform's, or there is none at all."""
    given = set(roles)
    if not given or not given.issubset(ROLES):
        raise Invalid("role_unknown", "An account has one or more of the platform's roles.", {"roles": [f"Must be of {', '.join(ROLES)}."]})
