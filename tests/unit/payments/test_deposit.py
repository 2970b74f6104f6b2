"""Which deposits are taken."""

from __future__ import annotations

import pytest

from services.payments.domain.deposit import check_deposit
from shared.kit.errors import Invalid
from shared.kit.ids import new_id
from shared.kit.money import Money


@pytest.mark.parametrize("currency", ["USD", "JPY", "KWD", "XOF"])
def test_money_for_an_account_is_taken(currency: str) -> None:
    check_deposit(new_id(), Money(1, currency))


@pytest.mark.parametrize("account_id", ["00000000-0000-0000-0000-000000000000", "7249e04b-e605-43f7-afb8-b1a6d2c2011e"])
def test_an_id_that_can_be_no_account_is_refused_by_name(account_id: str) -> None:
    with pytest.raises(Invalid) as caught:
        check_deposit(account_id, Money(1, "USD"))
    assert caught.value.errors == {"account_id": ["Not the id of an account."]}


@pytest.mark.parametrize("currency", ["XXX", "XTS", "XAU"])
def test_a_code_that_is_no_currency_of_funds_is_refused_by_name(currency: str) -> None:
    with pytest.raises(Invalid) as caught:
        check_deposit(new_id(), Money(1, currency))
    assert caught.value.errors == {"amount.currency": ["Funds cannot be held in it."]}
