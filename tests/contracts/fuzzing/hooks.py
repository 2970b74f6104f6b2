"""What Schemathesis loads: a smaller document to work from, formats as they are meant here, and the check that good data are taken."""

from __future__ import annotations

import json
import re
from typing import Any

import schemathesis
from hypothesis import strategies as st
from schemathesis.specs.openapi.checks import positive_data_acceptance

MOST_CODES = 2
"""Codes of a list that are tried: every country in every address would tell no more than a few do."""

UNSAYABLE = (
    "cannot be printed",  # a pattern for it would stand at hundreds of fields, and in every form that is answered
    r"has \d decimals, .* has more|out of range",  # the currency says how many decimals; the amount and the currency are two fields
    "is not in the Harmonized System",  # 6,940 codes
    "Not a UN/LOCODE",  # its country is one of ISO 3166-1
    "Not a country|is not a country",  # so is that of a tariff's area, or of a bank's code
    "Not an IBAN|(Not an?|Is no) .*: the number",  # check digits
    "Give either|leave it out|Say where the answer is to go",  # which of two is wanted, and by whom
    "Is in the past",
    "There is no such (state|form)|Must be one of: ",  # the order's table has the states and steps, no contract
)
"""What is said of values that are as the schema asks, and are wrong all the same, as regular expressions."""

schemathesis.openapi.format("email", st.from_regex(r"[a-z]{1,12}@[a-z]{1,12}[.](com|org|example)", fullmatch=True))


@schemathesis.hook
def before_load_schema(context: Any, raw_schema: dict[str, Any]) -> None:
    """Requests are made by schemas of their own, with shorter lists of codes; answers are held against the whole."""
    schemas = raw_schema["components"]["schemas"]
    schemas |= {f"Asked{name}": _shortened(schema) for name, schema in schemas.items()}
    for operation in (operation for path in raw_schema["paths"].values() for operation in path.values()):
        for name in operation.keys() & {"parameters", "requestBody"}:
            operation[name] = _shortened(operation[name])


def _shortened(value: Any) -> Any:
    if isinstance(value, list):
        return [_shortened(each) for each in value]
    if not isinstance(value, dict):
        return value
    short = {name: _shortened(each) for name, each in value.items()}
    if isinstance(codes := value.get("enum"), list):
        short["enum"] = codes[:MOST_CODES]
    if isinstance(reference := value.get("$ref"), str):
        short["$ref"] = reference.replace("#/components/schemas/", "#/components/schemas/Asked")
    return short


TOOLS_OWN = ("if_match_malformed", "text_malformed")
"""Said of what Schemathesis makes up by itself: its own idea of an If-Match, whatever the pattern; half a character where it is short of different texts."""


@schemathesis.check
def good_data_is_taken(ctx: Any, response: Any, case: Any) -> bool | None:
    """What the schema allows is not refused as malformed or as a wrong field; that it does not fit what is there (another code, or a sentence of
    `UNSAYABLE`) is no fault of the schema's."""
    if response.status_code == 412:  # the version is made up
        return None
    if response.status_code in (400, 422):
        problem = json.loads(response.content)
        if problem["code"] in TOOLS_OWN:
            return None
        sentences = [sentence for each in problem.get("errors", {}).values() for sentence in each]
        if response.status_code == 422 and problem["code"] != "invalid_fields":
            return None
        if any(re.search(known, sentence) for known in UNSAYABLE for sentence in [*sentences, problem["detail"]]):
            return None
    return positive_data_acceptance(ctx, response, case)
