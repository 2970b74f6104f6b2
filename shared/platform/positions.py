"""Up to which version each foreign aggregate's events are handled. Who moves a position has the aggregate to himself until the transaction ends."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import cache
from typing import Any

from sqlalchemy import Integer, String, TextClause, bindparam, select, text, update

from shared.platform.database import Transaction
from shared.platform.records import inbox, positions
from shared.platform.statements import planned_each_time
from shared.platform.wire import Event

Place = tuple[str, str]
"""An aggregate: its source and subject."""

_OF, _ABOUT, _TO = (bindparam(name, type_=kind) for name, kind in (("of", String), ("about", String), ("to", Integer)))

_LOCK_POSITION = text(
    "INSERT INTO positions (source, subject, version) VALUES (:source, :subject, 0)"
    " ON CONFLICT (source, subject) DO UPDATE SET version = positions.version RETURNING version"
)
_BEGIN_POSITION = text("INSERT INTO positions (source, subject, version) VALUES (:of, :about, :to) ON CONFLICT DO NOTHING")
_LOCK_MINE = select(positions.c.version).where(positions.c.source == _OF, positions.c.subject == _ABOUT).with_for_update()
_MINE = update(positions).where(positions.c.source == _OF, positions.c.subject == _ABOUT).values(version=_TO)
_MOVE_POSITION = _MINE.where(positions.c.version < _TO)
_WAITING = select(inbox.c.id).where(inbox.c.source == _OF, inbox.c.subject == _ABOUT, inbox.c.state != "done").exists()
_ADVANCE_POSITION = _MINE.where(positions.c.version == _TO - 1, ~_WAITING)
_ALL = planned_each_time(
    select(positions).where(
        positions.c.source.in_(bindparam("of", type_=String, expanding=True)), positions.c.subject.in_(bindparam("about", type_=String, expanding=True))
    )
)
_LOCK_ALL = _ALL.order_by(positions.c.source, positions.c.subject).with_for_update()
_FREE = _ALL.where(~select(inbox.c.id).where(inbox.c.source == positions.c.source, inbox.c.subject == positions.c.subject, inbox.c.state != "done").exists())


def lock(tx: Transaction, event: Any) -> int:
    """How far the aggregate's events are handled; others that handle its events wait for this transaction."""
    return tx.execute(_LOCK_POSITION, {"source": event.source, "subject": event.subject}).scalar_one()  # type: ignore[no-any-return]


def move(tx: Transaction, event: Any) -> None:
    """Forward to the event, if it is not there yet."""
    tx.later(_MOVE_POSITION, place_of(event))


def advance(tx: Transaction, event: Event) -> bool:
    """Move the position to an event whose turn it is, where nothing of its aggregate waits; whether it did. Others wait, as for `lock`:
    nothing can come to wait for the event before this transaction ends. Where there was no position, nothing waits."""
    if event.version == 1:
        return tx.execute(_BEGIN_POSITION, place_of(event)).rowcount > 0
    tx.later(_LOCK_MINE, {"of": event.source, "about": event.subject})  # by itself: only what is asked for after it sees all that was done before it
    return tx.execute(_ADVANCE_POSITION, place_of(event)).rowcount > 0


def take_turns(tx: Transaction, events: Sequence[Event], willing: Sequence[bool]) -> list[bool]:
    """Move the positions as far as these events follow on them without one that is not willing; which events that are. As for `advance`."""
    of: dict[Place, list[tuple[int, bool]]] = {}
    for event, may in zip(events, willing, strict=True):
        of.setdefault((event.source, event.subject), []).append((event.version, may))

    def reach(place: Place, position: int) -> int:
        for version, may in of[place]:
            if version == position + 1 and may:
                position = version
            elif version > position:
                break
        return position

    new = {place: version for place in sorted(of) if (version := reach(place, 0))}
    known = sorted(of.keys() - new)
    moved, begins = dict[Place, int](), dict[Place, int]()
    if known:
        among = _among(known)
        tx.later(_LOCK_ALL, among)
    if new:
        begun = tx.execute(*_for_all([(*place, version) for place, version in new.items()], "DO NOTHING RETURNING source, subject"))
        begins = {(row.source, row.subject): 0 for row in begun}
        moved = {place: new[place] for place in begins}
    if known:
        free = {(row.source, row.subject): row.version for row in tx.execute(_FREE, among)}
        further = {place: version for place in known if place in free and (version := reach(place, free[place])) > free[place]}
        if further:
            tx.later(*_for_all([(*place, version) for place, version in further.items()], "DO UPDATE SET version = excluded.version"))
        begins, moved = begins | free, moved | further
    return _first(events, lambda place, version: place in moved and begins[place] < version <= moved[place])


def passed(tx: Transaction, events: Sequence[Event]) -> list[bool]:
    """Which of these events, not none, the positions have reached: they were handled before, unless they were given up."""
    places = [(event.source, event.subject) for event in events]
    reached = {(row.source, row.subject): row.version for row in tx.execute(_ALL, _among(places))}
    return [event.version <= reached.get(place, 0) for event, place in zip(events, places, strict=True)]


def _among(places: Iterable[Place]) -> dict[str, list[str]]:
    """For `_ALL`, which also finds what has the source of one and the subject of another. A few sources, each once: PostgreSQL would take the
    table's index to be asked for every pair, and read the whole table instead."""
    sources, subjects = (sorted(set(names)) for names in zip(*places, strict=True))
    return {"of": sources, "about": subjects}


def _first(events: Sequence[Event], wanted: Callable[[Place, int], bool]) -> list[bool]:
    """Of each place and version that is wanted, the first event; not one that comes twice."""
    found, seen = [], set[tuple[Place, int]]()
    for event in events:
        place, version = (event.source, event.subject), event.version
        found.append((place, version) not in seen and wanted(place, version))
        seen.add((place, version))
    return found


def _for_all(rows: Sequence[tuple[str, str, int]], otherwise: str) -> tuple[TextClause, dict[str, Any]]:
    """Insert the positions, in their order, or do `otherwise` where they are there; the statement and its parameters."""
    names = ("of", "about", "to")
    return _set_all(len(rows), otherwise), {f"{name}{number}": value for number, row in enumerate(rows) for name, value in zip(names, row, strict=True)}


@cache
def _set_all(count: int, otherwise: str) -> TextClause:
    rows = ", ".join(f"(:of{number}, :about{number}, :to{number})" for number in range(count))
    return text(f"INSERT INTO positions (source, subject, version) VALUES {rows} ON CONFLICT (source, subject) {otherwise}")  # noqa: S608


def place_of(event: Any) -> dict[str, Any]:
    """An event's source, subject and version as statements call them."""
    return {"of": event.source, "about": event.subject, "to": event.version}
