"""Each cross-check both ways: a form that agrees with its order passes, and one changed field is named."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import asdict, replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from services.orders.domain.checks import Gap, Line, OrderFacts, check, customs_gaps
from services.orders.domain.steps import STEPS
from services.orders.domain.terms import Terms
from shared.contracts.forms import FORMS
from shared.kit.money import Money

COFFEE, PEABERRY = "0197a3f0-0000-7000-8000-000000000001", "0197a3f0-0000-7000-8000-000000000002"
ADDRESS = {"name": "Armazém 4", "street": "Rua do Comércio 871", "city": "Santos", "country": "BR"}
PACKED = (
    "quantity_agrees model_agrees specification_agrees colour_agrees moisture_proof shock_proof pressure_proof recipient_marked sender_marked contents_marked"
)

TERMS = Terms("direct", "platform", "supplier", "CIF", "Hamburg", "sea_fcl", {"country": "DE"}, "BRSSZ", "DEHAM", "export")
LINES = (
    Line(COFFEE, "NY2", "Arabica", 240, "PK", Money(48900, "USD"), Money(11736000, "USD"), "09011110", "BR", Decimal(14400), Decimal(14568)),
    Line(PEABERRY, "PB10", "Peaberry", 80, "PK", Money(50600, "USD"), Money(4048000, "USD"), "09011110", "BR", Decimal(4800), Decimal(4856)),
)
TOTAL = Money(15784000, "USD")

FORM: dict[str, dict[str, Any]] = {
    "payment": {"method": "bank_transfer", "amount": "157840.00", "currency": "USD", "payer_name": "Elbspeicher", "reference": "R1", "paid_on": "2026-03-02"},
    "payment_confirmation": {"password": "correct horse", "received_on": "2026-03-04", "received_amount": {"amount": "157840.00", "currency": "USD"}},
    "export_customs": {
        "declarant": "Valongo", "exporter_registration_number": "41.882", "gross_mass_kg": "19424", "packages": 320, "incoterm": "CIF", "named_place": "Hamburg",
        "port_of_export": "BRSSZ",
        "lines": [
            {"product_id": COFFEE, "hs_code": "090111", "description": "Coffee", "country_of_origin": "BR", "quantity": 240, "unit": "PK", "net_mass_kg": "14400",
             "customs_value": {"amount": "117360.00", "currency": "USD"}},
            {"product_id": PEABERRY, "hs_code": "090111", "description": "Coffee", "country_of_origin": "BR", "quantity": 80, "unit": "PK", "net_mass_kg": "4800",
             "customs_value": {"amount": "40480.00", "currency": "USD"}},
        ],
    },
    "shipping": {
        "logistics_channel": "sea_fcl", "if_undeliverable": "return", "collection": {"way": "pickup", "address": ADDRESS},
        "packages": [{"kind": "bag", "count": 320, "length_cm": "90", "width_cm": "55", "height_cm": "18", "weight_kg": "60.7"}],
        "packing_check_list": dict.fromkeys(PACKED.split(), True),
        "shipping_notice": {"waybill_number": "W1", "dispatched_on": "2026-03-05", "mode": "sea", "port_of_loading": "BRSSZ", "port_of_discharge": "DEHAM",
                            "estimated_arrival": "2026-03-29"},
    },
    "insurance": {
        "insurer": "Atlântica", "policy_number": "P1", "clauses": "ICC C", "insured_value": {"amount": "173624.00", "currency": "USD"},
        "premium": {"amount": "410.00", "currency": "BRL"}, "beneficiary": "Elbspeicher", "valid_from": "2026-03-05", "valid_until": "2026-03-29",
    },
    "import_customs": {"importer_of_record": "Elbspeicher", "entry_number": "ATC40", "paid_by": "buyer", "released_on": "2026-03-30"},
    "receiving": {
        "received_on": "2026-03-31", "received_by": "Jens Ahrens",
        "lines": [
            {"product_id": PEABERRY, "quantity_received": 78, "accepted": 70, "damaged": 8},
            {"product_id": COFFEE, "quantity_received": 240, "accepted": 240, "damaged": 0},
        ],
    },
}  # fmt: skip
"""Forms of one trade, as they travel, each agreeing with the order and with those before it."""


def loaded(name: str, changes: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The form with changes by path, as its contract loads it; a change to None takes the field out."""
    form = deepcopy(FORM[name])
    for path, value in (changes or {}).items():
        at: Any = form
        *way, last = (int(part) if part.isdigit() else part for part in path.split("."))
        for part in way:
            at = at[part]
        if value is None:
            del at[last]
        else:
            at[last] = value
    return dict(FORMS[name]().load(form))


def facts(step: str = "", *, today: str = "2026-03-31", lines: tuple[Line, ...] = LINES, total: Money = TOTAL, **changes: Any) -> OrderFacts:
    """The order before the step: earlier forms are submitted; `changes` are to the terms."""
    names = [each.name for each in STEPS if each.form]
    earlier = {name: loaded(name) for name in names[: names.index(step)]} if step else {}
    return OrderFacts(lines, total, total, replace(TERMS, **changes), date.fromisoformat(today), earlier)


def usd(amount: str) -> dict[str, str]:
    return {"amount": amount, "currency": "USD"}


@pytest.mark.parametrize("name", FORM)
def test_a_form_that_agrees_with_its_order_passes_with_and_without_earlier_forms(name: str) -> None:
    assert check(name, loaded(name), facts(name)) == {}
    assert check(name, loaded(name), facts()) == {}


@pytest.mark.parametrize(
    ("name", "changes", "path"),
    [
        ("payment", {"amount": "157839.99"}, "amount"),
        ("payment", {"amount": "157840.001"}, "amount"),
        ("payment", {"currency": "EUR"}, "currency"),
        ("payment", {"method": "balance"}, "method"),
        ("payment", {"method": "card", "payment_method_id": "0197a3f0-0000-7000-8000-00000000000c"}, "method"),
        ("payment", {"payment_method_id": "0197a3f0-0000-7000-8000-00000000000c"}, "payment_method_id"),
        ("payment", {"paid_on": "2026-04-01"}, "paid_on"),
        ("payment_confirmation", {"received_amount": usd("157840.01")}, "received_amount"),
        ("payment_confirmation", {"received_amount": {"amount": "157840.00", "currency": "EUR"}}, "received_amount"),
        ("payment_confirmation", {"received_on": "2026-03-01"}, "received_on"),
        ("payment_confirmation", {"received_on": "2026-04-01"}, "received_on"),
        ("export_customs", {"lines.1.quantity": 79}, "lines.1.quantity"),
        ("export_customs", {"lines.0.unit": "KGM"}, "lines.0.unit"),
        ("export_customs", {"lines.0.customs_value": usd("117360.01")}, "lines.0.customs_value"),
        ("export_customs", {"lines.1.customs_value": {"amount": "40480.00", "currency": "BRL"}}, "lines.1.customs_value"),
        ("export_customs", {"lines.1": None}, "lines"),
        ("export_customs", {"gross_mass_kg": "19199.999"}, "gross_mass_kg"),
        ("export_customs", {"incoterm": "CFR"}, "incoterm"),
        ("export_customs", {"named_place": "Bremen"}, "named_place"),
        ("shipping", {"logistics_channel": "sea_lcl"}, "logistics_channel"),
        ("shipping", {"packages.0.count": 319}, "packages"),
        ("shipping", {"packages.0.weight_kg": "59.999"}, "packages"),
        ("shipping", {"shipping_notice.dispatched_on": "2026-03-03"}, "shipping_notice.dispatched_on"),
        ("shipping", {"shipping_notice.dispatched_on": "2026-04-01", "shipping_notice.estimated_arrival": None}, "shipping_notice.dispatched_on"),
        ("shipping", {"shipping_notice.estimated_arrival": "2026-03-04"}, "shipping_notice.estimated_arrival"),
        ("shipping", {"shipping_notice.mode": "air"}, "shipping_notice.mode"),
        ("shipping", {"shipping_notice.port_of_loading": "BRRIO"}, "shipping_notice.port_of_loading"),
        ("shipping", {"shipping_notice.port_of_discharge": "NLRTM"}, "shipping_notice.port_of_discharge"),
        ("insurance", {"insured_value": usd("173623.99")}, "insured_value.amount"),
        ("insurance", {"insured_value": {"amount": "173624.00", "currency": "EUR"}}, "insured_value.currency"),
        ("insurance", {"clauses": "ICC Air"}, "clauses"),
        ("insurance", {"valid_from": "2026-03-06"}, "valid_from"),
        ("insurance", {"valid_until": "2026-03-28"}, "valid_until"),
        ("import_customs", {"paid_by": "broker"}, "broker"),
        ("import_customs", {"released_on": "2026-03-04"}, "released_on"),
        ("import_customs", {"released_on": "2026-04-01"}, "released_on"),
        ("receiving", {"lines.1.quantity_received": 241, "lines.1.damaged": 1}, "lines.1.quantity_received"),
        ("receiving", {"lines.0.accepted": 71}, "lines.0.accepted"),
        ("receiving", {"lines.0": None}, "lines"),
        ("receiving", {"received_on": "2026-03-29"}, "received_on"),
        ("receiving", {"received_on": "2026-04-01"}, "received_on"),
    ],
)  # fmt: skip
def test_one_field_that_disagrees_is_named_and_no_other(name: str, changes: dict[str, Any], path: str) -> None:
    problems = check(name, loaded(name, changes), facts(name))
    assert list(problems) == [path]
    assert all(sentence.endswith(".") for sentence in problems[path])


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("payment_confirmation", {"received_on": "2026-03-02"}),
        ("export_customs", {"gross_mass_kg": "19200"}),
        ("shipping", {"packages.0.weight_kg": "60"}),
        ("shipping", {"shipping_notice.dispatched_on": "2026-03-04", "shipping_notice.estimated_arrival": "2026-03-04"}),
        ("import_customs", {"released_on": "2026-03-05"}),
        ("receiving", {"received_on": "2026-03-30"}),
    ],
)
def test_what_is_just_equal_agrees(name: str, changes: dict[str, Any]) -> None:
    assert check(name, loaded(name, changes), facts(name)) == {}


@pytest.mark.parametrize("name", ["export_customs", "receiving"])
def test_a_line_that_is_not_the_orders_or_is_there_twice_is_named_by_its_place(name: str) -> None:
    unknown = check(name, loaded(name, {"lines.1.product_id": "0197a3f0-0000-7000-8000-000000000009"}), facts(name))
    assert set(unknown) == {"lines.1.product_id", "lines"}
    first = FORM[name]["lines"][0]["product_id"]
    assert set(check(name, loaded(name, {"lines.1.product_id": first}), facts(name))) == {"lines.1.product_id", "lines"}


def test_all_that_disagrees_is_told_at_once() -> None:
    problems = check("payment", loaded("payment", {"amount": "1.00", "currency": "EUR", "method": "balance", "paid_on": "2026-12-01"}), facts("payment"))
    assert set(problems) == {"amount", "currency", "method", "paid_on"}


def test_under_escrow_the_buyer_pays_from_the_balance() -> None:
    assert list(check("payment", loaded("payment"), facts(settlement="escrow"))) == ["method"]
    assert check("payment", loaded("payment", {"method": "balance"}), facts(settlement="escrow")) == {}


@pytest.mark.parametrize("method", ["card", "wallet", "bank_debit"])
def test_under_escrow_the_buyer_pays_by_what_is_bound_and_says_which(method: str) -> None:
    bound = {"method": method, "payment_method_id": "0197a3f0-0000-7000-8000-00000000000c"}
    assert check("payment", loaded("payment", bound), facts(settlement="escrow")) == {}
    assert list(check("payment", loaded("payment", {"method": method}), facts(settlement="escrow"))) == ["payment_method_id"]
    assert list(check("payment", loaded("payment", bound | {"method": "balance"}), facts(settlement="escrow"))) == ["payment_method_id"]


def test_an_amount_is_compared_as_a_number_not_as_a_text() -> None:
    assert check("payment", loaded("payment", {"amount": "157840"}), facts()) == {}


def test_the_named_place_agrees_however_its_letters_are_cased() -> None:
    assert check("export_customs", loaded("export_customs", {"named_place": "HAMBURG"}), facts()) == {}


def test_without_a_declaration_the_packages_are_weighed_against_the_orders_own_masses() -> None:
    light = loaded("shipping", {"packages.0.weight_kg": "59.999"})
    assert list(check("shipping", light, facts())) == ["packages"]
    assert check("shipping", loaded("shipping", {"packages.0.count": 321}), facts()) == {}, "and no count is known"


def test_special_goods_among_the_lines_must_be_told() -> None:
    lines = (replace(LINES[0], special_goods=("liquid", "battery")), LINES[1])
    assert check("shipping", loaded("shipping", {"special_goods": ["battery"]}), facts(lines=lines))["special_goods"] == [
        "NY2 contains liquid: it must be told."
    ]
    assert check("shipping", loaded("shipping", {"special_goods": ["battery", "liquid"]}), facts(lines=lines)) == {}


def test_only_a_sea_incoterm_asks_for_carriage_by_sea() -> None:
    assert check("shipping", loaded("shipping", {"shipping_notice.mode": "air"}), facts(incoterm="CIP")) == {}


def test_ports_that_were_not_agreed_on_are_free() -> None:
    other = {"shipping_notice.port_of_loading": "BRRIO", "shipping_notice.port_of_discharge": None}
    assert check("shipping", loaded("shipping", other), facts(port_of_loading=None)) == {}


def test_only_cif_and_cip_ask_for_a_cover_and_its_currency() -> None:
    little = loaded("insurance", {"insured_value": {"amount": "1.00", "currency": "EUR"}})
    assert check("insurance", little, facts("insurance", incoterm="DAP")) == {}
    assert list(check("insurance", little, facts("insurance"))) == ["insured_value.currency"]


@pytest.mark.parametrize(("total", "cover", "enough"), [(15, "0.17", True), (15, "0.16", False), (100, "1.10", True), (100, "1.09", False)])
def test_the_cover_is_110_per_cent_without_rounding_down(total: int, cover: str, enough: bool) -> None:
    problems = check("insurance", loaded("insurance", {"insured_value": usd(cover)}), facts(total=Money(total, "USD")))
    assert problems == (
        {}
        if enough
        else {"insured_value.amount": [f"Under CIF the cover is at least 110 % of {Money(total, 'USD')}: {Money(17 if total == 15 else 110, 'USD')}."]}
    )


@pytest.mark.parametrize(("clauses", "allowed"), [("ICC A", True), ("ICC Air", True), ("ICC B", False), ("ICC C", False)])
def test_cip_asks_for_the_widest_cover(clauses: str, allowed: bool) -> None:
    problems = check("insurance", loaded("insurance", {"clauses": clauses}), facts(incoterm="CIP"))
    assert list(problems) == ([] if allowed else ["clauses"])


@pytest.mark.parametrize(("mode", "allowed"), [("air", True), ("express", True), ("sea", False), ("road", False), ("rail", False), ("post", False)])
def test_air_clauses_are_for_goods_that_go_by_air(mode: str, allowed: bool) -> None:
    shipped = replace(facts(incoterm="CIP"), submitted={"shipping": loaded("shipping", {"shipping_notice.mode": mode})})
    assert list(check("insurance", loaded("insurance", {"clauses": "ICC Air"}), shipped)) == ([] if allowed else ["clauses"])


def test_a_cover_cannot_end_before_it_begins() -> None:
    assert check("insurance", loaded("insurance", {"valid_until": "2026-03-05"}), facts()) == {}
    assert list(check("insurance", loaded("insurance", {"valid_until": "2026-03-04"}), facts())) == ["valid_until"]


def test_a_broker_who_paid_is_named() -> None:
    assert check("import_customs", loaded("import_customs", {"paid_by": "broker", "broker": "Steinwerder KG"}), facts()) == {}


def test_an_exceptions_reason_is_one_of_its_steps() -> None:
    shipping = next(step for step in STEPS if step.name == "shipping")
    for reason in shipping.reasons:
        assert check("exception", {"reason": reason, "note": "x"}, facts(), shipping.reasons) == {}
    assert list(check("exception", {"reason": "lost", "note": "x"}, facts(), shipping.reasons)) == ["reason"]


def test_a_note_has_nothing_to_disagree_with() -> None:
    assert check("note", {"note": "Please go on."}, facts()) == {}


@pytest.mark.parametrize("customs", ["platform", "carrier"])
def test_what_customs_will_ask_for_is_missed_line_by_line_before_it_is_asked(customs: str) -> None:
    whole = [asdict(line) for line in LINES]
    lines = (whole[0] | {"country_of_origin": None}, whole[1], whole[1] | {"hs_code": None, "country_of_origin": None})
    gaps = customs_gaps(lines, replace(TERMS, customs=customs))
    assert [(gap.line, gap.field) for gap in gaps] == [(0, "country_of_origin"), (2, "hs_code"), (2, "country_of_origin")]
    assert all(isinstance(gap, Gap) and ("CN23" in gap.message) == (customs == "carrier") for gap in gaps)
    assert customs_gaps(whole, replace(TERMS, customs=customs)) == []
