"""Random stories of deposits, payouts and decisions on them, some of them again: what payments told adds up to what the balances have."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

from hypothesis import HealthCheck, given, settings, strategies as st

from shared.kit.errors import TradeError
from shared.kit.ids import new_id
from shared.kit.money import Money
from tests.integration.payments.scene import Scene

PARTIES, CURRENCIES = 2, ("USD", "JPY")


@dataclass(frozen=True)
class Moved:
    """A deposit or a request of a party."""

    what: str
    party: int
    amount: Money


@dataclass(frozen=True)
class Decided:
    """On one of the payouts that were asked for until then."""

    how: str
    which: int


amounts = st.builds(Money, st.integers(1, 60), st.sampled_from(CURRENCIES))
moves = st.builds(Moved, st.sampled_from(("deposit", "request")), st.integers(0, PARTIES - 1), amounts)
decisions = st.builds(Decided, st.sampled_from(("confirm", "reject")), st.integers(0, 5))


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(story=st.lists(moves | decisions, min_size=5, max_size=25))
def test_what_is_told_adds_up_to_what_is_there(scene: Scene, story: list[Moved | Decided]) -> None:
    parties = [new_id() for _ in range(PARTIES)]
    asked: list[str] = []
    for happening in story:
        try:
            if isinstance(happening, Decided):
                if asked:
                    decide = {"confirm": scene.confirm_payout, "reject": scene.reject_payout}[happening.how]
                    decide(asked[happening.which % len(asked)])
            elif happening.what == "deposit":
                scene.deposit(parties[happening.party], happening.amount)
            else:
                asked.append(scene.request_payout(parties[happening.party], happening.amount)["id"])
        except TradeError:
            continue  # more than there is, or decided already

    assert scene.faults() == []
    ends: Counter[Any] = Counter()
    for party in parties:
        has: Counter[str] = Counter()
        for name, data in scene.told(party):
            amount = Money.of(**data["amount"])
            has[amount.currency] += {"deposit_made": 1, "payout_requested": -1, "payout_rejected": 1, "payout_paid": 0}[name] * amount.minor
            ends.update([data["payout_id"]] if name in ("payout_paid", "payout_rejected") else [])
        assert {each.currency: each.minor for each in scene.balances(party)} == {currency: minor for currency, minor in has.items() if minor}
        assert all(minor >= 0 for minor in has.values())
    assert all(count == 1 for count in ends.values())
