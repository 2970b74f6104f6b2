"""Code lists of the trade that need no library: the Harmonized System (shipped as data), Rec 20 units, Incoterms 2020, UN/LOCODE's form.

Sources: datasets/harmonized-system (Public Domain Dedication and Licence); UN/ECE Recommendation 20 (a selection: the units
goods are commonly declared in); ICC Incoterms 2020; UN/ECE Recommendation 16.
"""

from __future__ import annotations

import csv
import re
from functools import cache
from importlib import resources

INCOTERMS = ("EXW", "FCA", "CPT", "CIP", "DAP", "DPU", "DDP", "FAS", "FOB", "CFR", "CIF")
"""Incoterms 2020. The last four are for sea and inland waterway only."""

SEA_INCOTERMS = frozenset({"FAS", "FOB", "CFR", "CIF"})

UNITS = {
    "C62": "one (piece)", "PR": "pair", "SET": "set", "DZN": "dozen", "MIL": "thousand", "CEN": "hundred", "PK": "pack", "RO": "roll",
    "KGM": "kilogram", "GRM": "gram", "TNE": "tonne", "DTN": "decitonne", "LBR": "pound", "LTR": "litre", "MLT": "millilitre", "HLT": "hectolitre",
    "MTR": "metre", "CMT": "centimetre", "KMT": "kilometre", "MTK": "square metre", "MTQ": "cubic metre", "CTM": "metric carat", "KWH": "kilowatt hour",
}  # fmt: skip

_UN_LOCODE = re.compile(r"[A-Z]{2}[A-Z2-9]{3}")


@cache
def harmonized_system() -> dict[str, str]:
    """Six-digit Harmonized System subheadings: code (`"090111"`) → description."""
    with resources.files("shared.kit").joinpath("data/harmonized-system.csv").open(encoding="utf-8") as file:
        return {row["hscode"]: row["description"] for row in csv.DictReader(file) if row["level"] == "6"}


def hs_description(code: str) -> str | None:
    """What the code's first six digits stand for, or None where they are not in the table. National codes add up to four digits."""
    return harmonized_system().get(code[:6]) if code.isascii() and code.isdigit() and 6 <= len(code) <= 10 else None


def is_un_locode(code: str) -> bool:
    """Whether the code has UN/LOCODE's form: a country, then three letters or digits 2-9 (`"CNSHA"`). The list itself is not shipped."""
    return _UN_LOCODE.fullmatch(code) is not None
