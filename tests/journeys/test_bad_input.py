"""Bad values, field by field: each is refused with a problem document that names the field, and nothing changes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from tests.builders.system import System
from tests.journeys.bad_values import BODIES, FORMS, Wrong
from tests.journeys.market import MISSING, Market, changed
from tests.journeys.problems import refused
from tradelane.client import Client

STEPS = {
    # who does the step, in which state, by which action
    "payment": ("buyer", "awaiting_payment", "pay"),
    "payment_confirmation": ("supplier", "buyer_paid", "confirm_payment"),
    "export_customs": ("supplier", "payment_ready", "declare_export"),
    "shipping": ("supplier", "ready_to_ship", "ship"),
    "insurance": ("supplier", "need_insurance", "insure"),
    "import_customs": ("buyer", "arrived_in_customs", "clear_import"),
    "receiving": ("buyer", "receiving", "receive"),
}


class World(Market):
    """One order at each step that has a form, and an enquiry that waits for an offer."""

    def __init__(self, system: System, operator: Client) -> None:
        super().__init__(system, operator)
        self.clients["nobody"] = Client(system.url)
        self.deals = {step: self.place().to(state) for step, (_, state, _) in STEPS.items()}
        lines = [{"product_id": key} for key in self.products.values()]
        self.enquiry = self.buyer.post("/v1/enquiries", {"lines": lines, "message": "Please offer."})["id"]
        settled = system.command("reconcile", "--wait", "60")  # until nothing is under way that would change what is compared
        assert settled.returncode == 0, settled.stdout
        self.forms = {step: deal.form(step) for step, deal in self.deals.items()}
        self.at_first = {step: self.seen(step) for step in self.deals}
        self.lists_at_first = self.lists()
        self.ids = {**self.products, **{step: deal.id for step, deal in self.deals.items()}, "enquiry": self.enquiry, "buyer": self.accounts["buyer"]["id"]}

    def seen(self, step: str) -> list[Any]:
        """All there is of the order at the step: its version, history and draft as who has to fill in the form sees them, its money and its shipment."""
        deal = self.deals[step]
        return [deal.seen(STEPS[step][0]), deal.payments(), self.buyer.get(f"{deal.path}/shipment")]

    def lists(self) -> list[Any]:
        """All else that the parties have."""
        own = f"/v1/products?supplier_id={self.accounts['supplier']['id']}"
        paths = ("/v1/orders", "/v1/enquiries", f"/v1/enquiries/{self.enquiry}", own, "/v1/balances")
        return [self.buyer.get(path) for path in paths]

    def known(self, template: Any) -> Any:
        """With what stands in braces filled in."""
        text = json.dumps(template)
        for name, key in self.ids.items():
            text = text.replace(f"{{{name}}}", key)
        return json.loads(text)


@pytest.fixture(scope="module")
def world(system: System, operator: Client) -> World:
    return World(system, operator)


def cases(table: Mapping[str, Wrong]) -> list[Any]:
    """One for each wrong value in the table."""
    return [
        pytest.param(name, field, value, code, said if isinstance(said, dict) else {field: said}, id=f"{name}: {field} {shown(value)}")
        for name, wrong in table.items()
        for code, rows in wrong.items()
        for field, value, said in rows
    ]


def shown(value: Any) -> str:
    return "left out" if value is MISSING else ascii(value)[:40]


@pytest.mark.parametrize(("step", "field", "value", "code", "errors"), cases(FORMS))
def test_a_form_with_a_wrong_value_is_refused_and_changes_nothing(world: World, step: str, field: str, value: Any, code: str, errors: dict[str, str]) -> None:
    (who, _, action), deal = STEPS[step], world.deals[step]
    answer = world.clients[who].session.post(f"{world.url}{deal.path}/actions/{action}", json=changed(world.forms[step], {field: value}))
    refused(answer, 422, code, errors)
    assert world.seen(step) == world.at_first[step]


@pytest.mark.parametrize(("name", "field", "value", "code", "errors"), cases({name: body.wrong for name, body in BODIES.items()}))
def test_a_body_with_a_wrong_value_is_refused_and_changes_nothing(world: World, name: str, field: str, value: Any, code: str, errors: dict[str, str]) -> None:
    body = BODIES[name]
    answer = world.clients[body.who].session.request(body.method, world.url + world.known(body.path), json=world.known(changed(body.right, {field: value})))
    refused(answer, 422, code, errors)
    assert world.lists() == world.lists_at_first


def test_all_that_is_wrong_is_told_at_once(world: World) -> None:
    deal = world.deals["export_customs"]
    wrong = {"lines.0.hs_code": "990101", "lines.1.unit": "bag", "declarant": MISSING, "colour": "green", "port_of_export": "Santos"}
    answer = world.supplier.session.post(f"{world.url}{deal.path}/actions/declare_export", json=changed(world.forms["export_customs"], wrong))
    told = {"lines.0.hs_code": "990101", "lines.1.unit": "Rec 20", "declarant": "Missing", "colour": "Unknown", "port_of_export": "UN/LOCODE"}
    refused(answer, 422, "invalid_fields", told)


def test_after_all_these_refusals_nothing_has_changed_anywhere(world: World) -> None:
    assert {step: world.seen(step) for step in STEPS} == world.at_first
    assert world.lists() == world.lists_at_first
    account = BODIES["account"].right
    refused(
        world.clients["nobody"].session.post(f"{world.url}/v1/sessions", json={name: account[name] for name in ("email", "password")}),
        401,
        "credentials_incorrect",
    )


@pytest.mark.parametrize("name", [name for name in BODIES if name not in ("exception", "offer", "tracking", "top-up")])
def test_a_body_is_taken_once_it_is_right(world: World, name: str) -> None:
    body = BODIES[name]
    answer = world.clients[body.who].session.request(body.method, world.url + world.known(body.path), json=world.known(body.right))
    assert answer.ok, answer.text


@pytest.mark.parametrize("step", STEPS)
def test_a_form_is_taken_once_it_is_right(world: World, step: str) -> None:
    (who, state, action), deal = STEPS[step], world.deals[step]
    order = world.clients[who].post(f"{deal.path}/actions/{action}", world.forms[step], wait=30)
    assert (order["awaiting"], order["state"] != state) == ([], True), order["history"][-1]
