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
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import timedelta
from functools import partial
from typing import Any

from sqlalchemy import Integer, and_, bindparam, or_, select, text, update

from shared.kit.clock import utc_now
from shared.kit.errors import Unavailable
from shared.platform import context, positions, wire
from shared.platform.database import Transaction
from shared.platform.records import inbox
from shared.platform.settings import settings
from shared.platform.statements import planned_each_time
from shared.platform.telemetry.metrics import DUPLICATES, EVENTS, Timed
from shared.platform.telemetry.tracing import OK
from shared.platform.wire import Event

log = logging.getLogger(__name__)

LONGEST_BACKOFF = timedelta(minutes=5)
WAIT_TOGETHER = "500ms"  # for a lock: events that share a transaction are soon tried each by itself

DUPLICATE = "duplicate"
TAKEN = "taken"
AGAIN = "again"
"""What may come of an attempt: it was handled (OK), dropped, handled by a faster replica, to be made again by itself, or it is `waiting`, `failed` or `dead`."""

Reactions = Mapping[str, Callable[[Transaction, Event], None]]
Run = Callable[[Callable[[Transaction], Any]], Any]
Lock = Callable[[Transaction, Sequence[Event]], None]

_WAIT_BRIEFLY = text("SELECT set_config('lock_timeout', :time, true)")
_FOLLOWING = select(inbox).where(
    inbox.c.source == bindparam("of"),
    inbox.c.subject == bindparam("about"),
    inbox.c.version == bindparam("to", type_=Integer) + 1,
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
_DUE = planned_each_time(
    select(inbox)
    .where(inbox.c.state == "pending", inbox.c.next_attempt_at <= bindparam("now"), ~select(_EARLIER.c.id).where(_BEFORE).exists())
    .order_by(inbox.c.next_attempt_at)
    .limit(bindparam("most"))
)

_COUNT_AGAIN = planned_each_time(
    update(inbox).where(inbox.c.id.in_(bindparam("ids", expanding=True))).values(duplicates=inbox.c.duplicates + 1).returning(inbox.c.id)
)


class Inbox:
    """`run(work)` is one transaction of the database of `service`.

    `together` are the types whose reactions may share a transaction, since they lock nothing beside what is their aggregate's, or what
    `lock(tx, events)` has locked for all of them, in one order. It may leave them in `tx.ahead` what it has read.
    """

    def __init__(self, service: str, run: Run, reactions: Reactions, together: Collection[str] = (), lock: Lock = lambda _tx, _events: None) -> None:
        self.service = service
        self.run = run
        self.reactions = reactions
        self.together = frozenset(together)
        self.lock = lock
        self.duplicates = DUPLICATES.labels(service)

    def receive(self, event: Event) -> None:
        """Take over a delivered event. On return it may be acknowledged: it is done, dropped, or safe in the inbox.

        Unavailable where the database is: then it must be delivered again.
        """
        if self.has_use_for(event) or not self.run(partial(positions.advance, event=event)):
            self._follow(self._attempt(event, self._take))

    def has_use_for(self, event: Event) -> bool:
        return event.type in self.reactions

    def take_together(self, events: Sequence[Event]) -> list[bool]:
        """Of delivered events, in their order, take over in one transaction those whose turn it is and that are without use or of a type
        in `together`, and those that have come before; which.

        The others are to be received, as all are where this fails.
        """
        willing = [event.type in self.together or not self.has_use_for(event) for event in events]
        if sum(willing) < 2:  # alone it is received with less work
            return [False] * len(events)
        attempts: list[Timed] = []
        try:
            taken: list[bool] = self.run(partial(self._take_all, events=events, willing=willing, attempts=attempts))
        except BaseException:
            for attempt in attempts:
                attempt.outcome = AGAIN
            raise
        finally:
            for attempt in attempts:
                attempt.end()
        self.duplicates.inc(sum(attempt.outcome == DUPLICATE for attempt in attempts))
        return taken

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
        with self._timed(event) as attempt:
            try:
                attempt.outcome, waiting = self.run(lambda tx: work(tx, event))
            except Unavailable:
                raise
            except Exception as error:
                attempt.outcome, waiting = self.run(partial(_failed, event=event, error=error)), None
        if attempt.outcome == DUPLICATE:
            self.duplicates.inc()
        return waiting

    def _timed(self, event: Event) -> Timed:
        labels = (self.service, event.type if event.type in self.reactions else "other")
        caused = context.Context(event.context.correlation_id, event.id, event.context.traceparent)
        return Timed(EVENTS, labels, f"handle {event.type}", "consumer", caused, wire.traced(event))

    def _take_all(self, tx: Transaction, events: Sequence[Event], willing: Sequence[bool], attempts: list[Timed]) -> list[bool]:
        """As `take_together` says. The reactions run aggregate by aggregate, in one order for all, so that no two such transactions wait for each other."""
        attempts.clear()
        if tx.connection.dialect.name == "postgresql":
            tx.later(_WAIT_BRIEFLY, {"time": WAIT_TOGETHER})
        taken = positions.take_turns(tx, events, willing)
        used = sorted((event for event, done in zip(events, taken, strict=True) if done and self.has_use_for(event)), key=lambda event: event.subject)
        if used:
            self.lock(tx, used)
        for event in used:
            attempts.append(self._timed(event))
            with attempts[-1].inside():
                tx.add(inbox, _received(event) | {"state": "done"})
                self.reactions[event.type](tx, event)
        if left := [event for event, done in zip(events, taken, strict=True) if not done]:
            again = self._absorb(tx, left, attempts)
            taken = [done or event.id in again for event, done in zip(events, taken, strict=True)]
        return taken

    def _absorb(self, tx: Transaction, events: Sequence[Event], attempts: list[Timed]) -> set[str]:
        """Of these events, those that have come before, in one go: a relay that connects sends a whole lot of them once more."""
        past = [event for event, done in zip(events, positions.passed(tx, events), strict=True) if done]
        if not past:
            return set()
        known = set(tx.execute(_COUNT_AGAIN, {"ids": [event.id for event in past]}).scalars())
        again = [event for event in past if event.id in known or not self.has_use_for(event)]
        for event in again:
            attempts.append(self._timed(event))
            attempts[-1].outcome = DUPLICATE
        return {event.id for event in again}

    def _take(self, tx: Transaction, event: Event) -> tuple[str, Any]:
        """A delivered event; what came of it, and what waited for it."""
        row = _received(event)
        if event.type in self.reactions and positions.advance(tx, event):  # nearly all of them
            tx.add(inbox, {**row, "state": "done"})
            self.reactions[event.type](tx, event)
            return OK, None
        position = positions.lock(tx, event)
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
        positions.move(tx, event)
        return self._handle(tx, event)

    def _again(self, tx: Transaction, event: Event) -> tuple[str, Any]:
        """A waiting event whose turn has come; as for `_take`."""
        positions.lock(tx, event)
        mine = update(inbox).where(inbox.c.id == event.id, inbox.c.state == "pending")
        if not tx.execute(mine.values(state="done", event=None, error=None, next_attempt_at=None)).rowcount:
            return TAKEN, None
        positions.move(tx, event)
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
    position = positions.lock(tx, event)
    given_up = update(inbox).where(inbox.c.id == id, inbox.c.state.in_(("pending", "dead"))).values(state="dropped", next_attempt_at=None)
    if not tx.execute(given_up).rowcount:
        return False
    if event.version == position + 1:
        positions.move(tx, event)
        if following := _next_after(tx, event):
            tx.execute(update(inbox).where(inbox.c.id == following.id).values(next_attempt_at=utc_now()))
    return True


def _received(event: Event) -> dict[str, Any]:
    row = {"id": event.id, "type": event.type, "source": event.source, "subject": event.subject, "version": event.version}
    return row | {"received_at": utc_now(), "attempts": 0}


def _failed(tx: Transaction, event: Event, error: Exception) -> str:
    """Keep the event with its error for the next attempt, or as dead after the last; which of them, or that another replica was faster."""
    positions.lock(tx, event)
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
        tx.add(inbox, {**_received(event), "event": _kept(event), **outcome})
    return "dead" if dead else "failed"


def _next_after(tx: Transaction, event: Any) -> Any:
    """The waiting event that follows on this one, past dropped ones, unless an attempt at it has failed: that one has its own time."""
    while True:
        row = tx.execute(_FOLLOWING, positions.place_of(event)).one_or_none()
        if row is None or row.state == "pending":
            return row
        positions.move(tx, row)
        event = row


def _kept(event: Event) -> dict[str, Any]:
    return {"time": event.time.isoformat(), "context": event.context.as_data(), "data": event.raw}


def _stored(row: Any) -> Event:
    kept = row.event
    return Event(row.id, row.type, row.source, row.subject, row.version, wire.timestamp(kept["time"]), context.Context(**kept["context"]), kept["data"])
