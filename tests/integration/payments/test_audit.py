"""The audit finds what is wrong, and only that."""

from __future__ import annotations

from sqlalchemy import text, update

from services.payments.application.audit import freight_taken, order_states, sums
from services.payments.models import freight_entries, ledger_accounts, order_accounts
from shared.kit.ids import new_id
from shared.platform.audit import Sum
from tests.integration.payments.scene import Parcel, Scene, Trade, usd


def test_sound_books_come_out_even(scene: Scene) -> None:
    held, open_, settled = Trade("escrow", usd(30_00)), Trade("direct", usd(20_00)), Trade("direct", usd(10_00))
    scene.deposit(held.buyer, usd(50_00))
    scene.happen(held.placed(), held.payment_submitted(), open_.placed())
    scene.happen(settled.placed(), settled.payment_submitted(), settled.payment_confirmed())
    assert scene.audit() == [
        Sum("debits = credits", "USD", {"debits": 130_00, "credits": 130_00}),
        Sum("totals = transfers", "all accounts", {"checked": 9, "faulty": 0}),
        Sum("no balance below zero", "all accounts", {"checked": 9, "faulty": 0}),
        Sum("escrow = orders held", "USD", {"escrow": 30_00, "orders": 30_00}),
        Sum("freight charged = ledger", "all orders", {"checked": 0, "faulty": 0}),
        Sum("orders' accounts", "direct, open", {"orders": 1}),
        Sum("orders' accounts", "direct, settled", {"orders": 1}),
        Sum("orders' accounts", "escrow, held", {"orders": 1}),
    ]


def test_empty_books_have_no_fault(scene: Scene) -> None:
    assert scene.faults() == []


def test_a_total_that_was_tampered_with_is_named_and_the_debits_miss_the_credits(scene: Scene) -> None:
    party = new_id()
    scene.deposit(party, usd(50_00))
    with scene.database.transaction() as tx:
        tx.execute(update(ledger_accounts).where(ledger_accounts.c.code == f"balance:{party}").values(credits=51_00))
    assert scene.faults() == [
        Sum("debits = credits", "USD", {"debits": 50_00, "credits": 51_00}, -1_00),
        Sum("totals = transfers", "all accounts", {"checked": 2, "faulty": 1}, 1),
        Sum("totals = transfers", f"balance:{party} USD", {"debits too many": 0, "credits too many": 1_00}, 1_00),
    ]


def test_the_states_of_all_orders_accounts_can_be_compared_with_orders_own(scene: Scene) -> None:
    one, other = Trade("escrow", usd(1)), Trade("direct", usd(1))
    scene.happen(one.placed(), one.rejected(), other.placed())
    assert scene.database.run(order_states) == {one.order_id: "closed", other.order_id: "open"}


def test_an_overdrawn_account_is_named(scene: Scene) -> None:
    """It takes a database whose own rule is taken away, for as long as the transaction lasts."""
    party = new_id()
    scene.deposit(party, usd(50_00))
    with scene.database.trial() as tx:
        if tx.connection.dialect.name == "sqlite":
            tx.execute(text("PRAGMA ignore_check_constraints=ON"))
        else:
            tx.execute(text("ALTER TABLE ledger_accounts DROP CONSTRAINT ledger_account_not_overdrawn"))
        tx.execute(update(ledger_accounts).where(ledger_accounts.c.code == f"balance:{party}").values(debits=50_01))
        assert Sum("no balance below zero", f"balance:{party} USD", {"balance": -1}, -1) in sums(tx)


def test_an_order_that_says_held_without_its_money_in_escrow_is_a_fault(scene: Scene) -> None:
    trade = Trade("escrow", usd(30_00))
    scene.happen(trade.placed())
    with scene.database.transaction() as tx:
        tx.execute(update(order_accounts).values(state="held"))
    assert scene.faults() == [Sum("escrow = orders held", "USD", {"escrow": 0, "orders": 30_00}, -30_00)]


def test_freight_that_is_not_what_the_ledger_took_is_a_fault_of_its_order(scene: Scene) -> None:
    supplier = new_id()
    parcel, sound = Parcel(supplier), Parcel(supplier)
    scene.deposit(supplier, usd(50_00))
    scene.bind(supplier)
    scene.top_up(supplier, usd(50_00))
    scene.happen(parcel.due(("freight", usd(20_00))), sound.due(("freight", usd(10_00))), sound.credited(("freight", usd(4_00))))
    assert Sum("freight charged = ledger", "all orders", {"checked": 2, "faulty": 0}) in scene.audit()
    with scene.database.transaction() as tx:
        tx.execute(update(freight_entries).where(freight_entries.c.order_id == parcel.order_id).values(moved=19_00))
    assert scene.faults() == [
        Sum("freight charged = ledger", "all orders", {"checked": 2, "faulty": 1}, 1),
        Sum("freight charged = ledger", parcel.order_id, {"entries": 19_00, "ledger": 20_00}, -1_00),
    ]


def test_what_is_taken_for_each_orders_freight_can_be_compared_with_logistics_own(scene: Scene) -> None:
    supplier = new_id()
    parcel, given_back, refused = Parcel(supplier), Parcel(supplier), Parcel(supplier)
    scene.deposit(supplier, usd(50_00))
    scene.bind(supplier)
    scene.top_up(supplier, usd(50_00))
    scene.happen(parcel.due(("freight", usd(20_00))), parcel.due(("reweighing", usd(5_00))), parcel.credited(("reweighing", usd(1_00))))
    scene.happen(given_back.due(("freight", usd(10_00))), given_back.credited(("freight", usd(10_00))), refused.due(("freight", usd(99_00))))
    assert scene.database.run(freight_taken) == {(parcel.order_id, "USD"): 24_00}
