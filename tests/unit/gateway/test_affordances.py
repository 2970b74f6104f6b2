"""From an answer's actions alone a client can tell what to send where, and check it before sending."""

from __future__ import annotations

import json
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from marshmallow import ValidationError
from werkzeug.routing import Map, Rule

from services.accounts.domain import ticket as ticket_table
from services.gateway.application.affordances import ENQUIRY_ACTIONS, PARCEL_ACTIONS, SHAPES, TICKET_ACTIONS, form_schema
from services.gateway.application.routes import ROUTES
from services.orders.domain import enquiry as enquiry_table, steps
from shared.contracts.logistics_orders import CREATE_LOGISTICS_ORDER, GET_LOGISTICS_ORDER
from shared.contracts.orders import ACT_ON_ORDER, CANCEL_ENQUIRY, GET_ENQUIRY, GET_ORDER, MAKE_OFFER, SEND_MESSAGE
from shared.contracts.tickets import GET_TICKET
from tests.unit.gateway.fakes import BUYER, ORDER, PARTY, Gateway, order

MONEY = {"amount": "12.34", "currency": "USD"}
ADDRESS = {"name": "Ada", "street": "1 Quay", "city": "Oslo", "country": "NO"}
TERMS = {"preset": "export", "incoterm": "FOB", "named_place": "Shanghai", "channel": "sea-fcl", "port_of_loading": "CNSHA", "ship_to": ADDRESS}
CHECKS = (
    "quantity_agrees",
    "model_agrees",
    "specification_agrees",
    "colour_agrees",
    "moisture_proof",
    "shock_proof",
    "pressure_proof",
    "recipient_marked",
    "sender_marked",
    "contents_marked",
)

FILLED: dict[str, dict[str, Any]] = {
    "payment": {"method": "bank_transfer", "amount": "12.34", "currency": "USD", "payer_name": "Ada", "reference": "R1", "paid_on": "2026-01-01"},
    "payment_confirmation": {"password": "secret", "received_on": "2026-01-01", "received_amount": MONEY},
    "export_customs": {
        "declarant": "Bo",
        "exporter_registration_number": "CN123",
        "lines": [
            {
                "product_id": ORDER,
                "hs_code": "090111",
                "description": "Coffee",
                "country_of_origin": "CN",
                "quantity": 3,
                "unit": "KGM",
                "net_mass_kg": "12.5",
                "customs_value": MONEY,
            }
        ],
        "gross_mass_kg": "13",
        "packages": 1,
        "incoterm": "FOB",
        "named_place": "Shanghai",
        "port_of_export": "CNSHA",
    },
    "shipping": {
        "logistics_channel": "sea-fcl",
        "packages": [{"kind": "carton", "count": 1, "length_cm": "10", "width_cm": "10.5", "height_cm": "10", "weight_kg": "13"}],
        "packing_check_list": dict.fromkeys(CHECKS, True),
        "collection": {"way": "pickup", "address": ADDRESS},
        "if_undeliverable": "return",
        "shipping_notice": {"waybill_number": "W1", "dispatched_on": "2026-01-02", "mode": "sea", "port_of_loading": "CNSHA"},
    },
    "insurance": {
        "insurer": "I",
        "policy_number": "P1",
        "clauses": "ICC A",
        "insured_value": MONEY,
        "premium": MONEY,
        "beneficiary": "Ada",
        "valid_from": "2026-01-01",
        "valid_until": "2026-06-01",
    },
    "import_customs": {
        "importer_of_record": "Ada",
        "entry_number": "E1",
        "paid_by": "buyer",
        "released_on": "2026-02-01",
        "duties_and_taxes": [{"kind": "VAT", "amount": MONEY}],
    },
    "receiving": {"received_on": "2026-02-02", "lines": [{"product_id": ORDER, "quantity_received": 3, "accepted": 3, "damaged": 0}], "received_by": "Ada"},
    "channel": {"logistics_channel": "dhl_express", "note": "Sooner."},
    "exception": {"reason": "other", "note": "It rained."},
    "note": {"note": "Because."},
    "offer": {"lines": [{"product_id": ORDER, "quantity": 3, "unit_price": MONEY}], "terms": TERMS, "valid_until": "2026-03-01T00:00:00Z"},
    "message": {"text": "Hello"},
    "domestic_waybill": {"domestic_waybill": "SF 1234"},
    "scan": {"waybill_number": "CP000000014CN"},
    "weighing": {"packages": [{"count": 1, "length_cm": "10", "width_cm": "10.5", "height_cm": "10", "weight_kg": "13"}]},
    "undeliverable": {"waybill_number": "CP000000014CN", "reason": "refused"},
    "verification": {
        "kind": "company",
        "legal_name": "Ada Ltd.",
        "registered_on": "2004-03-01",
        "address": {"street": "Rue du Port 1", "city": "Genève", "country": "CH"},
        "numbers": [{"type": "lei", "value": "213800KUD8LAJWSQ9D15"}],
        "documents": [ORDER],
    },
    "approval": {"note": "Seen in person."},
    "refusal": {"reason": "The licence cannot be read."},
    "ticket_message": {"text": "Hello."},
}
"""Each form, filled in as its schema would have it."""


def _spoiled(form: dict[str, Any]) -> list[dict[str, Any]]:
    """The form with one thing wrong at a time: each field left out, unknown, of another type, or a value that is no such thing."""

    def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
        inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
        return [path, *(place for name, each in inner for place in places(each, (*path, name)))]

    def changed(path: tuple[Any, ...], change: Any) -> dict[str, Any]:
        copy: Any = json.loads(json.dumps({"form": form}))
        parent = copy
        for name in ("form", *path)[:-1]:
            parent = parent[name]
        change(parent, ("form", *path)[-1])
        return copy["form"]  # type: ignore[no-any-return]

    def replace_by(value: Any) -> Any:
        return lambda parent, name: parent.__setitem__(name, value)

    spoiled = [changed(path, replace_by({"surely": "not"})) for path in places(form)]
    spoiled += [changed(path, replace_by(None)) for path in places(form) if path]
    spoiled += [changed(path, lambda parent, name: parent.pop(name)) for path in places(form) if path and isinstance(path[-1], str)]
    spoiled += [
        changed((*path, "unknown"), replace_by(1)) for path in places(form) if path == () or path[-1] in ("received_amount", "packing_check_list", "ship_to")
    ]
    return spoiled


@pytest.mark.parametrize("name", sorted(SHAPES))
def test_a_form_stands_alone_as_a_json_schema(name: str) -> None:
    schema = form_schema(name)
    Draft202012Validator.check_schema(schema)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    text = json.dumps(schema)
    assert "#/components" not in text
    assert r"\Z" not in text
    assert set(_values(schema, "$ref")) <= {f"#/$defs/{each}" for each in schema.get("$defs", ())}
    assert "number" not in set(_values(schema, "type")), "decimals travel as strings"


@pytest.mark.parametrize("name", sorted(SHAPES))
def test_a_form_filled_in_by_its_schema_is_one_that_the_contract_takes(name: str) -> None:
    Draft202012Validator(form_schema(name)).validate(FILLED[name])
    SHAPES[name].load(FILLED[name])


@pytest.mark.parametrize("name", sorted(SHAPES))
def test_a_form_spoiled_is_refused_by_schema_and_contract_alike(name: str) -> None:
    schema = Draft202012Validator(form_schema(name))
    refused = 0
    for spoiled in _spoiled(FILLED[name]):
        try:
            SHAPES[name].load(spoiled)
            taken = True
        except ValidationError:
            taken = False
        assert schema.is_valid(spoiled) == taken, spoiled
        refused += not taken
    assert refused >= len(FILLED[name])


@pytest.mark.parametrize(
    ("form", "field", "value"),
    [
        ("payment_confirmation", "received_amount", {"amount": 12.34, "currency": "USD"}),
        ("payment_confirmation", "received_amount", {"amount": "-1", "currency": "USD"}),
        ("payment_confirmation", "received_amount", {"amount": "1", "currency": "EURO"}),
        ("payment", "amount", "12,34"),
        ("payment", "amount", "12.34Z"),
        ("export_customs", "gross_mass_kg", "1.0001"),
        ("export_customs", "port_of_export", "cnsha"),
        ("export_customs", "packages", 0),
    ],
)
def test_values_that_no_form_may_have_fail_its_schema(form: str, field: str, value: Any) -> None:
    assert not Draft202012Validator(form_schema(form)).is_valid({**FILLED[form], field: value})


def test_the_reason_of_an_exception_is_one_of_the_steps_own(gateway: Gateway) -> None:
    action = {"name": "exception", "label": "Exception", "form": "exception", "step": "transport", "reasons": ["lost", "damaged"]}
    gateway.services.answers[GET_ORDER] = order(actions=[action])
    link = gateway.ask("GET", f"/v1/orders/{ORDER}").json["actions"][0]
    assert link["form"]["properties"]["reason"] == {"type": "string", "enum": ["lost", "damaged"]}
    assert form_schema("exception")["properties"]["reason"] != link["form"]["properties"]["reason"], "the general form is as it was"


def test_an_order_says_where_its_actions_and_drafts_go(gateway: Gateway) -> None:
    transport = {"name": "report_arrival", "label": "Transport Success", "form": None, "step": "transport", "draft": False}
    gateway.services.answers[GET_ORDER] = order(actions=[*order()["actions"], transport])
    pay, arrive = gateway.ask("GET", f"/v1/orders/{ORDER}").json["actions"]
    assert pay.pop("form") == form_schema("payment")
    own = f"/v1/orders/{ORDER}"
    assert pay == {"name": "pay", "label": "Payment", "method": "POST", "href": f"{own}/actions/pay", "step": "payment", "draft_href": f"{own}/drafts/payment"}
    assert arrive == {
        "name": "report_arrival",
        "label": "Transport Success",
        "method": "POST",
        "href": f"{own}/actions/report_arrival",
        "form": None,
        "step": "transport",
    }


def test_every_link_leads_to_its_operation(gateway: Gateway) -> None:
    url_map = Map([Rule(route.rule, methods=[route.method], endpoint=route.operation) for route in ROUTES]).bind("localhost")
    actions = [{"name": name, "label": name, "form": None} for name in ENQUIRY_ACTIONS]
    gateway.services.answers[GET_ENQUIRY] = {"id": BUYER, "version": 1, "supplier": PARTY, "actions": actions}
    links = gateway.ask("GET", f"/v1/enquiries/{BUYER}").json["actions"]
    found = {link["name"]: url_map.match(link["href"], link["method"]) for link in links}
    assert {operation.name for operation, _ in found.values()} == {"make_offer", "accept_enquiry", "cancel_enquiry", "send_message"}
    assert all(str(values["id"]) == BUYER for _, values in found.values())
    gateway.services.answers[GET_ORDER] = order()
    for link in gateway.ask("GET", f"/v1/orders/{ORDER}").json["actions"]:
        operation, values = url_map.match(link["href"], link["method"])
        assert (operation, values["action"]) == (ACT_ON_ORDER, link["name"])
        assert url_map.match(link["draft_href"], "PUT")[0].name == "save_draft"


def test_every_link_of_a_logistics_order_leads_to_its_operation(gateway: Gateway) -> None:
    url_map = Map([Rule(route.rule, methods=[route.method], endpoint=route.operation) for route in ROUTES]).bind("localhost")
    actions = [{"name": name, "label": name, "form": None} for name in PARCEL_ACTIONS]
    gateway.services.answers[GET_LOGISTICS_ORDER] = {"id": BUYER, "awaiting": [], "actions": actions}
    links = gateway.ask("GET", f"/v1/logistics-orders/{BUYER}").json["actions"]
    found = {link["name"]: url_map.match(link["href"], link["method"]) for link in links}
    assert {name: operation.name for name, (operation, _) in found.items()} == {
        "tell_domestic_waybill": "tell_domestic_waybill",
        "void": "void_logistics_order",
        "scan_in": "scan_parcel",
        "weigh": "weigh_parcel",
        "hand_over": "hand_over_parcel",
        "report_undeliverable": "report_undeliverable",
        "confirm_return": "confirm_return",
    }
    assert {str(values["id"]) for _, values in found.values() if values} == {BUYER}


def test_every_link_of_a_ticket_leads_to_its_operation(gateway: Gateway) -> None:
    url_map = Map([Rule(route.rule, methods=[route.method], endpoint=route.operation) for route in ROUTES]).bind("localhost")
    assert {row.action for row in ticket_table.ROWS} == TICKET_ACTIONS.keys()
    actions = [{"name": row.action, "label": row.label, "form": row.form} for row in ticket_table.ROWS]
    gateway.services.answers[GET_TICKET] = {"id": BUYER, "actions": actions}
    links = gateway.ask("GET", f"/v1/tickets/{BUYER}").json["actions"]
    assert {link["name"]: url_map.match(link["href"], link["method"])[0].name for link in links} == {
        "write": "write_on_ticket",
        "close": "close_ticket",
        "reopen": "reopen_ticket",
    }
    assert [link["form"] and list(link["form"]["properties"]) for link in links] == [["text"], ["text"], None, None]


def test_who_prefers_to_wait_for_freight_gets_the_logistics_order_with_its_waybill(gateway: Gateway) -> None:
    waiting = {"id": BUYER, "awaiting": ["payments.freight_charged.v1"], "waybill_number": None, "actions": []}
    gateway.services.answers |= {CREATE_LOGISTICS_ORDER: waiting, GET_LOGISTICS_ORDER: waiting | {"awaiting": [], "waybill_number": "CP000000014CN"}}
    path = f"/v1/orders/{ORDER}/logistics-order"
    answer = gateway.ask("POST", path, {}, Prefer="wait=5")
    assert (answer.status_code, answer.json["waybill_number"]) == (201, "CP000000014CN")
    assert answer.headers["Location"].endswith(f"/v1/logistics-orders/{BUYER}")
    assert gateway.ask("POST", path, {}).status_code == 202


@pytest.mark.parametrize(("operation", "path"), [(MAKE_OFFER, "actions/offer"), (CANCEL_ENQUIRY, "actions/cancel"), (SEND_MESSAGE, "messages")])
def test_what_acting_answers_has_links_again(gateway: Gateway, operation: Any, path: str) -> None:
    gateway.services.answers[operation] = {"id": BUYER, "version": 2, "actions": [{"name": "accept", "label": "Accept", "form": "note"}]}
    link = gateway.ask("POST", f"/v1/enquiries/{BUYER}/{path}", {}).json["actions"][0]
    assert link["href"] == f"/v1/enquiries/{BUYER}/actions/accept"


def test_the_gateway_knows_every_action_and_form_of_the_trade() -> None:
    of_people = [row for row in enquiry_table.ROWS if row.who != enquiry_table.CLOCK]
    assert {row.action for row in of_people} == set(ENQUIRY_ACTIONS)
    forms = {each.form for each in (*of_people, *steps.STEPS, *steps.RULES)} - {None}
    assert forms <= set(SHAPES)


def _values(value: Any, name: str) -> list[str]:
    """All texts that stand under the name, at any depth."""
    if isinstance(value, dict):
        own = [value[name]] if isinstance(value.get(name), str) else []
        return own + [each for inner in value.values() for each in _values(inner, name)]
    return [each for inner in value for each in _values(inner, name)] if isinstance(value, list) else []
