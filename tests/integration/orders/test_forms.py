"""Submitted forms: each fault is named by its path, nothing is kept of a form that is refused."""

from __future__ import annotations

from copy import deepcopy
from functools import reduce
from typing import Any

import pytest

from shared.kit.errors import Invalid
from tests.integration.orders import forms
from tests.integration.orders.scene import BOWL, BUYER, MUG, Scene, line
from tests.integration.orders.test_actions import STEPS, refused

MISSING = "missing"
USD, EUR = ({"amount": "1.00", "currency": code} for code in ("USD", "EUR"))

FAULTS: dict[str, list[tuple[str, Any, str]]] = {
    # in state: (path set, to what, path named)
    "awaiting_payment": [
        ("reference", MISSING, "reference"),
        ("colour", "red", "colour"),
        ("method", "cash", "method"),
        ("method", "balance", "method"),
        ("amount", 302, "amount"),
        ("amount", "301.99", "amount"),
        ("amount", "302.001", "amount"),
        ("currency", "XXY", "currency"),
        ("currency", "EUR", "currency"),
        ("paid_on", forms.day(1), "paid_on"),
        ("paid_on", "yesterday", "paid_on"),
        ("evidence", ["x" * 301], "evidence.0"),
        ("payer_name", "Nul\x00", "payer_name"),
    ],
    "buyer_paid": [
        ("received_on", MISSING, "received_on"),
        ("received_amount", USD, "received_amount"),
        ("received_amount.currency", "ABC", "received_amount.currency"),
        ("received_on", forms.day(-1), "received_on"),
    ],
    "payment_ready": [
        ("lines.0.hs_code", "000000", "lines.0.hs_code"),
        ("lines.1.hs_code", "69", "lines.1.hs_code"),
        ("lines.1.country_of_origin", "ZZ", "lines.1.country_of_origin"),
        ("lines.1.quantity", 19, "lines.1.quantity"),
        ("lines.0.quantity", 0, "lines.0.quantity"),
        ("lines.0.unit", "KGM", "lines.0.unit"),
        ("lines.0.customs_value", USD, "lines.0.customs_value"),
        ("lines.0.net_mass_kg", "-1", "lines.0.net_mass_kg"),
        ("lines.0.net_mass_kg", "1.0001", "lines.0.net_mass_kg"),
        ("lines.0.product_id", BUYER.id, "lines.0.product_id"),
        ("gross_mass_kg", "1", "gross_mass_kg"),
        ("incoterm", "FOB", "incoterm"),
        ("port_of_export", "Shanghai", "port_of_export"),
        ("lines", [], "lines"),
        ("lines.0.extra", 1, "lines.0.extra"),
    ],
    "ready_to_ship": [
        ("logistics_channel", "air", "logistics_channel"),
        ("packages.0.count", 11, "packages"),
        ("packages.0.length_cm", "0", "packages.0.length_cm"),
        ("packing_check_list.shock_proof", False, "packing_check_list.shock_proof"),
        ("shipping_notice.mode", "air", "shipping_notice.mode"),
        ("shipping_notice.estimated_arrival", forms.day(-1), "shipping_notice.estimated_arrival"),
        ("shipping_notice.port_of_discharge", "NLRTM", "shipping_notice.port_of_discharge"),
        ("collection.address.country", "Germany", "collection.address.country"),
    ],
    "need_insurance": [
        ("insured_value.amount", "332.19", "insured_value.amount"),
        ("insured_value", EUR, "insured_value.currency"),
        ("clauses", "ICC D", "clauses"),
        ("valid_until", forms.day(1), "valid_until"),
        ("valid_from", forms.day(1), "valid_from"),
    ],
    "arrived_in_customs": [
        ("entry_number", MISSING, "entry_number"),
        ("paid_by", "broker", "broker"),
        ("released_on", forms.day(-1), "released_on"),
        ("duties_and_taxes.0.amount.amount", "-1", "duties_and_taxes.0.amount.amount"),
    ],
    "receiving": [
        ("lines.0.quantity_received", 101, "lines.0.quantity_received"),
        ("lines.1.damaged", 2, "lines.1.accepted"),
        ("lines.1", {"product_id": MUG["id"], "quantity_received": 1, "accepted": 1, "damaged": 0}, "lines.1.product_id"),
        ("received_by", MISSING, "received_by"),
    ],
}


def changed(form: Any, path: str, value: Any) -> Any:
    """The form with what is at the path replaced, or taken out where it shall be missing."""
    form = deepcopy(form)
    *way, last = (int(part) if part.isdigit() else part for part in path.split("."))
    at: Any = reduce(lambda inner, part: inner[part], way, form)
    if value == MISSING:
        del at[last]
    else:
        at[last] = value
    return form


def test_each_fault_of_each_form_is_named_and_changes_nothing(scene: Scene) -> None:
    order = scene.confirmed()
    for state, faults in FAULTS.items():
        action, actor, good = STEPS[state]
        before = scene.walk(order, until=state)
        for path, value, named in faults:
            with pytest.raises(Invalid) as error:
                scene.act(order, action, actor, changed(good(order), path, value))
            assert error.value.code in {"invalid_fields", "form_disagrees"}
            assert named in error.value.errors, (state, path, value, error.value.errors)
            assert all(isinstance(sentence, str) and sentence for sentences in error.value.errors.values() for sentence in sentences)
        assert scene.order(order["id"]) == before


def test_a_form_for_another_step_is_refused_field_by_field(scene: Scene) -> None:
    order = scene.confirmed()
    error = refused(scene, order, lambda: scene.act(order, "pay", BUYER, forms.receiving(order)), Invalid, "invalid_fields")
    assert error.errors["received_on"] == ["Unknown field."]
    assert error.errors["amount"] == ["Missing data for required field."]


def test_an_action_without_a_form_takes_none(scene: Scene) -> None:
    order = scene.walk(scene.confirmed(), until="in_transit")
    action, actor = "report_arrival", STEPS["ready_to_ship"][1]
    error = refused(scene, order, lambda: scene.act(order, action, actor, {"note": "There!"}), Invalid, "invalid_fields")
    assert error.errors == {"note": ["Unknown field."]}


def test_the_payers_account_is_kept_masked_wherever_it_is_kept(scene: Scene) -> None:
    order = scene.confirmed()
    form = forms.payment(order)
    scene.act(order, "pay", BUYER, form)
    masked = "******************2051"
    assert scene.order(order["id"])["history"][-1]["form"] == form | {"payer_account": masked}
    assert scene.last(order["id"])["form"]["payer_account"] == masked


def test_dates_are_checked_against_the_forms_of_earlier_steps(scene: Scene) -> None:
    order = scene.walk(scene.confirmed(line(MUG), line(BOWL, 20)), until="ready_to_ship")
    form = changed(forms.shipping(order), "shipping_notice.dispatched_on", forms.day(-1))
    error = refused(scene, order, lambda: scene.act(order, "ship", STEPS["ready_to_ship"][1], form), Invalid, "form_disagrees")
    assert list(error.errors) == ["shipping_notice.dispatched_on"]
