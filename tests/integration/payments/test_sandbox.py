"""Escrow on the real sandbox provider, on PostgreSQL: it fails before and after it acts, and its process is killed; replicas ask it side by side."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from services.payments.application import asking
from services.payments.application.providers.sandbox import Sandbox
from tests.builders.provider import CARD, IBAN, WALLET, ProviderProcess, running_provider
from tests.integration.payments.scene import Scene, Trade, usd

pytestmark = pytest.mark.parametrize("database", ["postgresql"], indirect=True)

DECLINED, SLOW, SLOW_DECLINED, LAPSES, REFUND_FAILS = "4000000000000002", "4000000000000077", "4000000000000341", "4000000000000259", "4000000000005126"
PATIENCE = 60.0


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ProviderProcess]:
    """It calls nobody back: what it decides later has to be looked for."""
    with running_provider(tmp_path_factory.mktemp("provider")) as running:
        yield running


@pytest.fixture
def sandbox(process: ProviderProcess) -> Sandbox:
    process.mischief()
    return Sandbox(process.url, process.key, process.webhook_secret)


class Desk:
    """Orders that are paid at the sandbox."""

    def __init__(self, scene: Scene, sandbox: Sandbox, process: ProviderProcess) -> None:
        self.scene, self.sandbox, self.process = scene, sandbox, process
        self.begun = time.monotonic()
        self.before = process.ledger().get("USD", {"captured": 0, "refunded": 0})

    def submit(self, kind: str = "card", number: str = CARD, minor: int = 100_00) -> Trade:
        trade = Trade("escrow", usd(minor))
        bound = self.scene.bind_method(trade.buyer, self.process.token(kind, number), self.sandbox)
        self.scene.happen(trade.placed(), trade.payment_submitted(kind, bound=bound))
        return trade

    def until(self, done: Callable[[], bool], *, replicas: int = 1) -> None:
        """Replicas ask, side by side, until it is so. Their time runs faster than the provider's, so that pauses are short."""
        deadline = time.monotonic() + PATIENCE
        while not done():
            assert time.monotonic() < deadline, self.scene.audit()
            with ThreadPoolExecutor(replicas) as pool:
                list(pool.map(lambda _: self.turn(timedelta(seconds=20 * (time.monotonic() - self.begun))), range(replicas)))
            time.sleep(0.05)

    def turn(self, later: timedelta) -> None:
        run = self.scene.run(later)
        for task in run(asking.lease, 4):
            asking.deal_with(run, self.sandbox, task)

    def settled(self) -> bool:
        return not any(line.figures.get("pending") for line in self.scene.audit())

    def state(self, trade: Trade) -> str:
        return str(self.scene.payments(trade.order_id)["state"])

    def check(self) -> None:
        """The sandbox has what our books say that it has."""
        after = self.process.ledger().get("USD", {"captured": 0, "refunded": 0})
        there = {name: after[name] - self.before[name] for name in ("captured", "refunded")}
        lines = {(line.check, line.subject): line.figures for line in self.scene.audit()}
        ours = lines.get(("providers = captured - refunded", "USD"), {"providers": 0})["providers"]
        assert there["captured"] - there["refunded"] == ours
        assert self.scene.faults() == []


@pytest.fixture
def desk(scene: Scene, sandbox: Sandbox, process: ProviderProcess) -> Desk:
    return Desk(scene, sandbox, process)


def payments_of(desk: Desk, trade: Trade) -> list[tuple[str, str | None]]:
    return [(each["state"], each["reason"]) for each in desk.scene.payments(trade.order_id)["provider_payments"]]


@pytest.mark.parametrize(("kind", "number"), [("card", CARD), ("wallet", WALLET), ("bank_debit", IBAN), ("card", SLOW)])
def test_each_kind_of_method_pays_into_escrow_and_back(desk: Desk, kind: str, number: str) -> None:
    released, cancelled = desk.submit(kind, number), desk.submit(kind, number)
    desk.until(desk.settled)
    assert [desk.state(trade) for trade in (released, cancelled)] == ["held", "held"]
    desk.scene.refund(released, usd(30_00))
    desk.scene.happen(cancelled.cancelled(), released.protection_ended())
    desk.until(desk.settled)
    assert (desk.state(cancelled), desk.scene.told_names(cancelled.order_id)[-1]) == ("refunded", "refund_made")
    assert desk.scene.balances(released.supplier) == [usd(70_00)]
    assert "part_refunded" in desk.scene.told_names(released.order_id)
    desk.check()


@pytest.mark.parametrize(("number", "reason"), [(DECLINED, "declined"), (SLOW_DECLINED, "declined"), (LAPSES, "authorization_expired")])
def test_a_card_that_does_not_pay_is_refused(desk: Desk, number: str, reason: str) -> None:
    trade = desk.submit(number=number)
    desk.until(desk.settled)
    assert (desk.state(trade), payments_of(desk, trade)) == ("open", [("declined", reason)])
    assert desk.scene.told_names(trade.order_id)[-1] == "payment_refused"
    desk.check()


def test_a_refund_that_fails_is_on_the_buyers_balance(desk: Desk) -> None:
    trade = desk.submit(number=REFUND_FAILS)
    desk.until(desk.settled)
    desk.scene.happen(trade.cancelled())
    desk.until(desk.settled)
    assert (desk.state(trade), desk.scene.balances(trade.buyer)) == ("refunded", [usd(100_00)])
    desk.check()


def test_in_all_mischief_every_payment_and_refund_has_one_effect(desk: Desk) -> None:
    """Calls fail before and after they are done; three replicas ask. Half of the orders are cancelled when they are paid, some while they are not."""
    methods = [("card", CARD), ("wallet", WALLET), ("bank_debit", IBAN), ("card", SLOW), ("card", DECLINED), ("card", LAPSES)]
    trades = [desk.submit(*method) for method in methods * 3]
    desk.process.mischief(seed=7, error_before=0.25, error_after=0.25)
    for trade in trades[::6]:
        desk.scene.happen(trade.cancelled())
    desk.until(desk.settled, replicas=3)
    held = [trade for trade in trades if desk.state(trade) == "held"]
    assert held
    for number, trade in enumerate(held):
        desk.scene.refund(trade, usd(10_00))
        desk.scene.happen(trade.cancelled() if number % 2 else trade.protection_ended())
    desk.until(desk.settled, replicas=3)
    desk.process.mischief()
    for number, trade in enumerate(held):
        told = desk.scene.told_names(trade.order_id)
        assert told.count("payment_recorded") == told.count("part_refunded") == 1
        assert (desk.state(trade), told.count("refund_made")) == (("refunded", 1) if number % 2 else ("released", 0))
    desk.check()


def test_a_provider_that_is_killed_between_its_answers_goes_on_where_it_was(desk: Desk) -> None:
    trade = desk.submit()
    run = desk.scene.run()
    (task,) = run(asking.lease, 1)
    asking.ask(desk.sandbox, task)  # done there; we have not written it down
    desk.process.kill()
    assert asking.ask(desk.sandbox, task) is None
    desk.process.start()
    desk.until(desk.settled)
    assert (desk.state(trade), payments_of(desk, trade)) == ("held", [("captured", None)])
    desk.check()


def test_what_is_paid_while_the_provider_is_away_is_paid_when_it_is_back(desk: Desk) -> None:
    desk.process.kill()
    try:
        trade = Trade("escrow", usd(100_00))
        desk.scene.happen(trade.placed(), trade.payment_submitted("card", bound=desk.scene.bind_method(trade.buyer, "card_of_another_time")))
        desk.turn(timedelta(0))
        assert payments_of(desk, trade) == [("authorizing", None)]
    finally:
        desk.process.start()
    other = desk.submit()
    desk.until(lambda: desk.state(other) == "held")
    assert desk.state(trade) == "open", "a method that the provider never heard of pays nothing"
