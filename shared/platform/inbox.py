"""The inbox: each event takes effect once and in its aggregate's order; failures are retried and, in the end, kept as dead letters.

The rules, for the events of one aggregate (source and subject), whose versions count from 1 without gaps:

* the next version is handled, in one transaction with its inbox row and the new position;
* one that is known by its id is a duplicate and dropped; a later version waits for the gap to close, or for `gap_patience` seconds (a
  consumer that is newer than the aggregate never sees its beginning); what comes after that is handled late, not lost;
* when handling fails, the event waits for its next attempt, and all later ones wait behind it; after `retry_attempts` it is dead,
  until an operator replays or drops it. One that is dropped counts as handled: what waits behind it goes on.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from functools import cache, partial
from typing import Any

from sqlalchemy import Integer, String, TextClause, and_, bindparam, or_, select, text, update

from shared.kit.clock import utc_now
from shared.kit.errors import Unavailable
from shared.platform import context, wire
from shared.platform.database import Transaction
from shared.platform.records import inbox, positions
from shared.platform.settings import settings
from shared.platform.telemetry.metrics import DUPLICATES, EVENTS, Timed
from shared.platform.telemetry.tracing import OK
from shared.platform.wire import Event

log = logging.getLogger(__name__)

LONGEST_BACKOFF = timedelta(minutes=5)

DUPLICATE = "duplicate"
TAKEN = "taken"
"""What may come of an attempt: it was handled (OK), dropped, handled by a faster replica, or it is `waiting`, `failed` or `dead`."""

Reactions = Mapping[str, Callable[[Transaction, Event], None]]
Run = Callable[[Callable[[Transaction], Any]], Any]


_OF, _ABOUT, _TO = (bindparam(name, type_=kind) for name, kind in (("of", String), ("about", String), ("to", Integer)))

_LOCK_POSITION = text(
    "INSERT INTO positions (source, subject, version) VALUES (:source, :subject, 0)"
    " ON CONFLICT (source, subject) DO UPDATE SET version = positions.version RETURNING version"
)
_BEGIN_POSITION = text("INSERT INTO positions (source, subject, version) VALUES (:of, :about, :to) ON CONFLICT DO NOTHING")
_MINE = update(positions).where(positions.c.source == _OF, positions.c.subject == _ABOUT).values(version=_TO)
_MOVE_POSITION = _MINE.where(positions.c.version < _TO)
_WAITING = select(inbox.c.id).where(inbox.c.source == _OF, inbox.c.subject == _ABOUT, inbox.c.state != "done").exists()
_ADVANCE_POSITION = _MINE.where(positions.c.version == _TO - 1, ~_WAITING)
_FREE = select(positions).where(
    positions.c.source.in_(bindparam("of", expanding=True)),
    positions.c.subject.in_(bindparam("about", expanding=True)),
    ~select(inbox.c.id).where(inbox.c.source == positions.c.source, inbox.c.subject == positions.c.subject, inbox.c.state != "done").exists(),
)
_FOLLOWING = select(inbox).where(
    inbox.c.source == _OF,
    inbox.c.subject == _ABOUT,
    inbox.c.version == _TO + 1,
    inbox.c.state != "done",  # said so that the index serves it, which holds those that wait
    or_(inbox.c.state == "dropped", and_(inbox.c.state == "pending", inbox.c.attempts == 0)),
)

# Waiting events whose time has come and that have none before them in their aggregate.
_EARLIER = inbox.alias()
_BEFORE = and_(
    _EARLIER.c.source == inbox.c.source,
    _EARLIER.c.subject == inbox.c.subject,
    _EARLIER.c.version < inbox.c.version,
    _EARLIER.c.state.in_(("pending", "dead")),
)
_DUE = (
    select(inbox)
    .where(inbox.c.state == "pending", inbox.c.next_attempt_at <= bindparam("now"), ~select(_EARLIER.c.id).where(_BEFORE).exists())
    .order_by(inbox.c.next_attempt_at)
    .limit(bindparam("most"))
)


class Inbox:
    """`run(work)` is one transaction of the database of `service`."""

    def __init__(self, service: str, run: Run, reactions: Reactions) -> None:
        self.service = service
        self.run = run
        self.reactions = reactions
        self.duplicates = DUPLICATES.labels(service)

    def receive(self, event: Event) -> None:
        """Take over a delivered event. On return it may be acknowledged: it is done, dropped, or safe in the inbox.

        Unavailable where the database is: then it must be delivered again.
        """
        moved, waiting = (False, None) if self.has_use_for(event) else self.run(partial(_move_on, event=event))
        self._follow(waiting if moved else self._attempt(event, self._take))

    def has_use_for(self, event: Event) -> bool:
        return event.type in self.reactions

    def pass_over(self, events: Sequence[Event]) -> list[bool]:
        """Of delivered events, in their order, take over those without use whose turn it is, all in one transaction; which.

        The others are to be received, as all are where this fails.
        """
        without_use = [not self.has_use_for(event) for event in events]
        if sum(without_use) < 2:  # alone it is received with less work
            return [False] * len(events)
        return self.run(partial(_pass_over, events=events, without_use=without_use))  # type: ignore[no-any-return]

    def attempt_due(self, limit: int = 50) -> int:
        """Handle events whose waiting time is over, first of each aggregate; how many were tried."""
        due = self.run(lambda tx: tx.execute(_DUE, {"now": utc_now(), "most": limit}).all())
        for row in due:
            self._follow(self._attempt(_stored(row), self._again))
        return len(due)

    def _follow(self, waiting: Any) -> None:
        """Handle what waited for an event that was handled, one transaction each."""
        while waiting:
            waiting = self._attempt(_stored(waiting), self._again)

    def _attempt(self, event: Event, work: Callable[[Transaction, Event], tuple[str, Any]]) -> Any:
        """Handle the event in a transaction of its own; what waited for it. A failure leaves nothing of it but the event, kept for later."""
        labels = (self.service, event.type if event.type in self.reactions else "other")
        caused = context.Context(event.context.correlation_id, event.id, event.context.traceparent)
        with Timed(EVENTS, labels, f"handle {event.type}", "consumer", caused, wire.traced(event)) as attempt:
            try:
                attempt.outcome, waiting = self.run(lambda tx: work(tx, event))
            except Unavailable:
                raise
            except Exception as error:
                attempt.outcome, waiting = self.run(partial(_failed, event=event, error=error)), None
        if attempt.outcome == DUPLICATE:
            self.duplicates.inc()
        return waiting

    def _take(self, tx: Transaction, event: Event) -> tuple[str, Any]:
        """A delivered event; what came of it, and what waited for it."""
        row = {"id": event.id, "type": event.type, "source": event.source, "subject": event.subject, "version": event.version}
        row |= {"received_at": utc_now(), "attempts": 0}
        if event.type in self.reactions and _advance_by_one(tx, event):  # nearly all of them
            tx.add(inbox, {**row, "state": "done"})
            return self._handle(tx, event)
        position = _lock_position(tx, event)
        known = tx.execute(select(inbox.c.state).where(inbox.c.id == event.id)).scalar_one_or_none()
        late = event.version <= position
        if known is not None or (late and event.type not in self.reactions):
            tx.execute(update(inbox).where(inbox.c.id == event.id).values(duplicates=inbox.c.duplicates + 1))
            return DUPLICATE, None
        if late:  # the gap was given up, and closes after all: out of its turn, but not lost
            log.warning("event %s %s of %s comes late", event.type, event.id, event.subject)
        if event.version > position + 1:
            until = utc_now() + timedelta(seconds=settings().gap_patience)
            tx.add(inbox, {**row, "state": "pending", "next_attempt_at": until, "event": _kept(event)})
            return "waiting", None
        if event.type in self.reactions:
            tx.add(inbox, {**row, "state": "done"})
        _move_position(tx, event)
        return self._handle(tx, event)

    def _again(self, tx: Transaction, event: Event) -> tuple[str, Any]:
        """A waiting event whose turn has come; as for `_take`."""
        _lock_position(tx, event)
        mine = update(inbox).where(inbox.c.id == event.id, inbox.c.state == "pending")
        if not tx.execute(mine.values(state="done", event=None, error=None, next_attempt_at=None)).rowcount:
            return TAKEN, None
        _move_position(tx, event)
        return self._handle(tx, event)

    def _handle(self, tx: Transaction, event: Event) -> tuple[str, Any]:
        """Everybody else who has an event of this aggregate waits for this transaction, so what waits for it is there by now."""
        if reaction := self.reactions.get(event.type):
            reaction(tx, event)
        return OK, _next_after(tx, event)


def replay(tx: Transaction, id: str) -> bool:
    """Have a dead or dropped event tried again now, with all its attempts before it; whether there was one."""
    again = update(inbox).where(inbox.c.id == id, inbox.c.state.in_(("dead", "dropped")))
    return tx.execute(again.values(state="pending", attempts=0, next_attempt_at=utc_now())).rowcount > 0


def drop(tx: Transaction, id: str) -> bool:
    """Give a dead or waiting event up and let those behind it go on, in order; whether there was one. It is kept, and can be replayed.

    One whose turn has not come holds its place: it is passed over when those before it are handled.
    """
    event = tx.execute(select(inbox.c.source, inbox.c.subject, inbox.c.version).where(inbox.c.id == id)).one_or_none()
    if event is None:
        return False
    position = _lock_position(tx, event)
    given_up = update(inbox).where(inbox.c.id == id, inbox.c.state.in_(("pending", "dead"))).values(state="dropped", next_attempt_at=None)
    if not tx.execute(given_up).rowcount:
        return False
    if event.version == position + 1:
        _move_position(tx, event)
        if following := _next_after(tx, event):
            tx.execute(update(inbox).where(inbox.c.id == following.id).values(next_attempt_at=utc_now()))
    return True


def _lock_position(tx: Transaction, event: Any) -> int:
    """How far the aggregate's events are handled; others that handle its events wait for this transaction."""
    return tx.execute(_LOCK_POSITION, {"source": event.source, "subject": event.subject}).scalar_one()  # type: ignore[no-any-return]


def _move_position(tx: Transaction, event: Any) -> None:
    tx.later(_MOVE_POSITION, _place(event))


def _advance_by_one(tx: Transaction, event: Event) -> bool:
    """Move the position to an event whose turn it is, where nothing of its aggregate waits; whether it did. Others wait, as for `_lock_position`."""
    return tx.execute(_BEGIN_POSITION if event.version == 1 else _ADVANCE_POSITION, _place(event)).rowcount > 0


def _move_on(tx: Transaction, event: Event) -> tuple[bool, Any]:
    """Whether the turn of an event without use had come, and what waited for it: somebody may have kept it just before we had the position."""
    moved = _advance_by_one(tx, event)
    return moved, _next_after(tx, event) if moved else None


def _pass_over(tx: Transaction, events: Sequence[Event], without_use: Sequence[bool]) -> list[bool]:
    """Others wait, as for `_lock_position`. All lock in one order, and look for what waits only then."""
    places = sorted({(event.source, event.subject) for event in events})
    tx.later(*_for_all([(*place, 0) for place in places], "positions.version"))
    of, about = map(list, zip(*places, strict=True))
    reached = {(row.source, row.subject): row.version for row in tx.execute(_FREE, {"of": of, "about": about})}
    passed, moved = [], {}
    for event, unused in zip(events, without_use, strict=True):
        place = event.source, event.subject
        passed.append(unused and reached.get(place) == event.version - 1)
        if passed[-1]:
            reached[place] = moved[place] = event.version
    if moved:
        tx.later(*_for_all([(*place, version) for place, version in moved.items()], "excluded.version"))
    return passed


def _for_all(rows: Sequence[tuple[str, str, int]], version: str) -> tuple[TextClause, dict[str, Any]]:
    """Insert the positions, in their order, or set the `version` of those that are there; the statement and its parameters."""
    names = ("of", "about", "to")
    return _set_all(len(rows), version), {f"{name}{number}": value for number, row in enumerate(rows) for name, value in zip(names, row, strict=True)}


@cache
def _set_all(count: int, version: str) -> TextClause:
    rows = ", ".join(f"(:of{number}, :about{number}, :to{number})" for number in range(count))
    return text(f"INSERT INTO positions (source, subject, version) VALUES {rows} ON CONFLICT (source, subject) DO UPDATE SET version = {version}")  # noqa: S608


def _place(event: Any) -> dict[str, Any]:
    return {"of": event.source, "about": event.subject, "to": event.version}


def _failed(tx: Transaction, event: Event, error: Exception) -> str:
    """Keep the event with its error for the next attempt, or as dead after the last; which of them, or that another replica was faster."""
    _lock_position(tx, event)
    known = tx.execute(select(inbox.c.attempts, inbox.c.state).where(inbox.c.id == event.id)).one_or_none()
    if known and known.state != "pending":
        return TAKEN
    attempts = (known.attempts if known else 0) + 1
    dead = attempts >= settings().retry_attempts
    backoff = min(LONGEST_BACKOFF, timedelta(seconds=settings().retry_backoff * 2 ** (attempts - 1)))
    outcome = {
        "state": "dead" if dead else "pending",
        "attempts": attempts,
        "next_attempt_at": None if dead else utc_now() + backoff,
        "error": f"{type(error).__name__}: {error}"[:2000],
    }
    log.error("event %s %s of %s failed (attempt %d%s)", event.type, event.id, event.subject, attempts, ", now dead" if dead else "", exc_info=error)
    if known:
        tx.execute(update(inbox).where(inbox.c.id == event.id).values(outcome))
    else:
        row = {"id": event.id, "type": event.type, "source": event.source, "subject": event.subject, "version": event.version}
        tx.add(inbox, {**row, "received_at": utc_now(), "event": _kept(event), **outcome})
    return "dead" if dead else "failed"


def _next_after(tx: Transaction, event: Any) -> Any:
    """The waiting event that follows on this one, past dropped ones, unless an attempt at it has failed: that one has its own time."""
    while True:
        row = tx.execute(_FOLLOWING, _place(event)).one_or_none()
        if row is None or row.state == "pending":
            return row
        _move_position(tx, row)
        event = row


def _kept(event: Event) -> dict[str, Any]:
    return {"time": event.time.isoformat(), "context": event.context.as_data(), "data": event.raw}


def _stored(row: Any) -> Event:
    kept = row.event
    return Event(row.id, row.type, row.source, row.subject, row.version, wire.timestamp(kept["time"]), context.Context(**kept["context"]), kept["data"])
