"""What export customs needs of a declaration before it is filed, told against the order that it is for."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Mapping, Sequence
from typing import Any

from services.logistics.domain.refusal import Refusal

# Goods no country lets out without a licence, by the start of their HS code (chapters 28, 36, 71 and 93).
LICENSED = {
    "2844": "radioactive materials",
    "3601": "explosives",
    "3602": "explosives",
    "3603": "detonators and fuses",
    "710210": "rough diamonds",
    "710231": "rough diamonds",
    "93": "arms and ammunition",
}

Line = Mapping[str, Any]


def declared_lines(ordered: Sequence[Line], form: Mapping[str, Any]) -> list[tuple[Line, Line]] | Refusal:
    """Each of the order's lines (contract `OrderLine`) with the one that declares it in the form (`ExportCustomsForm`), or why customs would
    turn the declaration down."""
    waiting: dict[str, deque[Line]] = defaultdict(deque)
    for declared in form["lines"]:
        waiting[declared["product_id"]].append(declared)
    pairs = []
    for number, line in enumerate(ordered, 1):
        if not waiting[line["product_id"]]:
            return Refusal("line_not_declared", f"Line {number} of the order ({line['title']}) is not declared.")
        declared = waiting[line["product_id"]].popleft()
        if refusal := _line_refusal(number, line, declared, form.get("licence_number")):
            return refusal
        pairs.append((line, declared))
    if left := sum(map(len, waiting.values())):
        return Refusal("line_not_ordered", f"The declaration has {left} more lines than the order.")
    net_mass = sum(declared["net_mass_kg"] for _, declared in pairs)
    if net_mass > form["gross_mass_kg"]:
        return Refusal("mass_mismatch", f"The lines' net mass is {net_mass} kg, more than the gross mass of {form['gross_mass_kg']} kg.")
    return pairs


def _line_refusal(number: int, line: Line, declared: Line, licence: str | None) -> Refusal | None:
    if (declared["quantity"], declared["unit"]) != (line["quantity"], line["unit"]):
        wanted, given = (f"{each['quantity']} {each['unit']}" for each in (line, declared))
        return Refusal("quantity_mismatch", f"Line {number}: {given} are declared, {wanted} are ordered.")
    value, invoiced = declared["customs_value"].currency, line["line_total"].currency
    if value != invoiced:
        return Refusal("currency_mismatch", f"Line {number}: the customs value is in {value}, the invoice in {invoiced}.")
    if not licence and (goods := licensed(declared["hs_code"])):
        return Refusal("licence_missing", f"Line {number}: {goods} (HS {declared['hs_code']}) need an export licence; name its number.")
    return None


def licensed(hs_code: str) -> str | None:
    """Which goods under licence the HS code stands for, or None."""
    return next((goods for start, goods in LICENSED.items() if hs_code.startswith(start)), None)
