"""How much of an account's number is shown."""

from __future__ import annotations

import pytest

from shared.kit.account_numbers import mask_account


@pytest.mark.parametrize(
    ("account", "masked"),
    [("DE89370400440532013000", "******************3000"), ("12345", "*2345"), ("1234", "****"), ("7", "*"), ("", "")],
)
def test_of_an_account_only_the_last_four_characters_stay(account: str, masked: str) -> None:
    assert mask_account(account) == masked
    assert mask_account(masked) == masked
