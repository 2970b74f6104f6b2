"""The tables of payments and refunds at a provider: no answer is left without a state, and nobody's money stays where it should not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import product
from typing import get_args

import pytest

from services.payments.application.providers.port import MethodKind, PaymentState, RefundState
from services.payments.domain.provider_payment import (
    ASKED,
    AUTHORIZE,
    CANCEL,
    CAPTURE,
    GIVE_BACK,
    GIVEN_UP,
    HOLD,
    LIVE,
    LONGEST_PAUSE,
    LOOK,
    METHOD_KINDS,
    OVERDUE,
    PAYMENT,
    PAYMENT_STATES,
    REFUND_STATES,
    REFUNDS,
    REFUSE,
    TAKEN,
    Row,
    is_over,
    overdue,
    pause,
    question,
    step,
)

ANSWERS = get_args(PaymentState)
ENDS = {"captured", "declined", "cancelled", "undue"}
NOW = datetime(2026, 1, 1, tzinfo=UTC)


def test_the_kinds_are_the_ports() -> None:
    assert set(METHOD_KINDS) == set(get_args(MethodKind))


@pytest.mark.parametrize("table", [PAYMENT, REFUNDS])
def test_no_two_rows_answer_the_same_and_each_changes_something(table: tuple[Row, ...]) -> None:
    assert len({(row.source, row.said) for row in table}) == len(table)
    assert all(row.source != row.target for row in table)


@pytest.mark.parametrize(("table", "words"), [(PAYMENT, {*ANSWERS, ASKED, GIVEN_UP, OVERDUE}), (REFUNDS, {*get_args(RefundState), ASKED})])
def test_rows_go_by_the_ports_words_and_our_own(table: tuple[Row, ...], words: set[str]) -> None:
    assert {row.said for row in table} <= words


def test_what_is_in_no_row_changes_nothing() -> None:
    assert step(PAYMENT, "captured", "authorized") == Row("captured", "authorized", "captured")
    assert step(PAYMENT, "capturing", None).target == "capturing"
    assert step(REFUNDS, "credited", "made") == Row("credited", "made", "credited")


def test_what_is_over_is_what_no_question_leads_on_from() -> None:
    assert {state for state in PAYMENT_STATES if is_over(PAYMENT, state)} == ENDS
    assert {state for state in REFUND_STATES if is_over(REFUNDS, state)} == {"made", "credited"}


def test_money_that_the_provider_took_is_held_or_goes_back_in_whatever_state_we_hear_of_it() -> None:
    for state in set(PAYMENT_STATES) - {"requested"}:  # nobody has asked yet
        row = step(PAYMENT, state, "captured")
        if state not in TAKEN:
            assert (row.target, row.effect) == (("captured", HOLD) if state in LIVE else ("undue", GIVE_BACK))
        else:
            assert row.effect is None, "it counts once"


def test_the_buyer_is_told_of_every_end_that_is_no_capture_once() -> None:
    """Every way from the first state to one in which the order waits no more tells once, or holds once; what comes after tells nothing."""
    for state, said in product(LIVE, (*ANSWERS, ASKED, GIVEN_UP, OVERDUE)):
        row = step(PAYMENT, state, said)
        if row.target in LIVE or said == GIVEN_UP:
            assert row.effect is None
        else:
            assert row.effect in (HOLD, REFUSE)
    after = [step(PAYMENT, state, said).effect for state in set(PAYMENT_STATES) - set(LIVE) for said in (*ANSWERS, ASKED, GIVEN_UP, OVERDUE)]
    assert set(after) <= {None, GIVE_BACK}


@pytest.mark.parametrize("state", LIVE)
def test_a_payment_is_given_up_in_every_state_that_its_order_waits_in(state: str) -> None:
    assert step(PAYMENT, state, GIVEN_UP).target == ("cancelled" if state == "requested" else "cancelling")


def test_every_state_is_reached() -> None:
    reached = {"requested"}
    for _ in PAYMENT_STATES:
        reached |= {row.target for row in PAYMENT if row.source in reached}
    assert reached == set(PAYMENT_STATES)


@pytest.mark.parametrize(
    ("state", "reference", "said", "asked"),
    [
        ("authorizing", None, None, AUTHORIZE),
        ("authorizing", "p", "pending", LOOK),
        ("capturing", "p", "authorized", CAPTURE),
        ("capturing", "p", "pending", LOOK),
        ("cancelling", None, None, AUTHORIZE),  # to learn what there is to cancel
        ("cancelling", "p", None, CANCEL),
        ("cancelling", "p", "authorized", CANCEL),
        ("cancelling", "p", "pending", LOOK),
        *((state, "p", said, LOOK) for state in sorted(ENDS) for said in (None, "authorized", "captured", "cancelled")),
    ],
)
def test_what_is_asked(state: str, reference: str | None, said: str | None, asked: str) -> None:
    assert question(state, reference, said) == asked


def test_nothing_is_taken_for_a_payment_that_was_given_up() -> None:
    for state, reference, said in product({"cancelling", *ENDS}, (None, "p"), (None, *ANSWERS)):
        assert question(state, reference, said) != CAPTURE


@pytest.mark.parametrize(
    ("kind", "reference", "waited", "over"),
    [
        ("card", None, timedelta(seconds=119), False),
        ("card", None, timedelta(minutes=2), True),
        ("card", "p", timedelta(minutes=14), False),
        ("card", "p", timedelta(minutes=15), True),
        ("bank_debit", None, timedelta(minutes=2), True),
        ("bank_debit", "p", timedelta(days=3), False),
        ("bank_debit", "p", timedelta(days=21), True),
    ],
)
def test_how_long_the_buyer_waits(kind: str, reference: str | None, waited: timedelta, over: bool) -> None:
    assert overdue("authorizing", kind, reference, NOW, NOW + waited) is over
    assert not any(overdue(state, kind, reference, NOW, NOW + waited) for state in ("cancelling", *ENDS))


def test_pauses_grow_up_to_a_longest() -> None:
    pauses = [pause(attempts) for attempts in range(1, 50)]
    assert pauses[0] == timedelta(seconds=0.5)
    assert pauses == sorted(pauses)
    assert pauses[-1] <= LONGEST_PAUSE
