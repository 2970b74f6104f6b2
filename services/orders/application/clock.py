"""The test clock: an operator moves this service's time forward, so that deadlines can be seen to strike. In production mode it does not exist."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select

from services.orders.models import test_clock
from shared.kit.errors import Invalid, NotFound
from shared.platform.calls import Call
from shared.platform.database import Transaction
from shared.platform.settings import settings

LONGEST = timedelta(days=100 * 366)
"""How far ahead the clock may be, in all."""


_AHEAD = select(test_clock.c.ahead)


def ahead(tx: Transaction) -> timedelta:
    """How far the test clock is ahead of the real one; nothing in production mode, whatever the table says."""
    if settings().production:
        return timedelta(0)
    return timedelta(microseconds=tx.execute(_AHEAD, {}).scalar() or 0)


def get_clock(tx: Transaction, call: Call) -> dict[str, datetime]:
    """What time it is here, for an operator."""
    _require_operator(call)
    return {"now": tx.now}


def advance_clock(tx: Transaction, call: Call) -> dict[str, datetime]:
    """Forward by `seconds` or to the time `to`; Invalid where that is not forward, or too far."""
    _require_operator(call)
    if len(call.data) != 1:
        raise Invalid("invalid_fields", "Give either seconds or to.", {"seconds": ["Give either this or to."], "to": ["Give either this or seconds."]})
    field = next(iter(call.data))
    step = call.data["to"] - tx.now if field == "to" else timedelta(seconds=call.data["seconds"])
    if step <= timedelta(0):
        raise Invalid("clock_backward", "The clock goes forward only.", {field: [f"Must be later than {tx.now.isoformat()}."]})
    if ahead(tx) + step > LONGEST:
        raise Invalid("clock_too_far", "The clock cannot go that far.", {field: [f"More than {LONGEST.days} days ahead in all."]})
    microseconds = step // timedelta(microseconds=1)
    start = tx.upsert(test_clock).values(id=1, ahead=microseconds)
    tx.execute(start.on_conflict_do_update(index_elements=[test_clock.c.id], set_={"ahead": test_clock.c.ahead + microseconds}))
    return {"now": tx.now + step}


def _require_operator(call: Call) -> None:
    if settings().production:
        raise NotFound("not_found", "There is no test clock in production mode.")
    call.require_actor("operator")
