"""Many at once on PostgreSQL: no balance is overdrawn, nothing counts twice, nobody blocks for ever."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest

from services.payments.models import transfers
from shared.kit.errors import Conflict
from shared.kit.ids import new_id
from shared.kit.money import Money
from tests.integration.payments.scene import Parcel, Scene, Trade, usd

pytestmark = pytest.mark.parametrize("database", ["postgresql"], indirect=True)


def at_once(*works: Callable[[], Any]) -> list[Any]:
    """Their results, or the errors they raised; all start together."""
    start = Barrier(len(works))

    def run(work: Callable[[], Any]) -> Any:
        start.wait()
        try:
            return work()
        except Exception as error:  # noqa: BLE001  (the test says which it expects)
            return error

    with ThreadPoolExecutor(len(works)) as pool:
        return list(pool.map(run, works))


def escrow_trades(count: int, total: int, buyer: str | None = None, supplier: str | None = None) -> list[Trade]:
    buyer, supplier = buyer or new_id(), supplier or new_id()
    return [Trade("escrow", usd(total), buyer=buyer, supplier=supplier) for _ in range(count)]


def states(scene: Scene, trades: Sequence[Trade]) -> list[str]:
    return sorted(scene.payments(trade.order_id)["state"] for trade in trades)


def test_payments_from_one_balance_take_what_it_has_and_no_more(scene: Scene) -> None:
    trades = escrow_trades(12, 30_00)
    scene.deposit(trades[0].buyer, usd(100_00))
    scene.happen(*(trade.placed() for trade in trades))
    results = at_once(*(lambda trade=trade: scene.happen(trade.payment_submitted()) for trade in trades))
    assert results == [None] * 12
    assert states(scene, trades) == ["held"] * 3 + ["open"] * 9
    assert scene.balances(trades[0].buyer) == [usd(10_00)]
    answers = sorted(scene.told_names(trade.order_id)[-1] for trade in trades)
    assert answers == ["payment_recorded"] * 3 + ["payment_refused"] * 9
    assert scene.faults() == []


def test_one_order_is_paid_once_however_many_try(scene: Scene) -> None:
    (trade,) = escrow_trades(1, 30_00)
    scene.deposit(trade.buyer, usd(100_00))
    scene.happen(trade.placed())
    at_once(*(lambda: scene.happen(trade.payment_submitted()) for _ in range(8)))
    assert scene.balances(trade.buyer) == [usd(70_00)]
    assert scene.told_names(trade.order_id).count("payment_recorded") == 1
    assert scene.told_names(trade.order_id).count("payment_refused") == 7


def test_an_order_is_either_released_or_given_back(scene: Scene) -> None:
    trades = escrow_trades(6, 10_00)
    scene.deposit(trades[0].buyer, usd(60_00))
    for trade in trades:
        scene.happen(trade.placed(), trade.payment_submitted())
    ends = [lambda trade=trade, end=end: scene.happen(end(trade)) for trade in trades for end in (Trade.cancelled, Trade.protection_ended)]
    results = at_once(*ends)
    assert sum(isinstance(result, Conflict) for result in results) == 6
    assert results.count(None) == 6
    ended = states(scene, trades)
    back, released = ended.count("refunded"), ended.count("released")
    assert back + released == 6
    assert scene.balances(trades[0].buyer) == [usd(back * 10_00)][: bool(back)]
    assert scene.balances(trades[0].supplier) == [usd(released * 10_00)][: bool(released)]
    assert scene.faults() == []


def test_one_bank_reference_entered_by_many_counts_once(scene: Scene) -> None:
    party = new_id()
    results = at_once(*(lambda: scene.deposit(party, usd(7_00), "BANK-1") for _ in range(8)))
    assert results == [[usd(7_00)]] * 8
    assert scene.count(transfers) == 1
    assert scene.told_names(party) == ["deposit_made"]


def test_money_going_to_and_fro_between_two_parties_neither_deadlocks_nor_gets_lost(scene: Scene) -> None:
    """Each pays the other, gets released to, and is deposited to, all at the same time."""
    one, other = new_id(), new_id()
    there, back = escrow_trades(5, 10_00, one, other), escrow_trades(5, 10_00, other, one)
    for party in (one, other):
        scene.deposit(party, usd(50_00))
    scene.happen(*(trade.placed() for trade in (*there, *back)))
    works = [lambda trade=trade: scene.happen(trade.payment_submitted(), trade.protection_ended()) for trade in (*there, *back)]
    works += [lambda party=party: scene.deposit(party, usd(1_00)) for party in (one, other) * 3]
    assert [result for result in at_once(*works) if isinstance(result, Exception)] == []
    assert scene.balances(one) == scene.balances(other) == [usd(53_00)]
    assert states(scene, (*there, *back)) == ["released"] * 10
    assert scene.faults() == []


def with_freight_account(scene: Scene, minor: int) -> str:
    supplier = new_id()
    scene.deposit(supplier, usd(2 * minor))
    scene.bind(supplier)
    scene.top_up(supplier, usd(minor))
    return supplier


def test_charges_of_one_freight_account_take_what_it_has_and_no_more(scene: Scene) -> None:
    supplier = with_freight_account(scene, 100_00)
    parcels = [Parcel(supplier) for _ in range(12)]
    results = at_once(*(lambda parcel=parcel: scene.happen(parcel.due(("freight", usd(30_00)))) for parcel in parcels))
    assert results == [None] * 12
    assert sorted(scene.told_names(parcel.order_id)[0] for parcel in parcels) == ["freight_charged"] * 3 + ["freight_refused"] * 9
    assert scene.freight_account(supplier)["balance"] == usd(10_00)
    assert scene.faults() == []


def test_one_charge_that_comes_many_times_at_once_is_taken_once(scene: Scene) -> None:
    supplier, charge_id = with_freight_account(scene, 100_00), new_id()
    parcel = Parcel(supplier)
    assert at_once(*(lambda: scene.happen(parcel.due(("freight", usd(30_00)), charge_id=charge_id)) for _ in range(8))) == [None] * 8
    assert scene.freight_account(supplier)["balance"] == usd(70_00)
    assert scene.told_names(parcel.order_id) == ["freight_charged"]


def test_charges_credits_and_top_ups_in_two_currencies_neither_deadlock_nor_lose_anything(scene: Scene) -> None:
    scene.load_rates(("EUR/USD", "1.1", "2026-01-01"))
    suppliers = [with_freight_account(scene, 100_00) for _ in range(3)]
    parcels = [Parcel(supplier) for supplier in suppliers for _ in range(4)]
    freight = ("freight", Money(10_00, "EUR"))
    works = [lambda parcel=parcel: scene.happen(parcel.due(freight), parcel.credited(freight)) for parcel in parcels]
    works += [lambda supplier=supplier: scene.top_up(supplier, usd(10_00)) for supplier in suppliers for _ in range(2)]
    assert [result for result in at_once(*works) if isinstance(result, Exception)] == []
    assert [scene.freight_account(supplier)["balance"] for supplier in suppliers] == [usd(120_00)] * 3
    assert scene.faults() == []


def test_payouts_of_one_balance_take_what_it_has_and_each_is_decided_once(scene: Scene) -> None:
    party, command = new_id(), new_id()
    scene.deposit(party, usd(100_00))
    requests = [lambda: scene.request_payout(party, usd(30_00)) for _ in range(8)]
    requests += [lambda: scene.request_payout(party, usd(30_00), command_id=command) for _ in range(4)]
    results = at_once(*requests)
    made = {each["id"] for each in results if isinstance(each, dict)}
    assert len(made) == 3
    assert {each.code for each in results if isinstance(each, Exception)} <= {"insufficient_funds", "still_running"}
    assert scene.balances(party) == [usd(10_00)]
    decisions = at_once(*(lambda id=id, decide=decide: decide(id) for id in made for decide in (scene.confirm_payout, scene.reject_payout) * 2))
    assert sum(isinstance(each, Conflict) for each in decisions) == 9
    rejected = scene.told_names(party).count("payout_rejected")
    assert rejected + scene.told_names(party).count("payout_paid") == 3
    assert scene.balances(party) == [usd(10_00 + rejected * 30_00)]
    assert scene.faults() == []
