from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from services.catalog.domain.search import LONGEST, words


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Stainless-Steel Bottle, 500 ml", ["stainless", "steel", "bottle", "500", "ml"]),
        ("CAFÉ café Cafe", ["cafe"]),
        ("Straße STRASSE", ["strasse"]),
        ("TB_500/blue", ["tb", "500", "blue"]),
        ("陶瓷杯 mug", ["陶", "瓷", "杯", "mug"]),
        ("100% cotton' OR 1=1 --", ["100", "cotton", "or", "1"]),
        ("%_\\ & | ! :* ()", []),
    ],
)
def test_words_are_folded_letters_and_digits(text: str, found: list[str]) -> None:
    assert words(text) == found


def test_absent_texts_are_passed_over() -> None:
    assert words("Mug", None, "", "Blue") == ["mug", "blue"]


@given(st.text())
def test_no_text_gives_a_word_that_needs_escaping_or_does_not_find_itself(text: str) -> None:
    found = words(text)
    assert all(word.isalnum() and len(word) <= LONGEST for word in found)
    assert words(" ".join(found)) == found
