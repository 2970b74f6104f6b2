from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from services.accounts.application.passwords import hash_password, is_password
from shared.kit.errors import Invalid

PASSWORD = "a long walk to the port"


def test_a_hash_is_argon2id_salted_and_knows_its_password_only() -> None:
    first, second = hash_password(PASSWORD, "li@example.com"), hash_password(PASSWORD, "li@example.com")
    assert first.startswith("$argon2id$")
    assert first != second
    assert is_password(PASSWORD, first)
    assert not is_password(PASSWORD.title(), first)


def test_a_weak_password_is_never_hashed() -> None:
    with pytest.raises(Invalid):
        hash_password("li@example.com", "li@example.com")


def test_who_has_no_account_is_denied_and_it_takes_as_long_as_a_wrong_password() -> None:
    known = hash_password(PASSWORD, "li@example.com")
    assert not is_password(PASSWORD, None)
    # A denial without any hashing takes microseconds; the wide margin is for a busy machine.
    assert _quickest(lambda: is_password("wrong", None)) > 0.3 * _quickest(lambda: is_password("wrong", known))


def _quickest(work: Callable[[], object]) -> float:
    times = []
    for _ in range(3):
        started = time.perf_counter()
        work()
        times.append(time.perf_counter() - started)
    return min(times)
