"""What a handler may ask of who is calling."""

from __future__ import annotations

import pytest

from shared.contracts.accounts import ME
from shared.kit.actor import Actor
from shared.kit.errors import Forbidden, Unauthenticated
from shared.platform.calls import Call


def a_call(actor: Actor | None) -> Call:
    return Call(ME, actor, {}, "", "")


def test_an_account_that_is_not_verified_is_told_where_to_submit() -> None:
    with pytest.raises(Forbidden) as refused:
        a_call(Actor("1", frozenset({"supplier"}))).require_verified("supplier")
    assert (refused.value.code, refused.value.data) == ("verification_required", {"href": "/v1/me/verification"})


def test_a_verified_account_goes_on_and_the_role_is_asked_for_first() -> None:
    supplier = Actor("1", frozenset({"supplier"}), verified=True)
    assert a_call(supplier).require_verified("supplier") is supplier
    with pytest.raises(Forbidden, match="role buyer"):
        a_call(supplier).require_verified("buyer")
    with pytest.raises(Unauthenticated):
        a_call(None).require_verified()
