"""Escrow through a provider: authorized, captured, held, and released or given back, whatever the provider says, and when."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import update

from services.payments.application import asking, charges
from services.payments.application.asked import Heard
from services.payments.models import order_accounts, provider_payments, refunds, transfers
from shared.kit.errors import Conflict, Forbidden, Invalid, NotFound
from shared.kit.ids import new_id
from shared.kit.money import Money
from shared.platform.audit import Sum
from tests.integration.payments.model import ModelProvider
from tests.integration.payments.scene import OPERATOR, Actor, Scene, Trade, usd, wire

SOON, LATER = timedelta(seconds=90), timedelta(hours=1)


@pytest.fixture
def provider() -> ModelProvider:
    return ModelProvider()


@pytest.fixture
def trade(scene: Scene) -> Trade:
    trade = Trade("escrow", usd(250_00))
    scene.happen(trade.placed())
    return trade


def movements(scene: Scene, trade: Trade) -> list[tuple[str, Money]]:
    return [(each["kind"], each["amount"]) for each in scene.payments(trade.order_id)["transfers"]]


def states(scene: Scene, trade: Trade) -> list[str]:
    return [each["state"] for each in scene.payments(trade.order_id)["provider_payments"]]


def held(scene: Scene, provider: ModelProvider, trade: Trade, reference: str = "card_ok") -> Trade:
    scene.pay(trade, reference)
    scene.work_off(provider)
    assert scene.payments(trade.order_id)["state"] == "held"
    return trade


class TestThePayment:
    @pytest.mark.parametrize("kind", ["card", "wallet", "bank_debit"])
    def test_it_is_captured_held_and_told(self, scene: Scene, provider: ModelProvider, trade: Trade, kind: str) -> None:
        scene.pay(trade, f"{kind}_ok")
        assert states(scene, trade) == ["requested"]
        assert scene.told_names(trade.order_id) == ["account_opened"]
        scene.work_off(provider)
        stands = scene.payments(trade.order_id)
        assert (stands["state"], stands["held"], stands["paid"]) == ("held", usd(250_00), usd(250_00))
        assert movements(scene, trade) == [("escrow_captured", usd(250_00))]
        assert scene.told(trade.order_id)[-1] == ("payment_recorded", {"order_id": trade.order_id, "amount": wire(usd(250_00))})
        assert provider.has() == 250_00
        assert scene.faults() == []

    def test_the_supplier_is_paid_when_protection_ends(self, scene: Scene, provider: ModelProvider, trade: Trade) -> None:
        scene.happen(held(scene, provider, trade).protection_ended())
        assert scene.balances(trade.supplier) == [usd(250_00)]
        assert provider.has() == 250_00
        assert scene.told_names(trade.order_id) == ["account_opened", "payment_recorded", "funds_released"]
        assert scene.faults() == []

    @pytest.mark.parametrize(("fate", "message"), [("declined", "There are not enough funds."), ("not_even", "The amount is above the method's limit.")])
    def test_a_declined_payment_is_refused_in_words_and_another_may_be_made(
        self, scene: Scene, provider: ModelProvider, trade: Trade, fate: str, message: str
    ) -> None:
        scene.pay(trade, f"card_{fate}")
        scene.work_off(provider)
        refusal = {"order_id": trade.order_id, "reason": "declined", "message": message}
        assert scene.told(trade.order_id)[-1] == ("payment_refused", refusal)
        assert (movements(scene, trade), states(scene, trade)) == ([], ["declined"])
        held(scene, provider, trade, "wallet_ok")
        assert states(scene, trade) == ["declined", "captured"]
        assert scene.faults() == []

    def test_an_authorization_that_lapses_is_refused(self, scene: Scene, provider: ModelProvider, trade: Trade) -> None:
        scene.pay(trade, "card_lapses")
        scene.work_off(provider)
        assert scene.told(trade.order_id)[-1][1]["reason"] == "declined"
        assert (states(scene, trade), provider.states()) == (["declined"], ["cancelled"])

    def test_one_that_takes_its_time_is_looked_at_again_without_any_callback(self, scene: Scene, provider: ModelProvider, trade: Trade) -> None:
        scene.pay(trade, "card_slow")
        scene.work_off(provider)
        assert states(scene, trade) == ["authorizing"]
        provider.decide()
        scene.work_off(provider, SOON)
        assert scene.payments(trade.order_id)["state"] == "held"

    @pytest.mark.parametrize(
        ("bound", "reason"), [("another's", "payment_method_missing"), ("none", "payment_method_missing"), ("a wallet", "method_not_accepted")]
    )
    def test_only_the_buyers_own_method_of_the_kind_is_taken(self, scene: Scene, provider: ModelProvider, trade: Trade, bound: str, reason: str) -> None:
        method = {"another's": scene.bind_method(new_id(), "card_ok"), "none": None, "a wallet": scene.bind_method(trade.buyer, "wallet_ok")}[bound]
        scene.happen(trade.payment_submitted("card", bound=method))
        assert scene.told(trade.order_id)[-1][1]["reason"] == reason
        scene.work_off(provider)
        assert (states(scene, trade), provider.asked) == ([], [])

    def test_a_second_submission_is_refused_while_the_first_is_under_way(self, scene: Scene, provider: ModelProvider, trade: Trade) -> None:
        scene.pay(trade, "card_ok")
        scene.pay(trade, "card_ok")
        assert scene.told(trade.order_id)[-1][1]["reason"] == "payment_under_way"
        scene.deposit(trade.buyer, usd(250_00))
        scene.happen(trade.payment_submitted())
        assert scene.told_names(trade.order_id).count("payment_refused") == 2
        assert scene.balances(trade.buyer) == [usd(250_00)]
        scene.work_off(provider)
        scene.pay(trade, "card_ok")
        assert scene.told(trade.order_id)[-1][1]["reason"] == "already_paid"
        assert (states(scene, trade), provider.has()) == (["captured"], 250_00)

    def test_a_method_that_is_removed_still_pays_what_was_begun_with_it(self, scene: Scene, provider: ModelProvider, trade: Trade) -> None:
        scene.pay(trade, "card_ok")
        with scene.database.transaction() as tx:
            tx.execute(charges.payment_methods.delete())
        scene.work_off(provider)
        assert scene.payments(trade.order_id)["state"] == "held"

    def test_an_answer_about_another_amount_moves_nothing(self, scene: Scene, provider: ModelProvider, trade: Trade) -> None:
        scene.pay(trade, "card_slow")
        scene.work_off(provider)
        (reference,) = provider.payments
        (row,) = scene.payments(trade.order_id)["provider_payments"]
        until = scene.run()(lambda tx: tx.now)
        for heard in (Heard("captured", reference, usd(1)), Heard("captured", "pay_other", usd(250_00))):
            scene.run()(charges.hear, row["id"], until, heard)
        assert (movements(scene, trade), states(scene, trade)) == ([], ["authorizing"])


class TestSilence:
    def test_a_lost_answer_is_asked_for_again_with_the_same_key(self, scene: Scene, provider: ModelProvider, trade: Trade) -> None:
        losses = iter([False, True, False, False, False, True])  # the answers to authorize and capture get lost once each
        provider.trouble = lambda: next(losses, False)
        scene.pay(trade, "card_ok")
        for minute in range(3):
            scene.work_off(provider, timedelta(seconds=20 * minute))
        assert scene.payments(trade.order_id)["state"] == "held"
        assert [what for what, _ in provider.asked] == ["authorize", "authorize", "capture", "capture"]
        assert len(set(provider.asked)) == 2
        assert (provider.has(), scene.faults()) == (250_00, [])

    def test_a_provider_that_does_not_answer_is_given_up_and_the_order_may_be_paid_otherwise(self, scene: Scene, provider: ModelProvider, trade: Trade) -> None:
        provider.trouble = lambda: True
        scene.pay(trade, "card_ok")
        scene.work_off(provider)
        assert scene.told_names(trade.order_id) == ["account_opened"]
        scene.work_off(provider, timedelta(minutes=3))
        assert scene.told(trade.order_id)[-1][1]["reason"] == "provider_timeout"
        scene.deposit(trade.buyer, usd(250_00))
        scene.happen(trade.payment_submitted())
        assert scene.payments(trade.order_id)["state"] == "held"
        provider.trouble = lambda: False
        scene.work_off(provider, LATER)
        assert (states(scene, trade), provider.states()) == (["cancelled"], ["cancelled"])
        assert movements(scene, trade) == [("escrow_paid", usd(250_00))]
        assert scene.faults() == []

    def test_what_is_with_another_provider_than_todays_is_not_asked_and_ends_in_time(self, scene: Scene, provider: ModelProvider, trade: Trade) -> None:
        scene.pay(trade, "card_ok")
        with scene.database.transaction() as tx:
            tx.execute(charges.provider_payments.update().values(provider="yesterdays"))
        scene.work_off(provider)
        assert (provider.asked, scene.told_names(trade.order_id)) == ([], ["account_opened"])
        scene.work_off(provider, timedelta(minutes=3))
        assert (provider.asked, scene.told(trade.order_id)[-1][1]["reason"]) == ([], "provider_timeout")

    def test_what_was_captured_although_it_was_given_up_goes_back(self, scene: Scene, provider: ModelProvider, trade: Trade) -> None:
        """The answer to the capture gets lost, and so does everything until the buyer has waited long enough."""
        losses = iter([False, False, False])
        provider.trouble = lambda: next(losses, True)
        scene.pay(trade, "card_ok")
        scene.work_off(provider)
        assert (provider.states(), states(scene, trade)) == (["captured"], ["capturing"])
        scene.work_off(provider, timedelta(minutes=20))
        assert scene.told(trade.order_id)[-1][1]["reason"] == "provider_timeout"
        held(scene, ModelProvider(payments=dict.fromkeys(("pay_0",), provider.payments["pay_1"])), trade, "wallet_ok")
        provider.trouble = lambda: False
        scene.work_off(provider, LATER)
        assert (provider.has(), states(scene, trade)) == (0, ["undue", "captured"])
        assert [kind for kind, _ in movements(scene, trade)] == ["escrow_captured", "undue_captured", "escrow_returned"]
        assert [each["kind"] for each in scene.payments(trade.order_id)["refunds"]] == ["undue"]
        assert scene.told_names(trade.order_id) == ["account_opened", "payment_refused", "payment_recorded"]
        assert scene.payments(trade.order_id)["held"] == usd(250_00)

    def test_one_that_stays_pending_is_cancelled_at_the_provider(self, scene: Scene, provider: ModelProvider, trade: Trade) -> None:
        scene.pay(trade, "card_slow")
        scene.work_off(provider)
        scene.work_off(provider, timedelta(minutes=16))
        assert scene.told(trade.order_id)[-1][1]["reason"] == "provider_timeout"
        assert (provider.states(), states(scene, trade)) == (["cancelled"], ["cancelled"])

    def test_a_crash_between_the_call_and_its_answer_leads_to_the_same_call(self, scene: Scene, provider: ModelProvider, trade: Trade) -> None:
        scene.pay(trade, "card_ok")
        for _ in range(2):  # before the answer to authorize is written down, and before that to capture is
            (task,) = scene.run()(asking.lease, 8)
            asking.ask(provider, task)
            assert scene.run()(asking.lease, 8) == [], "nobody else asks meanwhile"
            scene.run()(lambda tx: tx.execute(update(provider_payments).values(next_at=tx.now)))  # the lease is over
            (again,) = scene.run()(asking.lease, 8)
            assert (again.key, again.question) == (task.key, task.question)
            asking.deal_with(scene.run(), provider, again)
        assert scene.payments(trade.order_id)["state"] == "held"
        assert (provider.has(), len(provider.payments), scene.faults()) == (250_00, 1, [])

    def test_two_replicas_that_hear_the_same_make_one_effect(self, scene: Scene, provider: ModelProvider, trade: Trade) -> None:
        scene.pay(trade, "bank_debit_ok")
        (task,) = scene.run()(asking.lease, 8)
        for _ in range(3):
            asking.deal_with(scene.run(), provider, task)
        assert movements(scene, trade) == [("escrow_captured", usd(250_00))]
        assert scene.told_names(trade.order_id).count("payment_recorded") == 1

    def test_a_wish_to_look_that_comes_while_it_is_asked_is_not_lost(self, scene: Scene, provider: ModelProvider, trade: Trade) -> None:
        scene.pay(trade, "card_slow")
        (task,) = scene.run()(asking.lease, 8)
        heard = asking.ask(provider, task)
        provider.decide()
        scene.run()(lambda tx: tx.execute(update(provider_payments).values(next_at=tx.now)))  # as a callback does
        scene.run()(charges.hear, task.row.id, task.until, heard)
        scene.work_off(provider)
        assert scene.payments(trade.order_id)["state"] == "held"


class TestGivingUp:
    @pytest.mark.parametrize("end", [Trade.cancelled, Trade.rejected])
    @pytest.mark.parametrize("known", [False, True])
    def test_an_order_that_ends_meanwhile_is_not_charged(self, scene: Scene, provider: ModelProvider, trade: Trade, known: bool, end: Any) -> None:
        scene.pay(trade, "card_slow")
        if known:
            scene.work_off(provider)
        scene.happen(end(trade))
        provider.decide()
        scene.work_off(provider, SOON)
        assert (scene.payments(trade.order_id)["state"], states(scene, trade)) == ("closed", ["cancelled"])
        assert (movements(scene, trade), provider.states()) == ([], ["cancelled"] if known else [])
        assert scene.told_names(trade.order_id) == ["account_opened"]

    def test_what_is_captured_for_an_order_that_ended_meanwhile_goes_back(self, scene: Scene, provider: ModelProvider, trade: Trade) -> None:
        scene.pay(trade, "bank_debit_ok")
        (task,) = scene.run()(asking.lease, 8)
        heard = asking.ask(provider, task)
        scene.happen(trade.cancelled())
        scene.run()(charges.hear, task.row.id, task.until, heard)
        scene.work_off(provider)
        assert (provider.has(), states(scene, trade)) == (0, ["undue"])
        assert [kind for kind, _ in movements(scene, trade)] == ["undue_captured", "escrow_returned"]
        assert (scene.payments(trade.order_id)["state"], scene.faults()) == ("closed", [])

    @pytest.mark.parametrize("final", ["declined", "cancelled"])
    def test_a_late_capture_of_what_was_said_to_be_over_goes_back_once(self, scene: Scene, provider: ModelProvider, trade: Trade, final: str) -> None:
        """The provider contradicts itself, and says so twice."""
        scene.pay(trade, "card_slow")
        scene.work_off(provider)
        (row,) = scene.payments(trade.order_id)["provider_payments"]
        until = scene.run()(lambda tx: tx.now)
        scene.run()(charges.hear, row["id"], until, Heard(final, "pay_1", usd(250_00), "declined"))
        provider._is("pay_1", "captured")
        for _ in range(2):
            scene.run()(lambda tx: tx.execute(update(provider_payments).values(next_at=tx.now)))
            scene.work_off(provider)
        assert (provider.has(), states(scene, trade)) == (0, ["undue"])
        assert [kind for kind, _ in movements(scene, trade)] == ["undue_captured", "escrow_returned"]
        assert scene.faults() == []


class TestRefunds:
    def test_cancelling_after_the_capture_sends_all_of_it_back_and_tells_when_the_buyer_has_it(
        self, scene: Scene, provider: ModelProvider, trade: Trade
    ) -> None:
        held(scene, provider, trade, "card_refund_slow")
        scene.happen(trade.cancelled(refund=usd(250_00)))
        scene.work_off(provider)
        assert (scene.payments(trade.order_id)["state"], scene.told_names(trade.order_id)[-1]) == ("returning", "payment_recorded")
        assert scene.faults() == []
        provider.decide()
        scene.work_off(provider, SOON)
        stands = scene.payments(trade.order_id)
        assert (stands["state"], stands["held"], stands["paid"]) == ("refunded", usd(0), usd(250_00))
        assert scene.told(trade.order_id)[-1] == ("refund_made", {"order_id": trade.order_id, "amount": wire(usd(250_00))})
        assert [kind for kind, _ in movements(scene, trade)] == ["escrow_captured", "escrow_returning", "escrow_returned"]
        assert (provider.has(), scene.balances(trade.buyer), scene.faults()) == (0, [], [])

    @pytest.mark.parametrize("fate", ["refund_fails", "refund_declined"])
    def test_what_the_provider_cannot_send_back_is_on_the_buyers_balance(self, scene: Scene, provider: ModelProvider, trade: Trade, fate: str) -> None:
        held(scene, provider, trade, f"card_{fate}")
        scene.happen(trade.cancelled())
        scene.work_off(provider)
        assert scene.balances(trade.buyer) == [usd(250_00)]
        assert scene.told_names(trade.order_id)[-1] == "refund_made"
        assert [each["state"] for each in scene.payments(trade.order_id)["refunds"]] == ["credited"]
        assert (provider.has(), scene.faults()) == (250_00, [])

    @pytest.mark.parametrize("part", [None, usd(40_00)], ids=["whole", "part"])
    def test_what_comes_back_from_the_buyers_bank_is_on_their_balance_once(
        self, scene: Scene, provider: ModelProvider, trade: Trade, part: Money | None
    ) -> None:
        held(scene, provider, trade)
        scene.refund(trade, part) if part else scene.happen(trade.cancelled())
        scene.work_off(provider)
        told = scene.told_names(trade.order_id)
        provider.bounce()
        for _ in range(2):  # said twice
            scene.run()(lambda tx: tx.execute(update(refunds).values(next_at=tx.now)))
            scene.work_off(provider)
        [refund] = scene.payments(trade.order_id)["refunds"]
        amount = part or usd(250_00)
        assert (refund["state"], scene.balances(trade.buyer)) == ("credited", [amount])
        assert scene.told_names(trade.order_id) == [*told, "refund_bounced"]
        assert scene.told(trade.order_id)[-1][1] == {"order_id": trade.order_id, "refund_id": refund["id"], "amount": wire(amount)}
        assert (provider.has(), scene.faults()) == (250_00, [])

    def test_parts_go_back_while_it_is_held_and_the_rest_is_released(self, scene: Scene, provider: ModelProvider, trade: Trade) -> None:
        held(scene, provider, trade)
        first = scene.refund(trade, usd(40_00))
        assert (first["state"], first["awaiting"]) == ("requested", ["payments.part_refunded.v1"])
        assert scene.payments(trade.order_id)["held"] == usd(210_00)
        assert scene.faults() == []
        scene.refund(trade, usd(10_00))
        scene.happen(trade.protection_ended())
        scene.work_off(provider)
        told = {"order_id": trade.order_id, "refund_id": first["id"], "amount": wire(usd(40_00)), "reason": "Two boxes were wet."}
        assert ("part_refunded", told) in scene.told(trade.order_id)
        assert sorted(scene.told_names(trade.order_id)) == ["account_opened", "funds_released", "part_refunded", "part_refunded", "payment_recorded"]
        assert (scene.balances(trade.supplier), provider.has(), scene.faults()) == ([usd(200_00)], 200_00, [])

    def test_what_was_paid_in_another_currency_goes_back_in_it_and_the_rest_is_released_in_the_orders_own(self, scene: Scene, provider: ModelProvider) -> None:
        trade = Trade("escrow", usd(200_00), pay_in="EUR", rate=Decimal("0.9"))
        scene.happen(trade.placed())
        held(scene, provider, trade)
        assert (scene.payments(trade.order_id)["held"], provider.has("EUR")) == (Money(180_00, "EUR"), 180_00)
        with pytest.raises(Invalid):
            scene.refund(trade, usd(1))
        scene.refund(trade, Money(45_00, "EUR"))
        scene.happen(trade.protection_ended())
        scene.work_off(provider)
        assert (scene.balances(trade.supplier), provider.has("EUR")) == ([usd(150_00)], 135_00)
        assert scene.faults() == []

    def test_a_part_and_then_the_whole_rest_go_back(self, scene: Scene, provider: ModelProvider, trade: Trade) -> None:
        held(scene, provider, trade)
        scene.refund(trade, usd(40_00))
        scene.happen(trade.cancelled(refund=usd(250_00)))
        scene.work_off(provider)
        assert scene.told(trade.order_id)[-1] == ("refund_made", {"order_id": trade.order_id, "amount": wire(usd(210_00))})
        assert (provider.has(), scene.payments(trade.order_id)["state"], scene.faults()) == (0, "refunded", [])

    def test_of_what_was_paid_from_the_balance_a_part_is_back_on_it_at_once(self, scene: Scene, trade: Trade) -> None:
        scene.deposit(trade.buyer, usd(250_00))
        scene.happen(trade.payment_submitted())
        refund = scene.refund(trade, usd(40_00))
        assert (refund["state"], refund["awaiting"], scene.balances(trade.buyer)) == ("made", [], [usd(40_00)])
        assert scene.told_names(trade.order_id)[-1] == "part_refunded"
        assert scene.faults() == []
        scene.refund(trade, usd(10_00))
        scene.happen(trade.cancelled())
        assert scene.told(trade.order_id)[-1] == ("refund_made", {"order_id": trade.order_id, "amount": wire(usd(200_00))})
        assert (scene.balances(trade.buyer), scene.faults()) == ([usd(250_00)], [])

    def test_no_more_than_less_than_is_held_goes_back_in_parts(self, scene: Scene, provider: ModelProvider, trade: Trade) -> None:
        with pytest.raises(Conflict, match="Nothing is held"):
            scene.refund(trade, usd(1))
        held(scene, provider, trade)
        scene.refund(trade, usd(100_00))
        for amount, field in ((usd(150_00), "amount"), (usd(999_00), "amount"), (Money(1, "EUR"), "amount.currency")):
            with pytest.raises(Invalid) as caught:
                scene.refund(trade, amount)
            assert (caught.value.code, list(caught.value.errors)) == ("refund_refused", [field])
        scene.refund(trade, usd(149_99))
        scene.happen(trade.protection_ended())
        with pytest.raises(Conflict, match="Nothing is held"):
            scene.refund(trade, usd(1))
        scene.work_off(provider)
        assert (scene.balances(trade.supplier), scene.faults()) == ([usd(1)], [])

    def test_only_operators_make_them_and_only_of_orders_there_are(self, scene: Scene, provider: ModelProvider, trade: Trade) -> None:
        held(scene, provider, trade)
        for party in (trade.buyer, trade.supplier):
            with pytest.raises(Forbidden):
                scene.refund(trade, usd(1), Actor(party, frozenset({"buyer", "supplier"})))
        with pytest.raises(NotFound):
            scene.refund(Trade("escrow", usd(1)), usd(1), OPERATOR)

    def test_a_refund_is_made_once_however_often_its_answer_gets_lost(self, scene: Scene, provider: ModelProvider, trade: Trade) -> None:
        held(scene, provider, trade)
        scene.happen(trade.cancelled())
        losses = iter([False, True, True, False, True])
        provider.trouble = lambda: next(losses, False)
        for minutes in range(5):
            scene.work_off(provider, timedelta(minutes=minutes))
        assert [what for what, _ in provider.asked].count("refund") == 4
        assert (len(provider.refunds), provider.has(), scene.faults()) == (1, 0, [])


class TestTheAudit:
    def test_sound_books_with_a_provider_come_out_even(self, scene: Scene, provider: ModelProvider, trade: Trade) -> None:
        held(scene, provider, trade, "card_refund_slow")
        scene.refund(trade, usd(40_00))
        scene.work_off(provider)
        lines = {(each.check, each.subject): each.figures for each in scene.audit()}
        assert lines["escrow = orders held", "USD"] == {"escrow": 210_00, "orders": 210_00}
        assert lines["returning = refunds under way", "USD"] == {"returning": 40_00, "refunds": 40_00}
        assert lines["providers = captured - refunded", "USD"] == {"providers": 250_00, "payments": 250_00}
        assert lines["payments through providers", "captured"] == {"rows": 1, "pending": 0}
        assert lines["refunds", "refunding"] == {"rows": 1, "pending": 1}
        assert scene.faults() == []

    def test_a_payment_that_says_captured_without_its_money_is_a_fault(self, scene: Scene, provider: ModelProvider, trade: Trade) -> None:
        scene.pay(trade, "card_slow")
        scene.work_off(provider)
        with scene.database.transaction() as tx:
            tx.execute(update(provider_payments).values(state="captured"))
            tx.execute(update(order_accounts).values(state="held", provider="sandbox"))
        assert scene.faults() == [
            Sum("escrow = orders held", "USD", {"escrow": 0, "orders": 250_00}, -250_00),
            Sum("providers = captured - refunded", "USD", {"providers": 0, "payments": 250_00}, -250_00),
        ]
        assert scene.count(transfers) == 0
