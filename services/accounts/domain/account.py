"""What holds for every account: how its e-mail address is told apart, which roles there are, and what is no password."""

from __future__ import annotations

from collections.abc import Iterable

from shared.kit.actor import ROLES
from shared.kit.errors import Invalid

SHORTEST_PASSWORD = 10

# The commonest of that length in published breaches; longer lists belong to a service that keeps them up to date.
_COMMON = frozenset(
    "1234567890 0123456789 9876543210 0987654321 1111111111 0000000000 12345678910 123456789a a123456789 1q2w3e4r5t 1qaz2wsx3edc q1w2e3r4t5 "
    "qwertyuiop qwerty1234 qwerty12345 qwerty123456 asdfghjkl1 asdfghjkl123 zxcvbnm123 password12 password123 password1234 password12345 "
    "passw0rd123 p@ssw0rd123 mypassword changeme123 letmein123 welcome123 iloveyou123 iloveyou12 administrator superman123 football123".split()
)


def email_key(email: str) -> str:
    """What two spellings of one address share. Mail systems tell no upper from lower case, so neither do accounts."""
    return email.strip().casefold()


def check_password(password: str, email: str) -> None:
    """Invalid `password_weak` where anybody's first guesses would find the password."""
    if len(password) < SHORTEST_PASSWORD:
        problem = f"At least {SHORTEST_PASSWORD} characters."
    elif password.strip().casefold() == email_key(email):
        problem = "Must not be the e-mail address."
    elif password.casefold() in _COMMON:
        problem = "This is one of the commonest passwords."
    else:
        return
    raise Invalid("password_weak", "Choose another password.", {"password": [problem]})


def check_roles(roles: Iterable[str]) -> None:
    """Invalid `role_unknown` where a role is none of the platform's, or there is none at all."""
    given = set(roles)
    if not given or not given.issubset(ROLES):
        raise Invalid("role_unknown", "An account has one or more of the platform's roles.", {"roles": [f"Must be of {', '.join(ROLES)}."]})
