"""What stands on the papers that go with an export: commercial invoice, packing list, export declaration. Words and numbers only; how they
look on a page is printing's business."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple

from services.logistics.application.paper import Column, Labelled, Panel, Paper
from services.logistics.application.wording import address_lines, amount, country, kg, mass, short
from shared.kit.reference import UNITS, hs_description

SETTLEMENTS = {"direct": "Direct to the seller", "escrow": "Held by the platform until receipt"}

Line = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Export:
    """What the papers tell of: `order` has the facts of `OrderPlaced`, `form` is an `ExportCustomsForm`, `pairs` are the order's lines with
    their declared lines, `channel` is the carrying channel's name, `numbers` and `revisions` are the papers' own, by name."""

    order: Mapping[str, Any]
    form: Mapping[str, Any]
    pairs: Sequence[tuple[Line, Line]]
    channel: str
    at: datetime
    numbers: Mapping[str, str]
    revisions: Mapping[str, int]

    @property
    def currency(self) -> str:
        return str(self.order["total"].currency)

    @property
    def incoterm(self) -> tuple[str, str]:
        return "Incoterms 2020", f"{self.form['incoterm']} {self.form['named_place']}"

    @property
    def route(self) -> Labelled:
        terms = self.order["terms"]
        loading = terms.get("port_of_loading") or self.form["port_of_export"]
        return [self.incoterm, ("Port of loading", loading), ("Port of discharge", terms.get("port_of_discharge") or "–"), ("Carriage", self.channel)]

    @property
    def packages(self) -> tuple[str, str]:
        return "Packages", f"{self.form['packages']:,}"

    @property
    def net_mass(self) -> tuple[str, str]:
        return "Net mass", kg(sum((declared["net_mass_kg"] for _, declared in self.pairs), start=Decimal(0)))

    @property
    def gross_mass(self) -> tuple[str, str]:
        return "Gross mass", kg(self.form["gross_mass_kg"])

    @property
    def licence(self) -> Labelled:
        number = self.form.get("licence_number")
        return [("Export licence", number)] if number else []


class _Cells(NamedTuple):
    """A column, and what stands in it for an order line and the line that declares it."""

    title: str
    width: int
    of: Callable[[Line, Line], list[str]]
    right: bool = False


_HS_CODE = _Cells("HS code", 20, lambda _, declared: [declared["hs_code"]])
_ORIGIN = _Cells("Origin", 12, lambda _, declared: [declared["country_of_origin"]])
_QUANTITY = _Cells("Quantity", 17, lambda line, _: [f"{line['quantity']:,}"], right=True)
_UNIT = _Cells("Unit", 16, lambda line, _: ["piece" if line["unit"] == "C62" else UNITS[line["unit"]]])
_NET_MASS = _Cells("Net mass kg", 22, lambda _, declared: [mass(declared["net_mass_kg"])], right=True)


def commercial_invoice(export: Export) -> Paper:
    """What the buyer pays for, line by line."""
    origins = ", ".join(map(country, sorted({declared["country_of_origin"] for _, declared in export.pairs})))
    return _paper(
        export,
        "commercial_invoice",
        "Commercial invoice",
        facts=[
            *export.route,
            ("Payment", SETTLEMENTS[export.order["terms"]["settlement"]]),
            ("Currency", export.currency),
            export.packages,
            export.gross_mass,
            *export.licence,
        ],
        cells=[
            _Cells("Description of goods", 60, lambda line, declared: [declared["description"], f"SKU {line['sku']} · {line['title']}"]),
            _HS_CODE,
            _ORIGIN,
            _QUANTITY,
            _UNIT,
            _Cells("Unit price", 20, lambda line, _: [amount(line["unit_price"])], right=True),
            _Cells("Amount", 25, lambda line, _: [amount(line["line_total"])], right=True),
        ],
        totals=[export.net_mass, (f"Invoice total ({export.currency})", amount(export.order["total"]))],
        statements=[f"The goods are of these origins: {origins}.", "We certify that this invoice is true and correct and shows the price actually payable."],
    )


def packing_list(export: Export) -> Paper:
    """What is in the packages. Where the lines' gross masses are not the consignment's, the difference is told, so that the list adds up."""
    of_lines = sum((line["gross_mass_kg"] for line, _ in export.pairs), start=Decimal(0))
    outer = export.form["gross_mass_kg"] - of_lines
    difference = [("Gross mass of the lines", kg(of_lines)), ("Outer packing and differences", kg(outer))] if outer else []
    return _paper(
        export,
        "packing_list",
        "Packing list",
        facts=[*export.route, ("Commercial invoice", export.numbers["commercial_invoice"]), export.packages, export.gross_mass],
        cells=[
            _Cells("Contents", 70, lambda line, _: [line["title"], " · ".join((f"SKU {line['sku']}", *_properties(line)))]),
            _HS_CODE,
            _QUANTITY,
            _UNIT,
            _NET_MASS,
            _Cells("Gross mass kg", 25, lambda line, _: [mass(line["gross_mass_kg"])], right=True),
        ],
        totals=[export.packages, export.net_mass, *difference, export.gross_mass],
    )


def export_declaration(export: Export) -> Paper:
    """What customs is told."""
    values = [declared["customs_value"] for _, declared in export.pairs]
    produced = export.form.get("documents") or []
    return _paper(
        export,
        "export_declaration",
        "Export declaration",
        barcode=True,
        second=Panel(title="Declarant", lines=[export.form["declarant"]]),
        facts=[
            ("Movement reference number", export.numbers["export_declaration"]),
            ("Port of export", export.form["port_of_export"]),
            ("Country of destination", country(export.order["terms"]["ship_to"]["country"])),
            export.incoterm,
            ("Commercial invoice", export.numbers["commercial_invoice"]),
            ("Packing list", export.numbers["packing_list"]),
            export.packages,
            export.gross_mass,
            *export.licence,
        ],
        cells=[
            _Cells("Description of goods", 58, lambda _, declared: [declared["description"], hs_description(declared["hs_code"]) or ""]),
            _HS_CODE,
            _ORIGIN,
            _QUANTITY,
            _UNIT,
            _NET_MASS,
            _Cells(f"Value {export.currency}", 25, lambda _, declared: [amount(declared["customs_value"])], right=True),
        ],
        totals=[export.net_mass, export.gross_mass, (f"Customs value ({export.currency})", amount(sum(values[1:], start=values[0])))],
        statements=[*(f"Document produced: {each}" for each in produced), "The declarant declares that the particulars above are true and complete."],
    )


PAPERS: Mapping[str, Callable[[Export], Paper]] = {
    "commercial_invoice": commercial_invoice,
    "packing_list": packing_list,
    "export_declaration": export_declaration,
}


def _paper(
    export: Export,
    name: str,
    title: str,
    *,
    facts: Labelled,
    cells: Sequence[_Cells],
    totals: Labelled,
    statements: Sequence[str] = (),
    second: Panel | None = None,
    barcode: bool = False,
) -> Paper:
    order, form = export.order, export.form
    seller = Panel(title="Seller / exporter", lines=[order["supplier"]["name"], f"Registration no. {form['exporter_registration_number']}"])
    buyer = Panel(title="Buyer", lines=[order["buyer"]["name"]])
    consignee = Panel(title="Consignee", lines=address_lines(order["terms"]["ship_to"]))
    return Paper(
        title=title,
        number=export.numbers[name],
        reference=order["number"],
        issued_on=f"{export.at:%d %B %Y}",
        revision=export.revisions[name],
        barcode=barcode,
        panels=[seller, second or buyer, consignee],
        facts=facts,
        columns=[Column(title="#", width=8, right=False), *(Column(title=each.title, width=each.width, right=each.right) for each in cells)],
        rows=[[[str(number)], *(short(each.of(*pair)) for each in cells)] for number, pair in enumerate(export.pairs, 1)],
        totals=totals,
        statements=list(statements),
        signed_by=form["declarant"],
    )


def _properties(line: Line) -> list[str]:
    return [f"{name}: {value}" for name, value in (line.get("properties") or {}).items()]
