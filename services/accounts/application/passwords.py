"""Argon2id. Hashing is slow on purpose: these are called outside of transactions, and off the hub."""

from __future__ import annotations

import secrets

from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError

from services.accounts.domain.account import check_password

# 19 MiB, two passes, one lane: a profile of OWASP's Password Storage Cheat Sheet. Many may sign in at once, so each takes little memory.
_HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
_NOBODYS = _HASHER.hash(secrets.token_urlsafe())


def hash_password(password: str, *logins: str | None, field: str = "password") -> str:
    """The hash to keep of a new password, which goes with these; Invalid `password_weak`, naming the field, where it would be guessed."""
    check_password(password, *logins, field=field)
    return _HASHER.hash(password)


def is_password(password: str, password_hash: str | None) -> bool:
    """Whether the hash was made of the password. No hash takes as long to deny as a wrong password: time does not tell who has an account."""
    try:
        return _HASHER.verify(password_hash or _NOBODYS, password) and password_hash is not None
    except VerifyMismatchError:
        return False
