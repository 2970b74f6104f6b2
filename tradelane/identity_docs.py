"""Writes which identity numbers are known, and how each is checked, as a page: docs/identity-numbers.md. All of it comes from the table."""

from __future__ import annotations

from collections.abc import Iterator

import pycountry

from shared.contracts.identity_numbers import KINDS, NUMBERS


def markdown() -> str:
    """The page."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    yield "# Identity numbers\n"
    yield "Generated from `shared/contracts/identity_numbers.py`: change that, then run `tradelane docs`.\n"
    yield "A verification's `numbers` are of these types. Each is checked as its register makes it, and kept the way it is written here, without spaces, dots and dashes"
    yield "that people write it with. Examples are made up, or published as such.\n"
    for kind, (what, holders) in KINDS.items():
        yield f"## `{kind}`\n"
        yield f"{what}. Of a {' or a '.join(sorted(holders))}.\n"
        yield "| country | called | for example | checked |"
        yield "| --- | --- | --- | --- |"
        for number in NUMBERS:
            if number.type == kind:
                known = pycountry.countries.get(alpha_2=number.country)
                country = f"{known.alpha_2} {known.name}" if known else "any: it is left out"
                checked = "check digits" if number.check_digits else "form only"
                yield f"| {country} | {number.label} | `{number.example}` | {checked} |"
        yield ""
