"""What holds for every mail: when one that was not taken is tried again, when it is given up, and how long a token in it lasts."""

from __future__ import annotations

from datetime import timedelta

FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=15), timedelta(hours=1)
GIVEN_UP_AFTER = timedelta(days=3)

CONFIRM_EMAIL, RESET_PASSWORD = "confirm_email", "reset_password"
LIFETIMES = {CONFIRM_EMAIL: timedelta(days=3), RESET_PASSWORD: timedelta(hours=1)}
"""What a mailed token is for → how long it lasts, from the moment that it was asked for."""

NOT_AGAIN_WITHIN = timedelta(minutes=1)
"""Somebody who asks for the same token over and over is sent one mail in so long."""

MOST, MOST_WITHIN = 5, timedelta(hours=1)
"""Mails with tokens for the same: an account has so many sent in so long, and so many are sent to one address, whoever asks. Nobody's mailbox is filled by
strangers, and nobody is kept from a new password: the tokens that have come last as long."""


def pause(attempts: int) -> timedelta:
    """How long to wait after so many attempts: 15 s, and twice as long each time, at most an hour."""
    return min(LONGEST_PAUSE, FIRST_PAUSE * (1 << min(attempts - 1, 10)))


def patience(purpose: str | None) -> timedelta:
    """After how long a mail is given up. One with a token is of no use when the token is over."""
    return LIFETIMES[purpose] if purpose else GIVEN_UP_AFTER
