"""Which payouts are made, and what may become of one: it is requested, and then paid or rejected, once."""

from __future__ import annotations

from datetime import date, timedelta

from shared.kit.errors import Conflict, Forbidden, Invalid

REQUESTED, PAID, REJECTED = STATES = ("requested", "paid", "rejected")

ZONES = timedelta(days=1)
"""Somewhere it is tomorrow already, and somewhere still yesterday."""


def check_decision(state: str, owner: str, operator: str) -> None:
    """Whether the operator may decide on it: Conflict `payout_decided` where somebody has, Forbidden `own_payout` where it is the operator's own."""
    if state != REQUESTED:
        raise Conflict("payout_decided", f"This payout is {state} already.", state=state, allowed=[])
    if owner == operator:
        raise Forbidden("own_payout", "This payout is your own: another operator must decide on it.")


def check_paid_on(paid_on: date, requested: date, today: date) -> None:
    """Invalid where the bank cannot have paid on that day: before it was asked for, or in the future."""
    if not requested - ZONES <= paid_on <= today + ZONES:
        words = f"Must be from {requested} (when it was requested) to {today} (today)."
        raise Invalid("payout_refused", "This payout cannot be confirmed so.", {"paid_on": [words]})
