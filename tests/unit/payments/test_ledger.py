"""The chart of accounts and its movements."""

from __future__ import annotations

import pytest

from services.payments.domain.ledger import CHART, MOVEMENTS, Movement, balance, balance_after, kind_of
from shared.kit.money import Money

OWNERS = {"order": "o", "buyer": "b", "supplier": "s", "party": "b", "provider": "p", "payout": "t"}


@pytest.mark.parametrize("movement", MOVEMENTS.values(), ids=lambda each: each.kind)
def test_every_movement_is_between_two_different_accounts_of_the_chart(movement: Movement) -> None:
    transfer = movement.transfer(OWNERS, Money(1, "USD"))
    assert transfer.debit != transfer.credit
    assert {kind_of(transfer.debit).name, kind_of(transfer.credit).name} <= CHART.keys()


@pytest.mark.parametrize("movement", MOVEMENTS.values(), ids=lambda each: each.kind)
def test_a_movement_lowers_exactly_the_accounts_that_it_takes_from(movement: Movement) -> None:
    transfer = movement.transfer(OWNERS, Money(7, "USD"))
    lowered = [code for code in (transfer.debit, transfer.credit) if balance_after([transfer], code) < 0]
    assert movement.lowered(OWNERS) == lowered


def test_a_debit_account_grows_by_debits_and_a_credit_account_by_credits() -> None:
    assert balance("settled:o", 10, 3) == 7
    assert balance("escrow:o", 3, 10) == 7


def test_only_what_is_invoiced_and_what_comes_from_outside_is_taken_from_nowhere() -> None:
    outside = {"invoiced", "deposit", "escrow_captured", "undue_captured", "escrow_bounced", "freight_paid_in"}
    assert {movement.kind for movement in MOVEMENTS.values() if not movement.lowered(OWNERS)} == outside


def test_funds_never_mix_with_the_claims_of_direct_settlement() -> None:
    """What the platform has and owes is one book, what buyer and supplier say to each other another: no movement joins them."""
    funds = {"bank", "balance", "provider", "escrow", "returning", "paying_out", "paid_out", "freight", "carriage"}
    for movement in MOVEMENTS.values():
        assert (kind_of(movement.debit).name in funds) == (kind_of(movement.credit).name in funds), movement.kind
