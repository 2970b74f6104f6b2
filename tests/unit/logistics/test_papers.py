from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from services.logistics.application.paper import Paper
from services.logistics.application.papers import PAPERS, Export
from services.logistics.domain.export import declared_lines
from services.logistics.domain.refusal import Refusal
from tests.unit.logistics.sample import export_form, loaded_form, loaded_order, order, terms, usd

NUMBERS = {"commercial_invoice": "CI-AAAAA-11111", "packing_list": "PL-BBBBB-22222", "export_declaration": "26CN0ZK2W7Q4M9ABA4"}


def papers(of: dict[str, Any] | None = None, form: dict[str, Any] | None = None, revision: int = 1) -> dict[str, Paper]:
    facts, declared = loaded_order(of or order()), loaded_form(form or export_form(of))
    pairs = declared_lines(facts["lines"], declared)
    assert not isinstance(pairs, Refusal)
    at = datetime(2026, 3, 1, 23, 30, tzinfo=UTC)
    export = Export(facts, declared, pairs, "Sea freight, full container load", at, NUMBERS, dict.fromkeys(PAPERS, revision))
    return {name: compose(export) for name, compose in PAPERS.items()}


def test_the_invoice_has_parties_terms_and_every_line_with_its_price() -> None:
    invoice = papers()["commercial_invoice"]
    assert [panel["lines"][0] for panel in invoice["panels"]] == ["Ningbo Haitian Tools Co., Ltd.", "Müller & Søn GmbH", "Jörg Müller"]
    assert invoice["panels"][2]["lines"][-1] == "Netherlands (NL)"
    assert dict(invoice["facts"]) == {
        "Incoterms 2020": "CIF Rotterdam",
        "Port of loading": "CNNGB",
        "Port of discharge": "NLRTM",
        "Carriage": "Sea freight, full container load",
        "Payment": "Direct to the seller",
        "Currency": "USD",
        "Packages": "42",
        "Gross mass": "2,640.625 kg",
    }
    assert [column["title"] for column in invoice["columns"]] == ["#", "Description of goods", "HS code", "Origin", "Quantity", "Unit", "Unit price", "Amount"]
    assert invoice["rows"][0] == [
        ["1"],
        ["Pneumatic hand drill 12 mm, new", "SKU HT-1200 · Pneumatic hand drill 12 mm"],
        ["84671100"],
        ["CN"],
        ["1,200"],
        ["piece"],
        ["58.50"],
        ["70,200.00"],
    ]
    assert invoice["totals"] == [("Net mass", "2,334.250 kg"), ("Invoice total (USD)", "73,050.00")]
    assert invoice["statements"][0] == "The goods are of these origins: China (CN)."
    assert (invoice["number"], invoice["reference"], invoice["issued_on"]) == ("CI-AAAAA-11111", "TO-7Q4M9-0ZK2W", "01 March 2026")


def test_the_packing_list_has_masses_and_no_prices() -> None:
    packing = papers()["packing_list"]
    assert packing["rows"][1] == [["2"], ["Keyless chuck set", "SKU HT-0013 · colour: blue"], ["84661020"], ["300"], ["set"], ["174.250"], ["195.125"]]
    assert "73,050.00" not in json.dumps(packing)


def test_the_packing_list_adds_up_to_the_declared_gross_mass() -> None:
    assert papers()["packing_list"]["totals"] == [
        ("Packages", "42"),
        ("Net mass", "2,334.250 kg"),
        ("Gross mass of the lines", "2,595.625 kg"),
        ("Outer packing and differences", "45.000 kg"),
        ("Gross mass", "2,640.625 kg"),
    ]


def test_without_outer_packing_there_is_no_line_for_it() -> None:
    totals = papers(form=export_form(gross_mass_kg="2595.625"))["packing_list"]["totals"]
    assert [label for label, _ in totals] == ["Packages", "Net mass", "Gross mass"]


def test_the_declaration_refers_to_the_other_papers_and_totals_the_customs_values() -> None:
    declaration = papers(form=export_form(licence_number="EL-77"))["export_declaration"]
    facts = dict(declaration["facts"])
    assert (facts["Commercial invoice"], facts["Packing list"], facts["Movement reference number"]) == tuple(NUMBERS.values())
    assert (facts["Port of export"], facts["Country of destination"], facts["Export licence"]) == ("CNNGB", "Netherlands (NL)", "EL-77")
    assert declaration["totals"][-1] == ("Customs value (USD)", "73,050.00")
    assert declaration["rows"][0][1][1].startswith("Tools; for working in the hand, pneumatic, rotary type")
    assert declaration["statements"][0] == "Document produced: Certificate of origin CO-2211"
    assert declaration["barcode"]


def test_amounts_have_the_decimals_of_their_currency() -> None:
    lines = [order()["lines"][0] | {"unit_price": {"amount": "8200", "currency": "JPY"}, "line_total": {"amount": "9840000", "currency": "JPY"}}]
    invoice = papers(order(lines=lines, total={"amount": "9840000", "currency": "JPY"}))["commercial_invoice"]
    assert invoice["totals"][-1] == ("Invoice total (JPY)", "9,840,000")
    assert invoice["rows"][0][-2:] == [["8,200"], ["9,840,000"]]


def test_terms_without_ports_name_the_port_of_export() -> None:
    ashore = {name: value for name, value in terms(incoterm="DAP", settlement="escrow").items() if not name.startswith("port_")}
    facts = dict(papers(order(terms=ashore))["commercial_invoice"]["facts"])
    assert (facts["Port of loading"], facts["Port of discharge"]) == ("CNNGB", "–")
    assert facts["Payment"] == "Held by the platform until receipt"


def test_words_that_would_not_fit_a_page_are_cut_visibly() -> None:
    properties = {f"property {n}": "x" * 200 for n in range(50)}
    cell = papers(order(lines=[order()["lines"][0] | {"properties": properties}], total=usd("70200.00")))["packing_list"]["rows"][0][1]
    assert len(cell[1]) == 240
    assert cell[1].endswith("…")


@pytest.mark.parametrize("name", PAPERS)
def test_columns_fill_the_page_and_each_row_has_a_cell_for_each(name: str) -> None:
    paper = papers()[name]
    assert sum(column["width"] for column in paper["columns"]) == 178
    assert {len(row) for row in paper["rows"]} == {len(paper["columns"])}


def test_papers_are_plain_json() -> None:
    for paper in papers(revision=3).values():
        assert json.loads(json.dumps(paper))["revision"] == 3
