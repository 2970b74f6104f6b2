"""Orders that are paid in another currency than their own: held, refunded and released at the rate that was agreed on, to the last unit."""

from __future__ import annotations

from decimal import Decimal

import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from services.payments.domain.ledger import balance
from services.payments.models import ledger_accounts, order_accounts
from shared.contracts import payments as contract
from shared.kit.errors import Invalid
from shared.kit.ids import new_id
from shared.kit.money import Money
from tests.integration.payments.scene import Scene, Trade, usd, wire


def yen(minor: int) -> Money:
    return Money(minor, "JPY")


@pytest.fixture
def trade() -> Trade:
    """100.01 USD, paid in yen: 14926.4925 of them, which is 14926."""
    return Trade("escrow", usd(100_01), "JPY", Decimal("149.25"))


@pytest.fixture
def paid(scene: Scene, trade: Trade) -> Trade:
    scene.deposit(trade.buyer, yen(15_000))
    scene.happen(trade.placed(), trade.payment_submitted())
    return trade


def on_exchange(scene: Scene) -> dict[str, int]:
    accounts = select(ledger_accounts).where(ledger_accounts.c.kind == "exchange")
    return {row.currency: balance(row.code, row.debits, row.credits) for row in scene.database.run(lambda tx: tx.execute(accounts).all())}


def test_what_is_due_is_in_the_currency_that_is_paid_and_the_order_keeps_its_total(scene: Scene, trade: Trade) -> None:
    scene.happen(trade.placed())
    assert scene.told(trade.order_id) == [("account_opened", {"order_id": trade.order_id, "amount": wire(yen(14_926))})]
    dumped = contract.OrderPayments().dump(scene.payments(trade.order_id))
    assert contract.OrderPayments().validate(dumped) == {}
    assert dumped["due"] == wire(yen(14_926))
    assert (dumped["exchange"]["order_total"], dumped["exchange"]["rate"]) == (wire(usd(100_01)), "149.25")


def test_the_payment_is_held_in_that_currency(scene: Scene, paid: Trade) -> None:
    assert scene.balances(paid.buyer) == [yen(74)]
    assert scene.payments(paid.order_id)["held"] == yen(14_926)
    assert scene.told(paid.order_id)[-1] == ("payment_recorded", {"order_id": paid.order_id, "amount": wire(yen(14_926))})
    assert on_exchange(scene) == {}
    assert scene.faults() == []


def test_a_payment_in_the_orders_own_currency_is_refused_with_what_is_due(scene: Scene, trade: Trade) -> None:
    scene.deposit(trade.buyer, usd(200_00))
    scene.happen(trade.placed(), trade.payment_submitted(amount="100.01", currency="USD"))
    name, data = scene.told(trade.order_id)[-1]
    assert (name, data["reason"], data["message"]) == ("payment_refused", "currency_mismatch", "14926 JPY are due; the payment is in USD.")


def test_the_release_gives_the_supplier_exactly_the_orders_total(scene: Scene, paid: Trade) -> None:
    scene.load_rates(("USD/JPY", "99", "2026-01-01"))  # what rates are now is of no consequence
    scene.happen(paid.protection_ended())
    stands = scene.payments(paid.order_id)
    assert (stands["state"], stands["held"], stands["paid"]) == ("released", yen(0), yen(14_926))
    assert scene.balances(paid.supplier) == [usd(100_01)]
    assert scene.told(paid.order_id)[-1] == ("funds_released", {"order_id": paid.order_id, "amount": wire(usd(100_01))})
    assert on_exchange(scene) == {"JPY": 14_926, "USD": -100_01}
    assert sorted(each["kind"] for each in stands["transfers"]) == ["escrow_paid", "escrow_released", "exchanged"]
    assert scene.faults() == []


@pytest.mark.parametrize("refund", [yen(14_926), usd(100_01), usd(1)])
def test_a_refund_gives_back_exactly_what_is_held(scene: Scene, paid: Trade, refund: Money) -> None:
    scene.happen(paid.cancelled(refund=refund))
    assert scene.balances(paid.buyer) == [yen(15_000)]
    assert scene.told(paid.order_id)[-1] == ("refund_made", {"order_id": paid.order_id, "amount": wire(yen(14_926))})
    assert on_exchange(scene) == {}
    assert scene.faults() == []


@pytest.mark.parametrize(("refund", "owed"), [(usd(100_01), yen(14_926)), (usd(50_00), yen(7_462)), (yen(7_000), yen(7_000))])
def test_direct_settlement_keeps_its_books_in_that_currency_too(scene: Scene, refund: Money, owed: Money) -> None:
    trade = Trade("direct", usd(100_01), "JPY", Decimal("149.25"))
    scene.happen(trade.placed(), trade.payment_submitted(), trade.payment_confirmed(), trade.cancelled(refund=refund))
    stands = scene.payments(trade.order_id)
    assert (stands["paid"], stands["refund_due"]) == (yen(14_926), owed)
    assert scene.faults() == []


def test_an_order_whose_rate_and_amounts_disagree_is_an_error_that_opens_nothing(scene: Scene, trade: Trade) -> None:
    placed = trade.placed()
    placed.raw["exchange"]["total"] = wire(yen(14_927))
    with pytest.raises(Invalid, match=r"100\.01 USD at 149\.25 are not 14927 JPY"):
        scene.happen(placed)
    assert scene.count(order_accounts) == 0


@pytest.mark.parametrize("values", [{"total": 1}, {"rate": "1"}, {"total": 1, "total_currency": "USD", "rate": "1", "rate_id": new_id()}])
def test_the_database_keeps_all_of_an_exchange_or_none(scene: Scene, values: dict[str, object]) -> None:
    trade = Trade("escrow", usd(1))
    scene.happen(trade.placed())
    with pytest.raises(IntegrityError, match="order_account_exchange"), scene.database.transaction() as tx:
        tx.execute(update(order_accounts).values(values))
