"""An order's account: its table, the amounts moved, and why payments are refused."""

from __future__ import annotations

from dataclasses import replace

import pytest

from services.payments.application.reactions import ON_ORDERS
from services.payments.domain.ledger import MOVEMENTS
from services.payments.domain.order_account import (
    CAPTURED,
    RETURNED,
    ROWS,
    STATES,
    OrderAccount,
    PaymentRefused,
    Row,
    check_payment,
    decide,
    position,
    row_for,
)
from shared.contracts.events import EVENTS
from shared.kit.errors import Conflict, Invalid
from shared.kit.money import Money

DUE = Money(100_00, "USD")
DIRECT = OrderAccount("order", "buyer", "supplier", "direct", DUE, "open")
ESCROW = replace(DIRECT, settlement="escrow")
THROUGH_PROVIDER = replace(ESCROW, provider="sandbox")
WAYS = {"direct": DIRECT, "escrow": ESCROW, "provider": THROUGH_PROVIDER}

CANCELLED, REJECTED = "orders.order_cancelled.v1", "orders.order_rejected.v1"
SUBMITTED, CONFIRMED = "orders.payment_submitted.v1", "orders.payment_confirmed.v1"


def usd(minor: int) -> Money:
    return Money(minor, "USD")


class TestTheTable:
    def test_every_event_in_it_is_listened_to_and_has_a_contract(self) -> None:
        assert {row.event for row in ROWS} == ON_ORDERS.keys() | {CAPTURED, RETURNED}
        assert ON_ORDERS.keys() <= EVENTS.keys()

    def test_every_event_told_has_a_contract(self) -> None:
        assert {row.tells for row in ROWS if row.tells} <= EVENTS.keys()

    def test_every_movement_of_an_order_but_those_of_refunds_on_their_way_is_made_by_some_row(self) -> None:
        elsewhere = {"undue_captured", "escrow_returned", "escrow_credited", "escrow_bounced"}
        assert {row.movement for row in ROWS if row.movement} == {each.kind for each in MOVEMENTS.values() if each.of == "order_id"} - elsewhere

    def test_every_account_is_on_one_of_the_ways(self) -> None:
        assert {row.way for row in ROWS} == {account.way for account in WAYS.values()} == WAYS.keys()

    def test_no_movement_is_made_twice_on_one_walk(self) -> None:
        """The database allows each movement once an order."""
        for way in WAYS:
            for walk in walks(way, "open" if way == "provider" else None):
                movements = [row.movement for row in walk if row.movement]
                assert len(movements) == len(set(movements))

    @pytest.mark.parametrize("way", WAYS)
    def test_every_other_event_is_refused_and_the_error_tells_the_state(self, way: str) -> None:
        answered = {(row.source, row.event) for row in ROWS if row.way == way}
        refused = [(state, event) for state in (None, *STATES) for event in (*ON_ORDERS, CAPTURED, RETURNED) if (state, event) not in answered]
        assert refused
        for state, event in refused:
            with pytest.raises(Conflict, match=state or "not open") as caught:
                row_for(replace(WAYS[way], state=state), event)
            assert caught.value.code == "out_of_turn"


def walks(way: str, state: str | None) -> list[list[Row]]:
    """Every walk through the rows of the way from the state on."""
    onward = [row for row in ROWS if row.way == way and row.source == state]
    return [[row, *rest] for row in onward for rest in walks(way, row.target)] or [[]]


class TestAmounts:
    def test_a_confirmation_settles_what_was_reported(self) -> None:
        account = replace(DIRECT, state="reported")
        outcome = decide(row_for(account, CONFIRMED), account, DUE, said=DUE)
        assert (outcome.state, outcome.amount, outcome.tells) == ("settled", DUE, "payments.invoice_settled.v1")
        (transfer,) = outcome.transfers
        assert (transfer.debit, transfer.credit) == ("settled:order", "in_transit:order")

    def test_a_confirmation_of_another_amount_settles_nothing(self) -> None:
        account = replace(DIRECT, state="reported")
        with pytest.raises(Invalid, match=r"99\.99 USD are confirmed, 100\.00 USD were reported"):
            decide(row_for(account, CONFIRMED), account, DUE, said=usd(99_99))

    @pytest.mark.parametrize("state", ["reported", "settled"])
    @pytest.mark.parametrize(("claim", "owed"), [(100_00, 100_00), (40_00, 40_00), (250_00, 100_00)])
    def test_a_refund_is_what_is_claimed_but_never_more_than_was_paid(self, state: str, claim: int, owed: int) -> None:
        account = replace(DIRECT, state=state)
        outcome = decide(row_for(account, CANCELLED), account, DUE, said=usd(claim))
        assert (outcome.state, outcome.amount, outcome.tells) == ("refund_due", usd(owed), "payments.refund_due.v1")

    @pytest.mark.parametrize("claim", [None, usd(0)])
    def test_without_a_claim_nothing_is_owed_and_the_account_is_closed(self, claim: Money | None) -> None:
        account = replace(DIRECT, state="reported")
        outcome = decide(row_for(account, CANCELLED), account, DUE, said=claim)
        assert (outcome.state, outcome.transfers, outcome.tells) == ("closed", (), None)

    def test_a_claim_in_another_currency_is_an_error(self) -> None:
        account = replace(DIRECT, state="settled")
        with pytest.raises(ValueError, match="cannot mix"):
            decide(row_for(account, CANCELLED), account, DUE, said=Money(1, "EUR"))

    @pytest.mark.parametrize("claim", [None, usd(1), usd(10**9)])
    def test_escrow_gives_back_exactly_what_is_held_whatever_is_claimed(self, claim: Money | None) -> None:
        account = replace(ESCROW, state="held")
        outcome = decide(row_for(account, CANCELLED), account, DUE, said=claim)
        assert (outcome.state, outcome.amount, outcome.tells) == ("refunded", DUE, "payments.refund_made.v1")

    @pytest.mark.parametrize("event", [CANCELLED, REJECTED])
    def test_an_order_that_ends_unpaid_closes_its_account_and_its_invoice(self, event: str) -> None:
        direct = decide(row_for(DIRECT, event), DIRECT, DUE)
        assert direct.state == "closed"
        assert [each.kind for each in direct.transfers] == ["invoice_voided"]
        escrow = decide(row_for(ESCROW, event), ESCROW, None)
        assert (escrow.state, escrow.transfers, escrow.tells) == ("closed", (), None)

    def test_funds_that_fall_short_are_refused_with_what_is_missing(self) -> None:
        with pytest.raises(PaymentRefused, match=r"100\.00 USD are due, and the buyer's balance has less") as caught:
            decide(row_for(ESCROW, SUBMITTED), ESCROW, usd(99_99))
        assert caught.value.code == "insufficient_funds"

    def test_a_balance_that_is_just_enough_is_taken_whole(self) -> None:
        outcome = decide(row_for(ESCROW, SUBMITTED), ESCROW, DUE)
        (transfer,) = outcome.transfers
        assert (outcome.state, transfer.debit, transfer.credit) == ("held", "balance:buyer", "escrow:order")

    def test_what_a_provider_captured_is_held_and_goes_back_the_same_way(self) -> None:
        captured = decide(row_for(THROUGH_PROVIDER, CAPTURED), THROUGH_PROVIDER, None)
        (taken,) = captured.transfers
        assert (captured.state, taken.debit, taken.credit) == ("held", "provider:sandbox", "escrow:order")
        held = replace(THROUGH_PROVIDER, state="held")
        given_up = decide(row_for(held, CANCELLED), held, usd(60_00), said=DUE)
        (set_aside,) = given_up.transfers
        assert (given_up.state, given_up.amount, given_up.tells) == ("returning", usd(60_00), None)
        assert (set_aside.debit, set_aside.credit) == ("escrow:order", "returning:order")
        returning = replace(THROUGH_PROVIDER, state="returning")
        returned = decide(row_for(returning, RETURNED), returning, None, said=usd(60_00))
        assert (returned.state, returned.amount, returned.transfers, returned.tells) == ("refunded", usd(60_00), (), "payments.refund_made.v1")


class TestPayments:
    @pytest.mark.parametrize(("account", "method"), [(DIRECT, "bank_transfer"), (DIRECT, "letter_of_credit"), (ESCROW, "balance"), (ESCROW, "card")])
    def test_the_amount_due_is_taken_however_it_is_written(self, account: OrderAccount, method: str) -> None:
        for amount in ("100", "100.0", "100.00", "100.0000"):
            check_payment(account, method, amount, "USD")

    @pytest.mark.parametrize(
        ("account", "method", "amount", "currency", "reason"),
        [
            (DIRECT, "bank_transfer", "99.99", "USD", "amount_mismatch"),
            (DIRECT, "bank_transfer", "100.01", "USD", "amount_mismatch"),
            (DIRECT, "bank_transfer", "100.001", "USD", "amount_mismatch"),
            (DIRECT, "bank_transfer", "100.00", "EUR", "currency_mismatch"),
            (DIRECT, "balance", "100.00", "USD", "method_not_accepted"),
            *((DIRECT, method, "100.00", "USD", "method_not_accepted") for method in ("card", "wallet", "bank_debit")),
            (ESCROW, "bank_transfer", "100.00", "USD", "method_not_accepted"),
            (replace(DIRECT, state="closed"), "bank_transfer", "100.00", "USD", "account_closed"),
            *((replace(DIRECT, state=state), "bank_transfer", "100.00", "USD", "already_paid") for state in ("reported", "settled", "refund_due", "refunded")),
            *((replace(ESCROW, state=state), "balance", "100.00", "USD", "already_paid") for state in ("held", "released", "refunded")),
        ],
    )
    def test_a_payment_that_does_not_fit_is_refused(self, account: OrderAccount, method: str, amount: str, currency: str, reason: str) -> None:
        with pytest.raises(PaymentRefused) as caught:
            check_payment(account, method, amount, currency)
        assert caught.value.code == reason


def test_the_position_of_an_order_follows_its_transfers() -> None:
    kinds = ("invoiced", "payment_reported", "payment_confirmed", "refund_of_settled_claimed")
    transfers = [MOVEMENTS[kind].transfer(DIRECT.owners, DUE) for kind in kinds]
    assert [position(DIRECT, transfers[:steps]).paid for steps in range(5)] == [usd(0), usd(0), DUE, DUE, DUE]
    assert [position(DIRECT, transfers[:steps]).refund_due for steps in range(5)] == [usd(0), usd(0), usd(0), usd(0), DUE]
    assert position(ESCROW, [MOVEMENTS["escrow_paid"].transfer(ESCROW.owners, DUE)]).held == DUE
