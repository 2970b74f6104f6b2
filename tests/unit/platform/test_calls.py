"""What a handler may ask of who is calling."""

from __future__ import annotations

from typing import Any

import pytest

from services.gateway.application.routes import ROUTES
from shared.contracts.accounts import CHECK_PASSWORD, ME
from shared.contracts.api_keys import SCOPES
from shared.contracts.operations import ByKey, Operation
from shared.kit.actor import Actor
from shared.kit.errors import Forbidden, Unauthenticated
from shared.platform.calls import Call, actor_data, check_key
from shared.platform.client import Caller
from shared.platform.rpc import read_call

ASKED = {route.operation for route in ROUTES}
BY_SCOPE = sorted((each for each in ASKED if each.by_key is ByKey.SCOPE), key=lambda each: each.name)


def by_key(*scopes: str) -> Actor:
    return Actor("1", frozenset({"supplier"}), scopes=frozenset(scopes))


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


def test_the_scopes_are_those_of_the_operations_and_of_the_stream_of_events() -> None:
    assert set(SCOPES) == {each.scope for each in ASKED}


@pytest.mark.parametrize("operation", BY_SCOPE, ids=lambda each: each.name)
def test_a_key_gets_as_far_as_its_scopes_and_no_further(operation: Operation) -> None:
    check_key(operation, by_key(operation.scope))
    check_key(operation, by_key(operation.scope.replace("read", "write")))
    others = set(SCOPES) - {operation.scope, operation.scope.replace("read", "write")}
    with pytest.raises(Forbidden) as refused:
        check_key(operation, by_key(*others))
    assert (refused.value.code, refused.value.data) == ("scope_required", {"scope": operation.scope})
    check_key(operation, Actor("1", frozenset({"supplier"}), session_id="2"))
    check_key(operation, None)


def test_no_key_does_for_what_is_never_done_by_one_and_a_password_is_checked_whatever_the_scopes() -> None:
    for operation in (each for each in ASKED if each.by_key is ByKey.NEVER):
        with pytest.raises(Forbidden) as refused:
            check_key(operation, by_key(*SCOPES))
        assert refused.value.code == "session_required"
    check_key(CHECK_PASSWORD, by_key("orders:write"))


def test_the_owner_of_an_operation_checks_the_key_before_it_reads_what_is_asked() -> None:
    with pytest.raises(Forbidden, match="scope accounts:read"):
        read_call(ME, {"actor": actor_data(by_key("orders:read")), "data": {"no such": "field"}})


def test_what_a_service_asks_of_others_for_a_call_is_not_bound_to_the_scopes_of_its_key() -> None:
    class Bus:
        service = "orders"

        def bounded_call(self, _service: str, _operation: str, body: dict[str, Any], _timeout: float) -> Any:
            return body["actor"]

    actor = by_key("orders:write")
    bus: Any = Bus()
    assert Caller(bus).call(ME, {}, Call(ME, actor, {}, "", ""))["scopes"] is None
    assert Caller(bus).call(ME, {}, actor=actor)["scopes"] == ["orders:write"]
