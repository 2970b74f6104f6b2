from __future__ import annotations

from datetime import timedelta

from services.accounts.domain.mail import GIVEN_UP_AFTER, LIFETIMES, RESET_PASSWORD, patience, pause


def test_each_attempt_waits_twice_as_long_as_the_one_before_and_an_hour_at_most() -> None:
    assert [pause(attempts).total_seconds() for attempts in (1, 2, 3, 8, 9, 10_000)] == [15, 30, 60, 1920, 3600, 3600]


def test_a_mail_with_a_token_is_given_up_with_it() -> None:
    assert (patience(RESET_PASSWORD), patience(None)) == (LIFETIMES[RESET_PASSWORD], GIVEN_UP_AFTER)
    assert patience(RESET_PASSWORD) == timedelta(hours=1)
