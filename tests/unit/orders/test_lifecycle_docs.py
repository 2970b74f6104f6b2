from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from services.orders.domain.lifecycle import LABELS, STATES
from services.orders.domain.steps import RULES, STEPS
from services.orders.domain.terms import EVERY_CHOICE
from services.orders.domain.transitions import expand
from tradelane.lifecycle_diagram import diagram
from tradelane.lifecycle_docs import markdown
from tradelane.lifecycle_ways import ways

DOCS = Path(__file__).parents[3] / "docs"
SVG = "{http://www.w3.org/2000/svg}"


@pytest.mark.parametrize(("name", "drawn"), [("lifecycle.md", markdown), ("lifecycle.svg", diagram)])
def test_what_is_kept_in_docs_is_what_the_table_says_today(name: str, drawn: Callable[[], str]) -> None:
    assert (DOCS / name).read_text(encoding="utf-8") == drawn(), "run: tradelane docs"


def test_the_page_names_every_transition_of_all_terms() -> None:
    lines = markdown().splitlines()
    for choices in EVERY_CHOICE:
        for each in expand(STEPS, RULES, choices):
            start = f"| `{each.source}` | `{each.action}` |" if each.source else f"| – | `{each.action}` |"
            assert [line for line in lines if line.startswith(start) and f"`{each.target}`" in line and f"`{each.event}`" in line]


def test_conditions_are_those_the_transitions_share() -> None:
    conditions = {(way.transition.source, way.transition.action): way.condition for way in ways()}
    assert conditions["awaiting_payment", "pay"] == ""
    assert conditions["buyer_paid", "confirm_payment"] == "settlement = direct"
    assert conditions["ready_to_ship", "cancel"] == "settlement = escrow"


def test_the_page_shows_each_field_of_each_form_and_what_is_needed() -> None:
    page = markdown()
    assert "| `packing_check_list.shock_proof` | * | must be true |  |" in page
    assert "| `lines[].hs_code` | * | HS code, 6 to 10 digits |  |" in page
    assert "| `licence_number` |  | text, up to 60 characters |  |" in page


def test_the_picture_is_well_formed_and_shows_every_state_and_button_inside_its_frame() -> None:
    picture = ET.fromstring(diagram())
    words = {text.text for text in picture.iter(f"{SVG}text")}
    assert set(STATES) <= words
    assert {step.button for step in STEPS} | {step.title for step in STEPS} <= words
    assert LABELS["completed"] in words
    width, height = (float(size) for size in picture.attrib["viewBox"].split()[2:])
    assert width == 1000
    for text in picture.iter(f"{SVG}text"):
        assert 0 <= float(text.attrib["x"]) <= width
        assert 0 <= float(text.attrib["y"]) <= height
