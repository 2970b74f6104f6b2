"""Whatever is refunded of an order that is paid in another currency, and in how many parts: nothing is lost to rounding, and none is invented."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import replace
from fractions import Fraction

from hypothesis import assume, given, strategies as st

from services.payments.domain.exchange import Agreed, convert
from services.payments.domain.ledger import MOVEMENTS, Transfer
from services.payments.domain.order_account import OrderAccount, decide, row_for
from shared.kit.money import Money

amounts = st.builds(Money, st.integers(1, 10**6), st.sampled_from(["USD", "JPY", "KWD"]))
rates = st.decimals("0.0001", "10000", allow_nan=False, places=4)


@st.composite
def accounts(draw: st.DrawFn) -> OrderAccount:
    """An escrow order whose payment is held in another currency."""
    total, rate, currency = draw(amounts), draw(rates), draw(st.sampled_from(["EUR", "IDR", "CLF"]))
    due = convert(total, rate, currency)
    assume(due.minor)
    return OrderAccount("order", "buyer", "supplier", "escrow", due, "held", Agreed(total, rate, "rate"))


def sides(transfers: list[Transfer]) -> dict[str, Counter[str]]:
    """Credits less debits of each account, currency by currency."""
    found: dict[str, Counter[str]] = defaultdict(Counter)
    for each in transfers:
        found[each.amount.currency][each.credit] += each.amount.minor
        found[each.amount.currency][each.debit] -= each.amount.minor
    return found


@given(account=accounts(), cuts=st.lists(st.fractions(0, 1), max_size=6))
def test_parts_that_are_refunded_and_the_rest_that_is_released_are_exactly_what_was_held(account: OrderAccount, cuts: list[Fraction]) -> None:
    assert account.exchange is not None
    total, due = account.exchange.order_total, account.due
    transfers = [MOVEMENTS["escrow_paid"].transfer(account.owners, due)]
    left, claimed, parts = due, 0, 0
    for cut in cuts:
        claim = Money(int((total.minor - claimed) * cut), total.currency)
        refund = account.payable(claim)
        assert refund is not None
        refund = min(refund, left)
        transfers += [MOVEMENTS["escrow_refunded"].transfer(account.owners, refund)] if refund.minor else []
        left, claimed, parts = left - refund, claimed + claim.minor, parts + 1
    if left.minor:
        transfers += decide(row_for(account, "orders.protection_ended.v1"), account, left).transfers

    found = sides(transfers)
    assert all(sum(each.values()) == 0 for each in found.values())
    paid, own = found[due.currency], found[total.currency]
    assert (paid["escrow:order"], paid["exchange:platform"]) == (0, left.minor)
    released = own["balance:supplier"]
    assert own["exchange:platform"] == -released
    assert claimed or released == total.minor
    slack = Fraction(1, 2) + Fraction(parts, 2) * Fraction(total.minor, due.minor)
    assert abs(released - (total.minor - claimed)) <= slack, "half a unit for each rounding, told in the order's currency"


@given(account=accounts())
def test_a_release_gives_the_orders_total_and_a_cancellation_what_was_paid(account: OrderAccount) -> None:
    assert account.exchange is not None
    released = decide(row_for(account, "orders.protection_ended.v1"), account, account.due)
    assert released.amount == account.exchange.order_total
    refunded = decide(row_for(account, "orders.order_cancelled.v1"), account, account.due, account.exchange.order_total)
    assert refunded.amount == account.due
    assert account.payable(account.exchange.order_total) == account.due


@given(account=accounts(), amount=amounts)
def test_an_order_that_is_paid_in_its_own_currency_converts_nothing(account: OrderAccount, amount: Money) -> None:
    plain = replace(account, exchange=None)
    assert (plain.worth(amount), plain.payable(amount), plain.payable(None)) == (amount, amount, None)
