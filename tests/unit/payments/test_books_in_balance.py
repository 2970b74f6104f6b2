"""Whatever happens to orders, in any order of events: the books balance, nothing falls below zero, no money appears or is lost."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from itertools import permutations, product

from hypothesis import given, strategies as st

from services.payments.application.reactions import ON_ORDERS
from services.payments.domain.ledger import MOVEMENTS, Transfer, balance_after
from services.payments.domain.order_account import OrderAccount, decide, position, row_for
from shared.contracts.trade import SETTLEMENTS
from shared.kit.errors import TradeError
from shared.kit.money import Money

PARTIES = ("ann", "bob", "cyd")
TRADES = [(*parties, settlement) for parties, settlement in product(permutations(PARTIES, 2), SETTLEMENTS)]
BEGINNING = ("orders.order_placed.v1", "orders.payment_submitted.v1")


def usd(minor: int) -> Money:
    return Money(minor, "USD")


@dataclass(frozen=True)
class Deposit:
    party: str
    amount: int


@dataclass(frozen=True)
class Happening:
    """An event of one order; `said` is the amount in it."""

    trade: int
    event: str
    said: int


class Books:
    """The ledger as a list, the accounts as a dict: what the database does, without it."""

    def __init__(self, dues: list[int]) -> None:
        self.deposits: list[Transfer] = []
        self.accounts = {number: OrderAccount(str(number), *trade, due=usd(due)) for number, (trade, due) in enumerate(zip(TRADES, dues, strict=True))}
        self.moved: dict[int, list[Transfer]] = {number: [] for number in self.accounts}
        self.told: dict[int, Counter[str]] = {number: Counter() for number in self.accounts}

    @property
    def transfers(self) -> list[Transfer]:
        return [*self.deposits, *(each for moved in self.moved.values() for each in moved)]

    def follow(self, event: Happening) -> None:
        account = self.accounts[event.trade]
        try:
            row = row_for(account, event.event)
            available = [usd(balance_after(self.transfers, code)) for code in row.takes_from(account)]
            outcome = decide(row, account, min(available, default=None), usd(event.said))
        except TradeError:
            return
        self.accounts[event.trade] = replace(account, state=outcome.state)
        self.moved[event.trade] += outcome.transfers
        self.told[event.trade][outcome.tells or ""] += outcome.amount.minor


# Most stories begin as orders do; everything is possible at any time.
events = st.sampled_from(BEGINNING) | st.sampled_from(sorted(ON_ORDERS))
amounts = st.integers(1, 9)
happenings = st.builds(Happening, st.integers(0, len(TRADES) - 1), events, amounts)
stories = st.lists(st.builds(Deposit, st.sampled_from(PARTIES), amounts) | happenings, max_size=100)


@given(dues=st.lists(amounts, min_size=len(TRADES), max_size=len(TRADES)), story=stories)
def test_no_story_brings_the_books_out_of_balance(dues: list[int], story: list[Deposit | Happening]) -> None:
    books = Books(dues)
    for happening in story:
        if isinstance(happening, Deposit):
            books.deposits.append(MOVEMENTS["deposit"].transfer({"party": happening.party}, usd(happening.amount)))
        else:
            books.follow(happening)

    transfers = books.transfers
    balances = {code: balance_after(transfers, code) for each in transfers for code in (each.debit, each.credit)}
    assert all(minor >= 0 for minor in balances.values())
    assert all(each.amount.minor > 0 for each in transfers)
    funds = sum(minor for code, minor in balances.items() if code.startswith(("balance:", "escrow:")))
    assert funds == balances.get("bank:platform", 0) == sum(each.amount for each in story if isinstance(each, Deposit))

    for number, account in books.accounts.items():
        stands, told = position(account, books.moved[number]), books.told[number]
        paid, owed = told["payments.payment_recorded.v1"], told["payments.refund_due.v1"]
        held = paid - told["payments.funds_released.v1"] - told["payments.refund_made.v1"]
        assert stands.paid.minor == paid <= account.due.minor
        assert stands.held.minor == (held if account.settlement == "escrow" else 0)
        assert stands.refund_due.minor == owed - told["payments.refund_settled.v1"] <= paid
