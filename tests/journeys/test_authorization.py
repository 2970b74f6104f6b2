"""Who may do what: every route, and every operation behind it, tried by everybody, against the table in `docs/authorization.md`."""

from __future__ import annotations

import inspect
from base64 import b64encode
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from services.accounts.service import AccountsService
from services.catalog.service import CatalogService
from services.gateway.application.route import Route
from services.gateway.application.routes import ROUTES
from services.logistics.service import LogisticsService
from services.orders.service import OrdersService
from services.payments.service import PaymentsService
from shared.contracts.api_keys import SCOPES
from shared.contracts.fields import OwnPassword
from shared.contracts.operations import ByKey, Callback, Operation
from shared.kit.actor import ROLES, Actor
from shared.kit.errors import TradeError
from shared.kit.ids import new_id
from shared.platform.rpc import Rpc
from tests.builders.bus import BusCaller, bus_caller
from tests.builders.system import System
from tests.journeys.parcels import Parcels
from tests.journeys.permissions.asked import Ask, asks
from tests.journeys.permissions.scene import PDF, Scene
from tests.journeys.permissions.table import NOBODY, STRANGERS, Row, rows
from tradelane.client import Client

SERVICES = (AccountsService, CatalogService, LogisticsService, OrdersService, PaymentsService)
OPERATIONS = {
    f"{each.operation.service}.{each.operation.name}": each.operation
    for service in SERVICES
    for _, method in inspect.getmembers(service, inspect.isfunction)
    for each in getattr(method, "nameko_entrypoints", ())
    if isinstance(each, Rpc)
}
BY_NAME = {f"{route.method} {route.path}": route for route in ROUTES}
ON_ROUTES, WITHOUT_ROUTE = rows("route"), rows("operation")

STATUSES = {"unauthenticated": 401, "forbidden": 403, "not_found": 404, "conflict": 409, "invalid": 422}
STATES = (409, 422)
"""What somebody who may may be told all the same: not now, not so."""


@pytest.fixture(scope="module")
def scene(system: System, operator: Client) -> Scene:
    return Scene(Parcels(system, operator))


@pytest.fixture(scope="module")
def bus(system: System) -> Iterator[BusCaller]:
    with bus_caller(system.environment["BROKER"]) as caller:
        yield caller


def test_every_route_is_in_the_table_and_the_table_has_no_others() -> None:
    assert {row.what for row in ON_ROUTES} == BY_NAME.keys()
    assert len({row.name for row in ON_ROUTES}) == len(ON_ROUTES)


def test_so_is_every_operation() -> None:
    on_routes = {f"{route.operation.service}.{route.operation.name}" for route in ROUTES}
    assert {row.what for row in WITHOUT_ROUTE} | on_routes == OPERATIONS.keys()
    assert not {row.what for row in WITHOUT_ROUTE} & on_routes


@pytest.mark.parametrize("row", ON_ROUTES, ids=lambda row: row.name)
def test_a_route_answers_everybody_as_the_table_says(scene: Scene, bus: BusCaller, row: Row) -> None:
    """Those who may not try first, so that there is something to be refused still; what they are told does not depend on what there is."""
    route, make = BY_NAME[row.what], asks(row.name)
    for caller in row.callers("no", "–", "signed", "token"):
        ask, expected = make(scene, caller), _status(row, caller)
        answer = over_http(scene, caller, route, ask)
        assert answer.status_code == expected, f"{caller}: {answer.text}"
        assert over_bus(scene, bus, caller, route.operation, data_of(route, ask)) == expected, f"{caller}, at the service"
        if (nothing := ask.of_nothing) and (expected == 404 or caller in (*STRANGERS, NOBODY, "carrier", "service")):
            assert told(over_http(scene, caller, route, nothing)) == told(answer), f"{caller} can tell what is not there from what is not theirs"
    done = []
    for caller in row.callers("yes", "part"):
        ask = make(scene, caller)
        answer = over_http(scene, caller, route, ask)
        assert answer.ok or answer.status_code in STATES, f"{caller}: {answer.text}"
        done.append(answer.ok)
        if ask.shows:
            assert (ask.shows in answer.text) == (row.answers[caller] == "yes"), f"{caller}: {answer.text}"
        again = data_of(route, make(scene, caller))
        assert over_bus(scene, bus, caller, route.operation, again) in (200, *STATES), f"{caller}, at the service"
    assert any(done) or not row.callers("yes", "part"), "the request is not right in itself: nobody could do it"


@pytest.mark.parametrize("row", WITHOUT_ROUTE, ids=lambda row: row.name)
def test_an_operation_without_a_route_answers_everybody_as_the_table_says(scene: Scene, bus: BusCaller, row: Row) -> None:
    for caller in row.answers:
        expected = _status(row, caller) if row.answers[caller] == "no" else 200
        assert over_bus(scene, bus, caller, OPERATIONS[row.what], asks(row.name)(scene, caller).body or {}) == expected, caller


@pytest.mark.parametrize("name", OPERATIONS)
def test_an_api_key_without_the_scope_is_refused_where_the_operation_is_done(scene: Scene, bus: BusCaller, name: str) -> None:
    """By a key that has every other scope, of an account that has every role."""
    operation = OPERATIONS[name]
    scopes = frozenset(SCOPES) - {operation.scope, f"{operation.service}:write"}
    actor = Actor(new_id(), frozenset(ROLES), verified=True, reauthenticated=True, scopes=scopes)
    refusal = {ByKey.SCOPE: "scope_required", ByKey.NEVER: "session_required"}.get(operation.by_key)
    with pytest.raises(TradeError) as caught:
        bus.call(operation, {"no field of ours": True}, actor)
    assert (caught.value.code == refusal) if refusal else (caught.value.code == "invalid_fields")


def over_http(scene: Scene, caller: str, route: Route, ask: Ask) -> requests.Response:
    """At the gateway. Without the client's own retries: what is refused is refused."""
    headers = {"Authorization": scene.token(caller)} if caller != NOBODY else {}
    path = route.path.format_map(ask.values)
    if ask.document:
        body: dict[str, Any] = {"data": ask.document}
        headers["Content-Type"] = PDF
    else:
        body = {} if route.method in ("GET", "DELETE") else {"json": ask.body or {}}
    answer = requests.request(route.method, scene.market.url + path, params=ask.query, headers=headers, timeout=30, stream=route.is_stream, **body)
    if route.is_stream and answer.ok:
        answer.close()
    return answer


def data_of(route: Route, ask: Ask) -> dict[str, Any]:
    """The operation's data, as the gateway makes them."""
    if route.operation.request is Callback:
        return {**ask.values, "body": "{}", "signatures": {}}
    passwords = {name for name, field in route.operation.request._declared_fields.items() if isinstance(field, OwnPassword)}
    body = {name: value for name, value in (ask.body or {}).items() if name not in passwords | ({"password"} if route.body_as else set())}
    if ask.document:
        body = {"media_type": PDF, "content": b64encode(ask.document).decode()}
    own: dict[str, Any] = {"remote_address": "192.0.2.1"} if route.takes_address else {"after": 0, "until": 0} if route.is_stream else {}
    return {**({route.body_as: body} if route.body_as else body), **ask.query, **ask.values, **own}


def over_bus(scene: Scene, bus: BusCaller, caller: str, operation: Operation, data: dict[str, Any]) -> int:
    """At the service that owns it, past the gateway; as the HTTP status that it comes to."""
    try:
        bus.call(operation, data, scene.actor(caller))
    except TradeError as error:
        return STATUSES[error.kind]
    return 200


def told(answer: requests.Response) -> tuple[int, Any]:
    """The answer without what is each request's own."""
    problem = answer.json()
    problem.pop("correlation_id", None)
    return answer.status_code, problem


def _status(row: Row, caller: str) -> int:
    return {"no": 401 if caller == NOBODY else 403, "–": 404, "signed": 401, "token": 422}[row.answers[caller]]
