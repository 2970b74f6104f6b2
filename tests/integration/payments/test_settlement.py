"""Orders' events, from the first to the last: what moves, what is told, what is refused."""

from __future__ import annotations

import pytest

from services.payments.models import order_accounts, transfers
from shared.kit.errors import Conflict, Invalid, NotFound
from shared.kit.money import Money
from tests.integration.payments.scene import Scene, Trade, usd, wire


@pytest.fixture
def direct() -> Trade:
    return Trade("direct", usd(250_00))


@pytest.fixture
def escrow() -> Trade:
    return Trade("escrow", usd(250_00))


class TestDirectSettlement:
    def test_a_placed_order_gets_its_account_and_its_invoice(self, scene: Scene, direct: Trade) -> None:
        scene.happen(direct.placed())
        stands = scene.payments(direct.order_id)
        assert (stands["state"], stands["due"], stands["paid"]) == ("open", usd(250_00), usd(0))
        assert [(each["kind"], each["debit"].split(":")[0], each["credit"].split(":")[0]) for each in stands["transfers"]] == [
            ("invoiced", "receivable", "sale")
        ]
        assert scene.told(direct.order_id) == [("account_opened", {"order_id": direct.order_id, "amount": wire(usd(250_00))})]

    def test_orders_that_share_a_transaction_get_an_account_each(self, scene: Scene, direct: Trade, escrow: Trade) -> None:
        scene.happen_together(direct.placed(), escrow.placed())
        assert [scene.payments(trade.order_id)["state"] for trade in (direct, escrow)] == ["open", "open"]
        with pytest.raises(Conflict):  # each has one by now, and the reading ahead finds it
            scene.happen_together(Trade("direct", usd(1_00)).placed(), direct.placed())

    def test_a_payment_is_recorded_as_the_buyer_reports_it_and_settled_as_the_supplier_confirms_it(self, scene: Scene, direct: Trade) -> None:
        scene.happen(direct.placed(), direct.payment_submitted())
        assert scene.payments(direct.order_id)["state"] == "reported"
        scene.happen(direct.payment_confirmed())
        stands = scene.payments(direct.order_id)
        assert (stands["state"], stands["paid"], stands["held"], stands["refund_due"]) == ("settled", usd(250_00), usd(0), usd(0))
        assert [each["kind"] for each in stands["transfers"]] == ["invoiced", "payment_reported", "payment_confirmed"]
        assert scene.told_names(direct.order_id) == ["account_opened", "payment_recorded", "invoice_settled"]

    def test_no_balance_is_touched(self, scene: Scene, direct: Trade) -> None:
        scene.happen(direct.placed(), direct.payment_submitted(), direct.payment_confirmed())
        assert scene.balances(direct.buyer) == scene.balances(direct.supplier) == []

    @pytest.mark.parametrize("confirmed", [True, False])
    def test_giving_up_a_paid_order_makes_the_supplier_owe_it_until_the_buyer_has_it(self, scene: Scene, direct: Trade, confirmed: bool) -> None:
        scene.happen(direct.placed(), direct.payment_submitted(), *([direct.payment_confirmed()] if confirmed else []), direct.cancelled(refund=usd(250_00)))
        stands = scene.payments(direct.order_id)
        assert (stands["state"], stands["refund_due"]) == ("refund_due", usd(250_00))
        scene.happen(direct.refund_received())
        stands = scene.payments(direct.order_id)
        assert (stands["state"], stands["paid"], stands["refund_due"]) == ("refunded", usd(250_00), usd(0))
        assert scene.told(direct.order_id)[-2:] == [
            ("refund_due", {"order_id": direct.order_id, "amount": wire(usd(250_00))}),
            ("refund_settled", {"order_id": direct.order_id, "amount": wire(usd(250_00))}),
        ]

    def test_a_refund_beyond_what_was_paid_is_not_owed(self, scene: Scene, direct: Trade) -> None:
        scene.happen(direct.placed(), direct.payment_submitted(), direct.cancelled(refund=usd(999_00)))
        assert scene.payments(direct.order_id)["refund_due"] == usd(250_00)

    def test_a_refund_in_part_leaves_the_rest_with_the_supplier(self, scene: Scene, direct: Trade) -> None:
        scene.happen(direct.placed(), direct.payment_submitted(), direct.payment_confirmed(), direct.cancelled(refund=usd(100_00)), direct.refund_received())
        assert scene.told(direct.order_id)[-1] == ("refund_settled", {"order_id": direct.order_id, "amount": wire(usd(100_00))})
        assert scene.faults() == []

    def test_a_confirmation_of_another_amount_moves_nothing(self, scene: Scene, direct: Trade) -> None:
        scene.happen(direct.placed(), direct.payment_submitted())
        with pytest.raises(Invalid, match="were reported"):
            scene.happen(direct.payment_confirmed(received=usd(249_99)))
        assert scene.payments(direct.order_id)["state"] == "reported"
        assert scene.told_names(direct.order_id) == ["account_opened", "payment_recorded"]


class TestEscrow:
    def test_a_payment_from_the_balance_is_held_and_released_when_protection_ends(self, scene: Scene, escrow: Trade) -> None:
        scene.deposit(escrow.buyer, usd(300_00))
        scene.happen(escrow.placed(), escrow.payment_submitted())
        assert scene.payments(escrow.order_id)["held"] == usd(250_00)
        assert scene.balances(escrow.buyer) == [usd(50_00)]
        assert scene.balances(escrow.supplier) == []
        scene.happen(escrow.protection_ended())
        stands = scene.payments(escrow.order_id)
        assert (stands["state"], stands["held"], stands["paid"]) == ("released", usd(0), usd(250_00))
        assert scene.balances(escrow.supplier) == [usd(250_00)]
        assert scene.told_names(escrow.order_id) == ["account_opened", "payment_recorded", "funds_released"]

    def test_cancelling_gives_back_exactly_what_is_held(self, scene: Scene, escrow: Trade) -> None:
        scene.deposit(escrow.buyer, usd(250_00))
        scene.happen(escrow.placed(), escrow.payment_submitted(), escrow.cancelled(refund=usd(1)))
        assert scene.balances(escrow.buyer) == [usd(250_00)]
        assert scene.payments(escrow.order_id)["state"] == "refunded"
        assert scene.told(escrow.order_id)[-1] == ("refund_made", {"order_id": escrow.order_id, "amount": wire(usd(250_00))})

    def test_a_balance_that_falls_short_is_refused_in_words_and_may_be_tried_again(self, scene: Scene, escrow: Trade) -> None:
        scene.deposit(escrow.buyer, usd(200_00))
        scene.happen(escrow.placed(), escrow.payment_submitted())
        assert scene.told(escrow.order_id)[-1] == (
            "payment_refused",
            {
                "order_id": escrow.order_id,
                "reason": "insufficient_funds",
                "message": "250.00 USD are due, and the buyer's balance has less.",
            },
        )
        assert scene.balances(escrow.buyer) == [usd(200_00)]
        assert scene.payments(escrow.order_id)["state"] == "open"
        scene.deposit(escrow.buyer, usd(50_00))
        scene.happen(escrow.payment_submitted())
        assert scene.payments(escrow.order_id)["state"] == "held"

    def test_funds_in_another_currency_pay_nothing(self, scene: Scene, escrow: Trade) -> None:
        scene.deposit(escrow.buyer, Money(999_00, "EUR"))
        scene.happen(escrow.placed(), escrow.payment_submitted())
        assert scene.told(escrow.order_id)[-1][1]["reason"] == "insufficient_funds"
        assert scene.balances(escrow.buyer) == [Money(999_00, "EUR")]

    def test_a_buyer_who_is_also_the_supplier_of_another_trade_spends_what_was_released(self, scene: Scene, escrow: Trade) -> None:
        scene.deposit(escrow.buyer, usd(250_00))
        onward = Trade("escrow", usd(100_00), buyer=escrow.supplier)
        scene.happen(escrow.placed(), escrow.payment_submitted(), escrow.protection_ended(), onward.placed(), onward.payment_submitted())
        assert scene.balances(escrow.supplier) == [usd(150_00)]
        assert scene.faults() == []


class TestBothWays:
    @pytest.mark.parametrize("settlement", ["direct", "escrow"])
    @pytest.mark.parametrize("end", [Trade.rejected, Trade.cancelled])
    def test_an_order_that_ends_unpaid_closes_its_account(self, scene: Scene, settlement: str, end: object) -> None:
        trade = Trade(settlement, usd(10_00))
        scene.happen(trade.placed(), end(trade))  # type: ignore[operator]
        assert scene.payments(trade.order_id)["state"] == "closed"
        assert scene.told_names(trade.order_id) == ["account_opened"]
        scene.happen(trade.payment_submitted())
        assert scene.told(trade.order_id)[-1][1]["reason"] == "account_closed"
        assert scene.faults() == []

    @pytest.mark.parametrize(
        ("answer", "reason"),
        [
            ({"amount": "249.99"}, "amount_mismatch"),
            ({"amount": "250.001"}, "amount_mismatch"),
            ({"currency": "EUR"}, "currency_mismatch"),
            ({"method": "balance"}, "method_not_accepted"),
        ],
    )
    def test_a_payment_that_does_not_fit_moves_nothing_and_is_answered(self, scene: Scene, direct: Trade, answer: dict[str, str], reason: str) -> None:
        scene.happen(direct.placed(), direct.payment_submitted(**answer))
        name, data = scene.told(direct.order_id)[-1]
        assert (name, data["reason"]) == ("payment_refused", reason)
        assert data["message"]
        assert scene.payments(direct.order_id)["paid"] == usd(0)
        assert scene.count(transfers) == 1

    def test_a_second_payment_is_refused_and_the_first_stands(self, scene: Scene, escrow: Trade) -> None:
        scene.deposit(escrow.buyer, usd(600_00))
        scene.happen(escrow.placed(), escrow.payment_submitted(), escrow.payment_submitted())
        assert scene.told(escrow.order_id)[-1][1]["reason"] == "already_paid"
        assert scene.balances(escrow.buyer) == [usd(350_00)]

    @pytest.mark.parametrize("settlement", ["direct", "escrow"])
    def test_events_out_of_turn_are_errors_that_change_nothing(self, scene: Scene, settlement: str) -> None:
        trade = Trade(settlement, usd(10_00))
        scene.happen(trade.placed())
        before = scene.count(transfers), scene.told(trade.order_id)
        for event in (trade.payment_confirmed(), trade.refund_received(), trade.protection_ended()):
            with pytest.raises(Conflict, match="open"):
                scene.happen(event)
        assert (scene.count(transfers), scene.told(trade.order_id)) == before

    def test_an_order_that_is_placed_again_is_an_error_and_keeps_its_account(self, scene: Scene, direct: Trade) -> None:
        scene.happen(direct.placed(), direct.payment_submitted())
        with pytest.raises(Conflict, match="reported"):
            scene.happen(direct.placed())
        assert scene.payments(direct.order_id)["state"] == "reported"
        assert scene.count(order_accounts) == 1

    def test_what_befalls_an_unknown_order_is_an_error(self, scene: Scene, direct: Trade) -> None:
        for event in (direct.payment_submitted(), direct.payment_confirmed(), direct.cancelled(), direct.protection_ended()):
            with pytest.raises(NotFound):
                scene.happen(event)
        assert scene.count(order_accounts) == 0

    @pytest.mark.parametrize(("currency", "minor", "written"), [("JPY", 1500, "1500"), ("KWD", 1500, "1.500")])
    def test_currencies_keep_their_own_decimals(self, scene: Scene, currency: str, minor: int, written: str) -> None:
        trade = Trade("escrow", Money(minor, currency))
        scene.deposit(trade.buyer, Money(minor, currency))
        scene.happen(trade.placed(), trade.payment_submitted(amount=written), trade.protection_ended())
        assert scene.balances(trade.supplier) == [Money(minor, currency)]
