"""Random stories of payments through a provider: answers get lost, come twice, late and out of order, processes end at any point, orders end before
their time. In the end the books say what the provider really has, and every buyer and supplier has what the order's end gives them."""

from __future__ import annotations

import itertools
from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from random import Random
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings, strategies as st
from sqlalchemy import select, update

from services.payments.application import asking, charges, refunds as going_back
from services.payments.models import provider_payments, refunds
from shared.kit.errors import TradeError
from tests.integration.payments.model import ModelProvider
from tests.integration.payments.scene import Scene, Trade, usd

TOTAL, TRADES = 9, 3
FATES = (
    "card_ok",
    "card_slow",
    "card_declined",
    "card_slow_declined",
    "card_lapses",
    "card_refund_slow",
    "wallet_refund_fails",
    "bank_debit_ok",
    "bank_debit_slow",
)

_numbers = itertools.count()

# Pieces that get somewhere, and single acts that come in between; `pay` is by a method of any fate.
COURSES = (
    ("pay", "ask", "ask", "ask"),
    ("pay", "ask", "ask", "ask", "refund", "ask", "protection_ended"),
    ("pay", "ask", "ask", "ask", "cancelled", "ask", "decide", "ask"),
    ("pay", "crash", "cancelled", "again"),
    ("pay", "ask", "crash", "wait", "wait", "wait", "ask", "again"),
    *((act,) for act in ("pay", "balance", "ask", "crash", "again", "wake", "decide", "wait", "cancelled", "protection_ended", "refund")),
)
Act = tuple[tuple[str, ...], str, int]
acts = st.tuples(st.sampled_from(COURSES), st.sampled_from(FATES), st.integers(0, TRADES - 1))
stories = st.lists(acts, min_size=4, max_size=20)


@dataclass
class Story:
    """What happens by name, each to one of the trades."""

    scene: Scene
    provider: ModelProvider
    trades: list[Trade]
    late: list[tuple[Any, Any]] = field(default_factory=list)
    """Tasks with the answers to them that are still to be heard, or heard again."""
    now: timedelta = timedelta(0)

    def happen(self, course: tuple[str, ...], fate: str, trade: Trade) -> None:
        for what in course:
            try:
                self.do(what, fate, trade)
            except TradeError:
                continue  # out of turn, or refused: nothing was done

    def do(self, what: str, fate: str, trade: Trade) -> None:
        scene = self.scene
        if what == "pay":
            scene.pay(trade, fate)
        elif what == "balance":
            scene.deposit(trade.buyer, usd(TOTAL))
            scene.happen(trade.payment_submitted())
        elif what in ("cancelled", "protection_ended"):
            scene.happen(getattr(trade, what)())
        elif what == "refund":
            scene.refund(trade, usd(2))
        else:
            getattr(self, what)()

    def decide(self) -> None:
        self.provider.decide()

    def wait(self) -> None:
        self.now += timedelta(minutes=7)

    def wake(self) -> None:
        """As callbacks do, about everything."""
        for table in (provider_payments, refunds):
            known = table.c.provider == self.provider.name, table.c.reference.is_not(None)
            self.scene.run(self.now)(lambda tx, table=table, known=known: tx.execute(update(table).where(*known).values(next_at=tx.now)))

    def again(self) -> None:
        """All that was heard is heard once more."""
        for task, heard in self.late:
            self.hear(task, heard)

    def crash(self) -> None:
        self.ask(ending=True)

    def ask(self, *, ending: bool = False) -> None:
        """One round of questions; where the process ends, the answers are heard later or never."""
        for task in self.scene.run(self.now)(asking.lease, 8):
            heard = asking.ask(self.provider, task)
            self.late.append((task, heard))
            if not ending:
                self.hear(task, heard)

    def hear(self, task: Any, heard: Any) -> None:
        self.scene.run(self.now)(going_back.hear if task.is_refund else charges.hear, task.row.id, task.until, heard)

    def come_to_rest(self) -> None:
        """Answers are no longer lost, what is pending is decided, and everybody has time."""
        self.provider.trouble = lambda: False
        for _ in range(20):
            self.provider.decide()
            self.now += timedelta(minutes=30)
            self.scene.work_off(self.provider, self.now)
            if not self.waiting():
                return
        assert self.waiting() == []

    def waiting(self) -> list[Any]:
        """What is still to be asked about."""
        mine = [select(table).where(table.c.provider == self.provider.name, table.c.next_at.is_not(None)) for table in (provider_payments, refunds)]
        return self.scene.run()(lambda tx: [row for statement in mine for row in tx.execute(statement).all()])  # type: ignore[no-any-return]


@settings(max_examples=25, phases=[Phase.explicit, Phase.reuse, Phase.generate], deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(story=stories, seed=st.integers(0, 10**6), lossy=st.sampled_from([0.0, 0.3]))
def test_whatever_the_provider_answers_and_when_each_payment_has_one_effect(scene: Scene, story: list[Act], seed: int, lossy: float) -> None:
    told(scene, story, Random(seed), lossy)


def test_the_stories_get_everywhere(scene: Scene) -> None:
    """So that the test above tries what it says: each course with each fate ends in all states there are."""
    seen: Counter[str] = Counter()
    for course in COURSES[:5]:
        for first in range(0, len(FATES), TRADES):
            seen.update(told(scene, [(course, FATES[first + number], number) for number in range(TRADES)], Random(1), 0.0))
    assert seen.keys() == {"captured", "declined", "cancelled", "undue", "made", "credited", "held", "released", "refunded", "closed", "open"}


def told(scene: Scene, story: list[Act], luck: Random, lossy: float) -> list[str]:
    """The states that payments, refunds and accounts are in at the story's end, which is checked."""
    trades = [Trade("escrow", usd(TOTAL)) for _ in range(TRADES)]
    scene.happen(*(trade.placed() for trade in trades))
    # Each example has a provider of its own on the tables that all share: only its own payments are asked about.
    provider = ModelProvider(lambda: luck.random() < lossy, name=f"model {next(_numbers)}")
    telling = Story(Provided(scene.database, provider), provider, trades)
    for course, fate, number in story:
        telling.happen(course, fate, trades[number])
    telling.come_to_rest()

    assert scene.faults() == []
    there = 0
    for trade in trades:
        there += check(scene, trade)
    assert provider.has() == there
    ends = [scene.payments(trade.order_id) for trade in trades]
    return [state for end in ends for state in (end["state"], *(each["state"] for each in (*end["provider_payments"], *end["refunds"])))]


class Provided(Scene):
    """A scene whose parties bind methods of this provider."""

    def __init__(self, database: Any, provider: ModelProvider) -> None:
        super().__init__(database)
        self.provider = provider

    def bind_method(self, party: str, reference: str, provider: Any = None) -> str:
        return super().bind_method(party, reference, self.provider)


def check(scene: Scene, trade: Trade) -> int:
    """What the order's end gives to whom; how much of its money the provider still has for the platform."""
    stands, told = scene.payments(trade.order_id), Counter(scene.told_names(trade.order_id))
    payments, back = stands["provider_payments"], stands["refunds"]
    assert {each["state"] for each in payments} <= {"captured", "declined", "cancelled", "undue"}
    assert {each["state"] for each in back} <= {"made", "credited"}
    captured = sum(each["state"] == "captured" for each in payments)
    assert captured + sum(each["kind"] == "escrow_paid" for each in stands["transfers"]) == told["payment_recorded"] <= 1
    assert (stands["state"] in ("held", "released", "refunded")) == bool(told["payment_recorded"])

    # Each submission was answered once: with a refusal, a capture, or, where the order ended first, not at all.
    returned = {kind: sum(each["amount"].minor for each in back if each["kind"] == kind) for kind in ("part", "whole", "undue")}
    assert returned["undue"] == TOTAL * sum(each["state"] == "undue" for each in payments)
    assert told["part_refunded"] == sum(each["kind"] == "part" for each in back)
    assert told["refund_made"] == (stands["state"] == "refunded")
    rest = TOTAL * told["payment_recorded"] - returned["part"]
    assert stands["held"].minor == (rest if stands["state"] == "held" else 0)
    assert sum(each.minor for each in scene.balances(trade.supplier)) == (rest if stands["state"] == "released" else 0)
    assert returned["whole"] == (rest if stands["state"] == "refunded" and captured else 0)

    taken = TOTAL * sum(each["state"] in ("captured", "undue") for each in payments)
    return taken - sum(each["amount"].minor for each in back if each["state"] == "made" and captured | (each["kind"] == "undue"))
