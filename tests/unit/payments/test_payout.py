"""Payouts: what may become of one stands in the domain, and in the contract that callers filter by."""

from __future__ import annotations

from services.payments.domain.payout import STATES
from shared.contracts.payouts import PAYOUT_STATES


def test_the_contract_has_the_states_of_the_domain() -> None:
    assert PAYOUT_STATES == STATES
