"""The document says what is served: no more, no less, and as it is."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

from services.gateway.application import openapi
from services.gateway.application.pages import PAGES
from services.gateway.application.routes import ROUTES, routes
from shared.contracts.logistics import Document
from shared.contracts.operations import ByKey
from shared.contracts.orders import ACT_ON_ORDER, GET_ENQUIRY, GET_ORDER
from tests.unit.gateway.fakes import BUYER, ORDER, PARTY, Gateway, order

OPERATIONS = {"get", "post", "put", "patch", "delete"}


@pytest.fixture(scope="module")
def served() -> dict[str, Any]:
    """The document as a client gets it."""
    read: dict[str, Any] = Gateway().ask("GET", "/openapi.json", token=None).json
    return read


def test_it_is_a_valid_openapi_document(served: dict[str, Any]) -> None:
    OpenAPIV31SpecValidator(served).validate()
    for name, schema in served["components"]["schemas"].items():
        Draft202012Validator.check_schema(schema)
        assert schema.get("type") in ("object", "string"), name


def test_it_names_every_route_and_only_those(served: dict[str, Any]) -> None:
    documented = {(method.upper(), path) for path, item in served["paths"].items() for method in item if method in OPERATIONS}
    assert documented == {(each.method, each.path) for each in (*ROUTES, *PAGES)}


def test_in_production_it_knows_no_test_clock() -> None:
    assert "/v1/test-clock" in openapi.document(routes(production=False), PAGES)["paths"]
    assert "/v1/test-clock" not in openapi.document(routes(production=True), PAGES)["paths"]


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.method} {route.path}")
def test_each_operation_tells_its_parameters_bodies_answers_and_problems(route: Any, served: dict[str, Any]) -> None:
    operation = served["paths"][route.path][route.method.lower()]
    own = [each for each in operation["parameters"] if "$ref" not in each]
    shared = {each["$ref"].rpartition("/")[2] for each in operation["parameters"] if "$ref" in each}
    assert {each["name"] for each in own if each["in"] == "path"} == set(route.parameters)
    assert all(each["required"] for each in own if each["in"] == "path")
    by_key = [] if route.operation.by_key is ByKey.NEVER else [{"api_key": [route.operation.scope]}]
    assert [each for each in operation["security"] if each] == ([] if route.public and not route.knows_caller else [{"bearer": []}, *by_key])
    assert ({} in operation["security"]) == route.knows_caller
    assert ("IdempotencyKey" in shared) == route.operation.writes
    assert ("IfMatch" in shared) == ("412" in operation["responses"]) == route.takes_if_match
    assert ("requestBody" in operation) == ("415" in operation["responses"]) == (route.method not in ("GET", "DELETE"))
    good = operation["responses"][str(route.status)]
    assert ("Location" in good["headers"]) == (route.location is not None)
    answer, other = route.operation.answer, "text/event-stream" if route.is_stream else "application/json"
    assert tuple(good["content"]) == (answer.media_types if issubclass(answer, Document) else (other,))
    assert {"400", "422", "500", "503"} <= operation["responses"].keys()
    assert ("401" in operation["responses"]) or route.public


def test_whatever_changes_what_has_a_version_may_be_told_which_was_seen() -> None:
    makes = {"create_logistics_order", "submit_verification"}  # of an order, of an account: what they answer is new
    changes = [each for each in ROUTES if each.operation.writes and "version" in each.operation.answer._declared_fields]
    named = [each for each in changes if ("{id}" in each.path or each.path.startswith("/v1/me")) and each.operation.name not in makes]
    assert len(named) > 10
    assert [each.operation.name for each in named if not each.takes_if_match] == []


def test_what_stands_in_the_path_or_a_header_is_not_in_the_body(served: dict[str, Any]) -> None:
    change = served["components"]["schemas"]["ChangeProduct"]
    assert {"id", "if_match"}.isdisjoint(change["properties"])
    assert "required" not in change
    assert "id" not in served["components"]["schemas"]["MakeOffer"]["properties"]


def test_a_pattern_says_what_all_of_the_text_looks_like_or_that_there_is_any(served: dict[str, Any]) -> None:
    """JSON Schema's match anywhere, ours from the beginning on."""
    patterns = set(re.findall(r'"pattern": ("(?:[^"\\]|\\.)*")', json.dumps(served)))
    assert len(patterns) > 10
    assert [each for each in map(json.loads, patterns) if each != r"\S" and not (each.startswith("^") and each.endswith("$"))] == []


def test_decimals_and_money_are_documented_as_they_travel(served: dict[str, Any]) -> None:
    schemas = served["components"]["schemas"]
    assert schemas["AddProduct"]["properties"]["net_mass_kg"]["type"] == "string"
    assert schemas["AddProduct"]["properties"]["price"]["$ref"] == "#/components/schemas/PositiveMoney"
    assert schemas["InsuranceForm"]["properties"]["premium"]["$ref"] == "#/components/schemas/Money"
    assert schemas["Money"]["properties"]["amount"]["type"] == "string"
    assert schemas["Channel"]["properties"]["heaviest_kg"]["type"] == ["string", "null"]
    assert schemas["AddProduct"]["properties"]["properties"]["maxProperties"] == 50


def test_requests_are_closed_and_answers_open(served: dict[str, Any]) -> None:
    schemas = served["components"]["schemas"]
    assert schemas["AddProduct"]["additionalProperties"] is False
    assert schemas["Terms"]["additionalProperties"] is False
    assert "additionalProperties" not in schemas["Product"]
    assert "additionalProperties" not in schemas["Order"]


@pytest.mark.parametrize("operation", [GET_ORDER, ACT_ON_ORDER])
def test_an_order_is_answered_as_documented(served: dict[str, Any], operation: Any) -> None:
    gateway = Gateway()
    gateway.services.answers[operation] = order()
    path = f"/v1/orders/{ORDER}" + ("" if operation is GET_ORDER else "/actions/pay")
    answer = gateway.ask("GET" if operation is GET_ORDER else "POST", path)
    _validator(served, "Order").validate(answer.json)


def test_an_enquiry_is_answered_as_documented(served: dict[str, Any]) -> None:
    gateway = Gateway()
    facts = {
        "id": BUYER,
        "number": "EN-1",
        "state": "open",
        "label": "Open",
        "version": 1,
        "created_at": "2026-01-01T00:00:00Z",
        "updated_at": "2026-01-01T00:00:00Z",
    }
    lists: dict[str, Any] = {"lines": [], "offers": [], "messages": [], "history": [], "actions": [{"name": "offer", "label": "Offer", "form": "offer"}]}
    gateway.services.answers[GET_ENQUIRY] = {**facts, **lists, "buyer": PARTY, "supplier": PARTY, "terms": None}
    _validator(served, "Enquiry").validate(gateway.ask("GET", f"/v1/enquiries/{BUYER}").json)


def test_a_problem_is_answered_as_documented(served: dict[str, Any]) -> None:
    for problem in (Gateway().ask("GET", "/nowhere"), Gateway().ask("PATCH", f"/v1/products/{ORDER}", {"id": 1})):
        _validator(served, "Problem").validate(problem.json)


def _validator(served: dict[str, Any], name: str) -> Draft202012Validator:
    return Draft202012Validator({"$ref": f"#/components/schemas/{name}", "components": served["components"]})
