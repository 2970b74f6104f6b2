from __future__ import annotations

from typing import Any

import pytest

from services.logistics.domain.export import declared_lines, licensed
from services.logistics.domain.refusal import Refusal
from tests.unit.logistics.sample import CHUCK, DRILL, export_form, loaded_form, loaded_order, order, usd


def outcome(form: dict[str, Any], of: dict[str, Any] | None = None) -> Any:
    return declared_lines(loaded_order(of or order())["lines"], loaded_form(form))


def refused(form: dict[str, Any], of: dict[str, Any] | None = None) -> Refusal:
    result = outcome(form, of)
    assert isinstance(result, Refusal)
    return result


def changed(line: int, **changes: Any) -> dict[str, Any]:
    form = export_form()
    form["lines"][line] |= changes
    return form


def test_each_order_line_is_paired_with_its_declaration_whatever_their_order() -> None:
    form = export_form()
    form["lines"].reverse()
    assert [(line["product_id"], declared["product_id"]) for line, declared in outcome(form)] == [(DRILL, DRILL), (CHUCK, CHUCK)]


def test_two_lines_of_one_product_are_paired_in_turn() -> None:
    twice = order(lines=[order()["lines"][0] | {"quantity": 5}, order()["lines"][0] | {"quantity": 7}])
    assert [declared["quantity"] for _, declared in outcome(export_form(twice, gross_mass_kg="4800"), twice)] == [5, 7]


def test_a_line_that_is_not_declared_is_named() -> None:
    refusal = refused(export_form(lines=export_form()["lines"][:1]))
    assert refusal == Refusal("line_not_declared", "Line 2 of the order (Keyless chuck set) is not declared.")


def test_a_line_too_many_is_refused() -> None:
    lines = export_form()["lines"]
    assert refused(export_form(lines=[*lines, lines[0]])).reason == "line_not_ordered"


@pytest.mark.parametrize("change", [{"quantity": 1199}, {"unit": "PR"}])
def test_quantity_and_unit_must_be_those_ordered(change: dict[str, Any]) -> None:
    assert refused(changed(0, **change)).reason == "quantity_mismatch"


def test_the_customs_values_are_in_the_invoices_currency() -> None:
    assert refused(changed(1, customs_value=usd("2850.00") | {"currency": "EUR"})).reason == "currency_mismatch"


def test_net_masses_cannot_exceed_the_gross_mass() -> None:
    assert refused(export_form(gross_mass_kg="2334.249")).reason == "mass_mismatch"
    assert not isinstance(outcome(export_form(gross_mass_kg="2334.250")), Refusal)


def test_goods_under_licence_need_its_number() -> None:
    form = changed(0, hs_code="93032000")
    assert refused(form) == Refusal("licence_missing", "Line 1: arms and ammunition (HS 93032000) need an export licence; name its number.")
    assert not isinstance(outcome(form | {"licence_number": "EL-77"}), Refusal)


@pytest.mark.parametrize(
    ("hs_code", "goods"), [("284410", "radioactive materials"), ("360200", "explosives"), ("710231", "rough diamonds"), ("710239", None), ("846711", None)]
)
def test_which_goods_are_under_licence(hs_code: str, goods: str | None) -> None:
    assert licensed(hs_code) == goods
