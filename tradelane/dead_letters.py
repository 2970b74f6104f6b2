"""`tradelane dead-letters`: events that no attempt could get handled, wherever they are: in the consumers' inbox tables, or in RabbitMQ's dead-letter queues."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from functools import partial
from itertools import groupby
from operator import itemgetter
from typing import Any

from sqlalchemy import func, select

from shared.platform import inbox as events
from shared.platform.database import Transaction
from shared.platform.records import INBOX_STATES, inbox
from shared.platform.settings import Settings
from shared.platform.topology import SUBSCRIPTIONS
from tradelane import dead_queues
from tradelane.broker import channel
from tradelane.databases import database
from tradelane.tables import Row

CONSUMERS = tuple(service for service, sources in SUBSCRIPTIONS.items() if sources)
INBOX = "inbox"


REPLAYABLE = ("dead", "dropped")
DROPPABLE = ("dead", "pending")


def find(settings: Settings, service: str | None, states: Collection[str], limit: int | None = None) -> list[Row]:
    """The events in one of `states`, of one service or of all and of `unrouted`, oldest first; of each place the first `limit`.

    Not `ok` are the dead ones; `waiting` is how many later events of the aggregate wait behind each.
    """
    return _find(settings, service, states, (), limit)


def whole(settings: Settings, service: str | None, ids: Collection[str]) -> list[Row]:
    """The events with these ids with their `content`, in each place that knows them, in any state."""
    return _find(settings, service, INBOX_STATES, ids, None)


def choose(settings: Settings, service: str | None, ids: Collection[str], states: Collection[str]) -> tuple[list[Row], list[Row]]:
    """All dead events; or of those with these ids the ones in one of `states`, and a row with its `outcome` for each id that has none."""
    if not ids:
        return find(settings, service, ("dead",)), []
    there = whole(settings, service, ids)
    chosen = [row for row in there if row["state"] in states]
    others = set(ids) - {row["id"] for row in chosen}
    refused = [_outcome(row, f"left: it is {row['state']}", ok=False) for row in there if row["id"] in others]
    unknown = others - {row["id"] for row in there}
    return chosen, refused + [_outcome({"service": None, "place": None, "id": id}, "unknown", ok=False) for id in ids if id in unknown]


def replay(settings: Settings, letters: Iterable[Row]) -> list[Row]:
    """Have each of these (as `choose` found them) handled again; a row each with its `outcome`."""
    return _settle(settings, letters, "replayed", events.replay, dead_queues.replay)


def drop(settings: Settings, letters: Iterable[Row]) -> list[Row]:
    """Give each of these up, and let what waits behind it go on; a row each with its `outcome`."""
    return _settle(settings, letters, "dropped", events.drop, dead_queues.drop)


def _find(settings: Settings, service: str | None, states: Collection[str], ids: Collection[str], limit: int | None) -> list[Row]:
    found: list[Row] = []
    for each in [service] if service else CONSUMERS:
        with database(each, settings) as run:
            found += run(partial(_in_inbox, service=each, states=states, ids=ids, limit=limit))
    if "dead" in states and not settings.embedded:
        with channel(settings.broker) as open_channel:
            for consumer in (service,) if service else (*CONSUMERS, None):
                found += dead_queues.find(open_channel, consumer, ids, limit)
    return found


def _in_inbox(tx: Transaction, service: str, states: Collection[str], ids: Collection[str], limit: int | None) -> list[Row]:
    behind = inbox.alias()
    same_stream = (behind.c.source == inbox.c.source, behind.c.subject == inbox.c.subject)
    waiting = select(func.count()).where(*same_stream, behind.c.version > inbox.c.version, behind.c.state == "pending").scalar_subquery()
    those = select(inbox, waiting.label("waiting")).where(inbox.c.state.in_(states)).order_by(inbox.c.received_at, inbox.c.version).limit(limit)
    rows = tx.execute(those.where(inbox.c.id.in_(ids)) if ids else those)
    return [_row(service, row) | ({"content": row.event} if ids else {}) for row in rows]


def _row(service: str, row: Any) -> dict[str, Any]:
    return {
        "service": service,
        "place": INBOX,
        "id": row.id,
        "type": row.type,
        "subject": row.subject,
        "version": row.version,
        "state": row.state,
        "attempts": row.attempts,
        "waiting": row.waiting,
        "since": row.received_at,
        "next_attempt_at": row.next_attempt_at,
        "error": row.error,
        "ok": row.state != "dead",
    }


def _settle(settings: Settings, letters: Iterable[Row], done: str, event: Callable[..., bool], message: Callable[..., set[str]]) -> list[Row]:
    outcomes: list[Row] = []
    for (place, service), group in groupby(letters, itemgetter("place", "service")):
        rows = list(group)
        ids = [row["id"] for row in rows]
        if place == INBOX:
            with database(service, settings) as run:
                settled = {id for id in ids if run(partial(event, id=id))}
        else:
            with channel(settings.broker) as open_channel:
                settled = message(open_channel, service, ids)
        outcomes += [
            _outcome(row, done, ok=True) if row["id"] in settled else _outcome(row, "left: it changed meanwhile, or no queue takes it", ok=False)
            for row in rows
        ]
    return outcomes


def _outcome(letter: Row, outcome: str, ok: bool) -> Row:
    return {"service": letter["service"], "place": letter["place"], "id": letter["id"], "outcome": outcome, "ok": ok}
