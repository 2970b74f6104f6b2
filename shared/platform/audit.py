"""What a service's audit answers, and the platform's own part of it: nothing under way, nothing stuck."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import func, select

from shared.platform.database import Transaction
from shared.platform.records import inbox, outbox


@dataclass(frozen=True, slots=True)
class Sum:
    """One line of the audit: `figures` are minor units or counts; a `difference` other than 0 is a fault."""

    check: str
    subject: str
    figures: dict[str, int]
    difference: int = 0


def faults(check: str, subject: str, counted: int, found: Iterable[tuple[str, dict[str, int], int]]) -> list[Sum]:
    """A line that counts what was looked at, and one for each fault (its subject, figures and difference)."""
    lines = [Sum(check, *fault) for fault in found]
    return [Sum(check, subject, {"checked": counted, "faulty": len(lines)}, len(lines)), *lines]


def messages(tx: Transaction) -> list[Sum]:
    """Events not yet sent or handled are counted, dead ones are a fault."""
    unsent = tx.execute(select(func.count()).select_from(outbox).where(outbox.c.sent_at.is_(None))).scalar_one()
    sent = tx.execute(select(func.count()).select_from(outbox)).scalar_one() - unsent
    received = depth(tx)
    return [
        Sum("outbox", "events", {"sent": sent, "unsent": unsent}),
        Sum("inbox", "events", {name: received.get(name, 0) for name in ("done", "pending", "dead", "duplicates")}, received.get("dead", 0)),
    ]


def depth(tx: Transaction) -> dict[str, int]:
    """How many events stand in the inbox by state, and how many duplicates were dropped."""
    counted = tx.execute(select(inbox.c.state, func.count().label("events")).group_by(inbox.c.state))
    duplicates = tx.execute(select(func.coalesce(func.sum(inbox.c.duplicates), 0))).scalar_one()
    return {row.state: row.events for row in counted} | {"duplicates": duplicates}


def under_way(sums: Iterable[Sum]) -> int:
    """How many events are on their way by these sums: while there are any, differences between services may be passing."""
    return sum(each.figures.get("unsent", 0) + each.figures.get("pending", 0) for each in sums)
