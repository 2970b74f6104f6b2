"""Cross-checks of both customs declarations, and what customs will ask for that the order's lines lack."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from services.orders.domain.checks.facts import Form, OrderFacts, Problems, paired
from services.orders.domain.terms import Terms


@dataclass(frozen=True, slots=True)
class Gap:
    """What a line lacks, under the names of the contract's LineGap."""

    line: int
    product_id: str
    field: str
    message: str


def customs_gaps(lines: Iterable[Mapping[str, Any]], terms: Terms) -> list[Gap]:
    """What the lines (`OrderLine`s) lack for customs, to be told before the customs step. A carrier that clears asks for the same two facts (UPU form CN23)."""
    paper = "export declaration" if terms.customs == "platform" else "carrier's customs declaration (CN23)"
    wanted = {"hs_code": "HS code", "country_of_origin": "country of origin"}
    return [
        Gap(number, line["product_id"], name, f"{line['sku']} has no {words}: the {paper} will ask for it.")
        for number, line in enumerate(lines)
        for name, words in wanted.items()
        if not line[name]
    ]


def check_export_customs(form: Form, facts: OrderFacts) -> Problems:
    """The lines declared are the order's, in quantity, unit and value; the masses add up; Incoterm and place are the terms'."""
    problems = Problems()
    for path, given, line in paired(form, facts, problems):
        problems.unless(given["quantity"] == line.quantity, f"{path}.quantity", f"The order's line has {line.quantity}.")
        problems.unless(given["unit"] == line.unit, f"{path}.unit", f"The order's line is in {line.unit}.")
        problems.unless(given["customs_value"] == line.line_total, f"{path}.customs_value", f"The order's line is worth {line.line_total}.")
    net = sum(given["net_mass_kg"] for given in form["lines"])
    problems.unless(net <= form["gross_mass_kg"], "gross_mass_kg", f"The lines' net masses add up to {net} kg: the gross mass cannot be less.")
    problems.unless(form["incoterm"] == facts.terms.incoterm, "incoterm", f"The order's Incoterm is {facts.terms.incoterm}.")
    same_place = form["named_place"].casefold() == facts.terms.named_place.casefold()
    problems.unless(same_place, "named_place", f"The order's named place is {facts.terms.named_place}.")
    return problems


def check_import_customs(form: Form, facts: OrderFacts) -> Problems:
    """The release comes after the dispatch, and a broker who paid is named."""
    problems = Problems()
    problems.unless(form["paid_by"] != "broker" or bool(form.get("broker")), "broker", "Name the broker who paid.")
    problems.unless_between(form["released_on"], "released_on", facts, after=["shipping.shipping_notice.dispatched_on"])
    return problems
