"""What looks like a card number is found wherever it stands, and what only has digits is left alone."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, strategies as st

from shared.kit.card_numbers import has_card_number, refuse_card_numbers
from shared.kit.errors import Invalid
from shared.kit.ids import new_id

CARD = "4242424242424242"


@pytest.mark.parametrize(
    "text",
    [
        CARD,
        "4242 4242 4242 4242",
        "4242-4242-4242-4242",
        "4242.4242.4242.4242",
        "3782 822463 10005",  # American Express
        "4222222222222",  # 13 digits
        "6304000000000000000",  # 19 digits
        "my Visa is 4242 4242 4242 4242, valid until 12/30",
        "12 4242 4242 4242 4242",
        "4242 4242 4242 4242 123",
        "tok_4242424242424242",
        "Visa4242424242424242",
        "visa4242424242424242cvc123",
        "4242\u20134242\u20134242\u20134242",  # en dashes
        "4242, 4242:4242\t4242",
        "4242\u200b4242\u200b4242\u200b4242",  # nothing to be seen between them
        "\uff14\uff12\uff14\uff12" * 4,  # full width
    ],
)
def test_a_card_number_is_seen(text: str) -> None:
    assert has_card_number(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Visa •••• 4242",
        "4242424242424243",  # the check digit is wrong
        "424242424242",  # 12 digits
        "42424242424242424242",  # 20 digits
        "DE89370400440532013000",
        "2026-11-25",
        "0197a3f0-0000-7000-8000-000000000000",
        "+44 20 7946 0958",
    ],
)
def test_what_is_none_is_left_alone(text: str) -> None:
    assert not has_card_number(text)


def test_what_is_random_in_a_token_is_left_alone_and_nowhere_else() -> None:
    token = "tok4242424242424242xyzabcdefghij"
    refuse_card_numbers({"token": token, "payment_method_id": token})
    with pytest.raises(Invalid) as refused:
        refuse_card_numbers({"label": token})
    assert list(refused.value.errors) == ["label"]


@given(prefix=st.text("0123456789", min_size=12, max_size=18), blanks=st.lists(st.sampled_from(["", " ", "-"]), min_size=19, max_size=19))
def test_every_number_with_a_right_check_digit_is_seen_however_it_is_written(prefix: str, blanks: list[str]) -> None:
    found = [digit for digit in "0123456789" if has_card_number(prefix + digit) and luhn(prefix + digit)]
    assert len(found) == 1
    assert has_card_number("".join(digit + blank for digit, blank in zip(prefix + found[0], blanks, strict=False)))


def luhn(digits: str) -> bool:
    """The formula from the other end: digits in the even places from the right count as the digit sum of their double."""
    total = 0
    for place, digit in enumerate(digits[::-1], 1):
        total += sum(map(int, str(int(digit) * 2))) if place % 2 == 0 else int(digit)
    return total % 10 == 0


def test_ids_are_none_however_many_are_tried() -> None:
    assert not any(has_card_number(new_id()) for _ in range(20_000))


@pytest.mark.parametrize(
    ("data", "fields"),
    [
        ({"token": CARD}, {"token"}),
        ({"label": f"mine: {CARD}", "token": "tok_1"}, {"label"}),
        ({"token": int(CARD)}, {"token"}),
        ({"card": {"number": CARD, "cvc": "123"}}, {"card.number"}),
        ({"cards": ["tok_1", CARD]}, {"cards.1"}),
        ({CARD: "x"}, {"_"}),
        ({"card": {CARD: CARD}}, {"card"}),
        (CARD, {"_"}),
    ],
)
def test_the_field_is_named_and_the_number_is_not_repeated(data: Any, fields: set[str]) -> None:
    with pytest.raises(Invalid) as caught:
        refuse_card_numbers(data)
    assert caught.value.code == "card_number_refused"
    assert caught.value.errors.keys() == fields
    assert CARD not in json.dumps([caught.value.message, caught.value.errors, caught.value.data])


def test_data_without_one_pass() -> None:
    refuse_card_numbers({"provider": "sandbox", "token": "tok_1", "label": None, "more": [1, {"two": True}]})


def test_what_is_too_long_to_be_looked_through_is_refused_unseen() -> None:
    assert not has_card_number("1 " * 5_000)
    assert not has_card_number("1" * 10_000)
    assert has_card_number("a" * 10_001)
