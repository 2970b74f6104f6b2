"""The operations: deposits by operators, balances of one's own, an order's payments for those it concerns."""

from __future__ import annotations

import uuid

import pytest

from services.payments.models import ledger_accounts, transfers
from shared.contracts import payments as contract
from shared.kit.actor import Actor
from shared.kit.errors import Conflict, Forbidden, Invalid, NotFound, Unauthenticated
from shared.kit.ids import new_id
from shared.kit.money import Money
from tests.integration.payments.scene import OPERATOR, Scene, Trade, usd, wire


class TestDeposits:
    def test_a_deposit_is_on_the_balance_and_told(self, scene: Scene) -> None:
        party = new_id()
        assert scene.deposit(party, usd(12_34)) == [usd(12_34)]
        assert scene.balances(party) == [usd(12_34)]
        assert scene.told(party) == [("deposit_made", {"account_id": party, "amount": wire(usd(12_34))})]

    def test_deposits_add_up_currency_by_currency(self, scene: Scene) -> None:
        party = new_id()
        scene.deposit(party, usd(1_00))
        scene.deposit(party, Money(500, "JPY"))
        assert scene.deposit(party, usd(2_00)) == [Money(500, "JPY"), usd(3_00)]

    def test_the_same_reference_counts_once_and_gets_the_same_answer(self, scene: Scene) -> None:
        party = new_id()
        assert scene.deposit(party, usd(5_00), "BANK-1") == scene.deposit(party, usd(5_00), "BANK-1") == [usd(5_00)]
        assert scene.told_names(party) == ["deposit_made"]

    @pytest.mark.parametrize("other", ["party", "amount", "currency"])
    def test_a_reference_of_another_deposit_is_a_conflict_that_moves_nothing(self, scene: Scene, other: str) -> None:
        party = new_id()
        scene.deposit(party, usd(5_00), "BANK-1")
        again = {"party": (new_id(), usd(5_00)), "amount": (party, usd(5_01)), "currency": (party, Money(5_00, "EUR"))}[other]
        with pytest.raises(Conflict) as caught:
            scene.deposit(*again, "BANK-1")
        assert caught.value.code == "reference_used"
        assert scene.count(transfers) == 1
        assert scene.count(ledger_accounts) == 2

    def test_only_operators_enter_them(self, scene: Scene) -> None:
        with pytest.raises(Unauthenticated):
            scene.deposit(new_id(), usd(1), actor=None)
        for role in ("buyer", "supplier", "carrier", "service"):
            with pytest.raises(Forbidden):
                scene.deposit(new_id(), usd(1), actor=Actor(new_id(), frozenset({role})))
        assert scene.count(transfers) == 0

    def test_every_wrong_field_is_named_and_nothing_moves(self, scene: Scene) -> None:
        with pytest.raises(Invalid) as caught:
            scene.deposit(str(uuid.uuid4()), Money(1, "XXX"))
        assert caught.value.errors.keys() == {"account_id", "amount.currency"}
        assert scene.count(ledger_accounts) == 0


class TestBalances:
    def test_they_are_the_callers_own(self, scene: Scene) -> None:
        scene.deposit(new_id(), usd(5_00))
        assert scene.balances(new_id()) == []

    def test_what_is_spent_is_left_out(self, scene: Scene) -> None:
        trade = Trade("escrow", usd(5_00))
        scene.deposit(trade.buyer, usd(5_00))
        scene.happen(trade.placed(), trade.payment_submitted())
        assert scene.balances(trade.buyer) == []


class TestOrderPayments:
    @pytest.fixture
    def trade(self, scene: Scene) -> Trade:
        trade = Trade("direct", usd(5_00))
        scene.happen(trade.placed(), trade.payment_submitted())
        return trade

    def test_both_parties_and_operators_read_the_same(self, scene: Scene, trade: Trade) -> None:
        buyer, supplier = (Actor(party, frozenset({"buyer"})) for party in (trade.buyer, trade.supplier))
        assert scene.payments(trade.order_id, buyer) == scene.payments(trade.order_id, supplier) == scene.payments(trade.order_id, OPERATOR)

    def test_to_others_the_order_is_not_there(self, scene: Scene, trade: Trade) -> None:
        for actor in (Actor(new_id(), frozenset({"buyer", "supplier"})), Actor(new_id(), frozenset({"carrier"}))):
            with pytest.raises(NotFound) as theirs:
                scene.payments(trade.order_id, actor)
            with pytest.raises(NotFound) as missing:
                scene.payments(new_id(), actor)
            assert (theirs.value.code, theirs.value.message) == (missing.value.code, missing.value.message)

    def test_somebody_must_be_asking(self, scene: Scene, trade: Trade) -> None:
        with pytest.raises(Unauthenticated):
            scene.payments(trade.order_id, None)

    def test_the_answer_fits_its_contract(self, scene: Scene, trade: Trade) -> None:
        dumped = contract.OrderPayments().dump(scene.payments(trade.order_id))
        assert contract.OrderPayments().validate(dumped) == {}
        first, second = dumped["transfers"]
        assert (first["kind"], second["kind"]) == ("invoiced", "payment_reported")
        assert (second["debit"], second["credit"]) == (f"in_transit:{trade.order_id}", f"receivable:{trade.order_id}")
        assert dumped["due"] == second["amount"] == {"amount": "5.00", "currency": "USD"}
