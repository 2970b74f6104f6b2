"""Random stories of deposits and orders' events, in and out of turn, against the real ledger: what payments told adds up to what it has."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from hypothesis import HealthCheck, given, settings, strategies as st

from services.payments.application.reactions import ON_ORDERS
from shared.kit.errors import TradeError
from shared.kit.ids import new_id
from shared.kit.money import Money
from tests.integration.payments.scene import Scene, Trade

CURRENCIES = ("USD", "JPY")
RATES = ("150", "0.0065")  # half of the orders are paid in the other currency
PARTIES, TRADES = 3, 8
placed, paid, confirmed, cancelled, rejected, refunded, ended = (
    Trade.placed,
    Trade.payment_submitted,
    Trade.payment_confirmed,
    Trade.cancelled,
    Trade.rejected,
    Trade.refund_received,
    Trade.protection_ended,
)
# Orders' own courses, so that stories get somewhere, and pieces of them out of turn.
COURSES = (
    (placed, paid),
    (placed, paid, confirmed),
    (placed, paid, ended),
    (placed, paid, cancelled, refunded),
    (placed, paid, confirmed, cancelled, refunded),
    (placed, cancelled),
    (placed, rejected, paid),
    (paid, paid),
    (confirmed,),
    (cancelled,),
    (refunded, ended),
)


@dataclass(frozen=True)
class Deposit:
    party: int
    amount: Money


@dataclass(frozen=True)
class Course:
    """Some events of one order; `refund` is what orders says is owed if it is given up."""

    trade: int
    events: tuple[object, ...]
    refund: int | None


amounts = st.integers(1, 50)
deposits = st.builds(Deposit, st.integers(0, PARTIES - 1), st.builds(Money, amounts, st.sampled_from(CURRENCIES)))
courses = st.builds(Course, st.integers(0, TRADES - 1), st.sampled_from(COURSES), st.none() | amounts)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(dues=st.lists(amounts, min_size=TRADES, max_size=TRADES), story=st.lists(deposits | courses, min_size=5, max_size=20))
def test_what_is_told_adds_up_to_what_is_there(scene: Scene, dues: list[int], story: list[Deposit | Course]) -> None:
    parties = [new_id() for _ in range(PARTIES)]
    trades = [
        Trade(
            ("direct", "escrow", "escrow")[number % 3],
            Money(due, CURRENCIES[number % 2]),
            *((CURRENCIES[(number + 1) % 2], Decimal(RATES[number % 2])) if number % 4 < 2 else (None,)),
            buyer=parties[number % 3],
            supplier=parties[(number + 1) % 3],
        )
        for number, due in enumerate(dues)
    ]
    for happening in story:
        if isinstance(happening, Deposit):
            scene.deposit(parties[happening.party], happening.amount)
        else:
            follow(scene, trades[happening.trade], happening)

    assert scene.faults() == []
    told = {trade.order_id: amounts_told(scene, trade.order_id) for trade in trades}
    for trade in trades:
        check_position(scene, trade, told[trade.order_id])
    for party in parties:
        expected = funds(party, trades, story_deposits(story, parties, party), told)
        assert {each.currency: each.minor for each in scene.balances(party)} == {currency: minor for currency, minor in expected.items() if minor}


def test_the_stories_know_every_event() -> None:
    trade = Trade("direct", Money(1, "USD"))
    assert {event(trade).type for event in (placed, paid, confirmed, cancelled, rejected, refunded, ended)} == ON_ORDERS.keys()


def follow(scene: Scene, trade: Trade, course: Course) -> None:
    for make in course.events:
        claim = course.refund and Money(course.refund, trade.total.currency)
        try:
            scene.happen(trade.cancelled(claim or None) if make is cancelled else make(trade))  # type: ignore[operator]
        except TradeError:
            continue  # out of turn


def amounts_told(scene: Scene, order_id: str) -> Counter[str]:
    told: Counter[str] = Counter()
    for name, data in scene.told(order_id):
        if "amount" in data:
            told[name] += Money.of(**data["amount"]).minor
    return told


def check_position(scene: Scene, trade: Trade, told: Counter[str]) -> None:
    if not told:
        return
    stands = scene.payments(trade.order_id)
    released = trade.due.minor if told["funds_released"] else 0
    assert told["funds_released"] == (trade.total.minor if released else 0)
    held = told["payment_recorded"] - released - told["refund_made"] if trade.settlement == "escrow" else 0
    assert (stands["paid"].minor, stands["held"].minor) == (told["payment_recorded"], held)
    assert stands["refund_due"].minor == told["refund_due"] - told["refund_settled"] <= stands["paid"].minor


def story_deposits(story: Sequence[Deposit | Course], parties: Sequence[str], party: str) -> list[Money]:
    return [each.amount for each in story if isinstance(each, Deposit) and parties[each.party] == party]


def funds(party: str, trades: Sequence[Trade], deposited: Sequence[Money], told: dict[str, Counter[str]]) -> Counter[str]:
    """What a party has by the events alone, in minor units by currency."""
    has: Counter[str] = Counter()
    for amount in deposited:
        has[amount.currency] += amount.minor
    for trade in (each for each in trades if each.settlement == "escrow"):
        of_trade = told[trade.order_id]
        if party == trade.buyer:
            has[trade.due.currency] += of_trade["refund_made"] - of_trade["payment_recorded"]
        if party == trade.supplier:
            has[trade.total.currency] += of_trade["funds_released"]
    return has
