from __future__ import annotations

import time
import uuid

import pytest

from shared.kit.ids import derived_id, new_id, new_number
from shared.kit.reference import harmonized_system, hs_description, is_un_locode


def test_ids_are_uuid7_and_sort_by_time() -> None:
    first = new_id()
    time.sleep(0.002)
    second = new_id()
    assert uuid.UUID(first).version == uuid.UUID(second).version == 7
    assert uuid.UUID(first).variant == uuid.RFC_4122
    assert first < second
    assert len({new_id() for _ in range(10_000)}) == 10_000


def test_a_derived_id_is_the_same_for_the_same_parts_only() -> None:
    assert derived_id("a", "bc") == derived_id("a", "bc")
    assert derived_id("a", "bc") != derived_id("ab", "c")


def test_numbers_for_people_have_no_letters_that_look_alike() -> None:
    letters = "".join(new_number("TO").removeprefix("TO-") for _ in range(500))
    assert not set(letters) & set("ILOU")


def test_the_harmonized_system_is_whole() -> None:
    assert len(harmonized_system()) == 5613
    assert hs_description("090111") == "Coffee; not roasted or decaffeinated"


@pytest.mark.parametrize(
    ("code", "known"), [("0901110090", True), ("09011", False), ("000000", False), ("09011100901", False), ("٠٩٠١١١", False), ("9901ab", False)]
)
def test_an_hs_code_has_six_to_ten_digits_and_begins_in_the_table(code: str, known: bool) -> None:
    assert (hs_description(code) is not None) == known


@pytest.mark.parametrize(("code", "fits"), [("CNSHA", True), ("US2AB", True), ("CNSH1", False), ("cnsha", False), ("CNSHAX", False), ("C1SHA", False)])
def test_a_un_locode_has_its_form(code: str, fits: bool) -> None:
    assert is_un_locode(code) == fits
