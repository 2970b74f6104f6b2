"""What payments and refunds that a provider is asked about have in common: how they begin, what may be heard of them, when to ask again."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from services.payments.application.providers.port import REASONS
from services.payments.domain.provider_payment import OVERDUE, PAYMENT, Row, Rows, is_over, overdue, pause, step
from shared.kit.ids import new_id
from shared.kit.money import Money
from shared.platform.database import Transaction

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Heard:
    """What the provider answered: a payment's or refund's state; its reference and amount, where there is one at all; and why."""

    state: str
    reference: str | None = None
    amount: Money | None = None
    reason: str | None = None


def requested(tx: Transaction, owner: Mapping[str, str], provider: str | None, amount: Money) -> dict[str, Any]:
    """The columns of a new row, which is asked about at once; `owner` is whose it is, by column."""
    row = {"id": new_id(), **owner, "provider": provider, "state": "requested", "amount": amount.minor, "currency": amount.currency}
    return row | {"attempts": 0, "created_at": tx.now, "changed_at": tx.now, "next_at": tx.now}


def believed(row: Any, heard: Heard | None) -> Heard | None:
    """What was heard, if it is about the row: what the provider says of something else is as good as silence, and for an operator to look into."""
    if heard and heard.reference not in (None, row.reference or heard.reference):
        log.error("%s is %s at the provider, which answers about %s", row.id, row.reference, heard.reference)
        return None
    if heard and heard.amount not in (None, Money(row.amount, row.currency)):
        log.error("%s is about %s, the provider says %s", row.id, Money(row.amount, row.currency), heard.amount)
        return None
    return heard


def judge(row: Any, heard: Heard | None, now: datetime) -> tuple[Row, str | None, str | None]:
    """What the provider's answer, or its silence, makes of a payment; what it said, and why."""
    said, reason = (heard.state, heard.reason) if heard else (row.said, row.reason)
    if row.state == "cancelling" and row.reference is None:
        said = None  # it was asked for only to learn what to cancel: it is told so, even where it is still making up its mind
    moved = step(PAYMENT, row.state, heard.state if heard else None)
    if moved.target == row.state and overdue(row.state, row.kind, known_as(row, heard), row.created_at, now):
        # What it said is forgotten: it is to be told to cancel, even where it is still making up its mind.
        return step(PAYMENT, row.state, OVERDUE), None, "provider_timeout"
    return moved, said, reason


def why(target: str, reason: str | None, timeout: str) -> tuple[str, str]:
    """The reason and message of a refusal; `timeout` is the message where the provider took too long."""
    if reason == "provider_timeout":
        return reason, timeout
    if target == "cancelled":
        return "payment_cancelled", "The payment was cancelled at the provider."
    return "declined", REASONS.get(reason or "declined", REASONS["declined"])


def known_as(row: Any, heard: Heard | None) -> str | None:
    """The provider's name for it, by now."""
    return row.reference or (heard.reference if heard else None)


def after(tx: Transaction, table: Rows, row: Any, target: str, until: datetime, heard: Heard | None) -> dict[str, Any]:
    """The row's columns once it was asked about, leased `until` then: it is in `target`, and asked about again at some time, or not."""
    reference = known_as(row, heard)
    news = (target, reference) != (row.state, row.reference)
    if row.next_at != until:  # somebody wants it looked at, or is asking already
        next_at = row.next_at
    elif heard and is_over(table, target):
        next_at = None
    else:
        next_at = tx.now if news else tx.now + pause(row.attempts)
    return {"state": target, "reference": reference, "next_at": next_at, "attempts": 0 if news else row.attempts, "changed_at": tx.now}
