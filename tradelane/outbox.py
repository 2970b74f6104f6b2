"""`tradelane outbox`: what the services have still to publish, who does it, and publishing it from here."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from contextlib import closing
from functools import partial
from typing import Any

from sqlalchemy import func, select

from shared.kit.clock import utc_now
from shared.kit.errors import Conflict, TradeError, Unavailable
from shared.platform.database import Transaction
from shared.platform.publisher import Publisher
from shared.platform.records import leases, outbox
from shared.platform.relay import LEASE_NAME, POLL, holder_name, mark_sent, oldest_unsent, release_lease, take_lease
from shared.platform.settings import Settings
from shared.platform.topology import event_exchange
from tradelane.broker import broker_errors
from tradelane.databases import Run, database
from tradelane.tables import Row


def status(settings: Settings, services: Iterable[str], patience: float) -> list[Row]:
    """A row a service; not `ok` where an event has waited for longer than `patience` seconds. `holder` is whose lease runs, None where none does."""
    rows: list[Row] = []
    for service in services:
        with database(service, settings) as run:
            unsent, oldest, lease = run(_look)
        age = max(0.0, (utc_now() - oldest).total_seconds()) if oldest else None
        held = {"holder": lease.holder, "held_until": lease.expires_at} if lease else {"holder": None, "held_until": None}
        rows.append({"service": service, "unsent": unsent, "oldest_seconds": age and round(age, 1), **held, "ok": age is None or age <= patience})
    return rows


def flush(settings: Settings, services: Iterable[str], wait: bool) -> list[Row]:
    """Publish all unsent events of each service in this process; a row each with how many, and what hindered it.

    Only while no relay is at work: its lease is taken, and with `wait` waited for.
    """
    if settings.embedded:
        raise Unavailable("embedded", "The embedded system's bus is inside its own process, which sends what is unsent when it runs: tradelane up")
    return [_flush_one(settings, service, wait) for service in services]


def _flush_one(settings: Settings, service: str, wait: bool) -> Row:
    sent = 0
    try:
        for published in _publish(settings, service, wait):
            sent += published
    except TradeError as error:
        return {"service": service, "sent": sent, "error": error.message, "ok": False}
    return {"service": service, "sent": sent, "error": None, "ok": True}


def _publish(settings: Settings, service: str, wait: bool) -> Iterator[int]:
    """The sizes of the batches, each after it was confirmed and marked."""
    holder = holder_name()
    with database(service, settings) as run:
        try:
            if not (rows := _next_batch(run, holder, wait)):
                return
            with broker_errors(), closing(Publisher(settings.broker_of(service), embedded=False)) as publisher:
                while rows:
                    taken = publisher.publish(event_exchange(service), rows, service)
                    run(partial(mark_sent, positions=taken))
                    yield len(taken)
                    if len(taken) < len(rows):
                        raise Unavailable("broker_refused", f"The broker refused {len(rows) - len(taken)} events.")
                    rows = _next_batch(run, holder, wait)
        finally:
            run(partial(release_lease, holder=holder))


def _next_batch(run: Run, holder: str, wait: bool) -> list[Any]:
    """The oldest unsent events, with the lease; none as soon as there are none, whoever holds it."""
    while not run(partial(take_lease, holder=holder)):
        unsent, _, lease = run(_look)
        if not unsent:
            return []
        if lease and not wait:
            raise Conflict(
                "relay_at_work", f"A relay is at work and sends by itself ({lease.holder}, until {lease.expires_at:%H:%M:%S}Z); --force waits for it."
            )
        time.sleep(POLL)
    return run(oldest_unsent)  # type: ignore[no-any-return]


def _look(tx: Transaction) -> tuple[int, Any, Any]:
    """How many events are unsent, the oldest's time, and the lease that runs."""
    unsent = tx.execute(select(func.count().label("events"), func.min(outbox.c.time).label("oldest")).where(outbox.c.sent_at.is_(None))).one()
    lease = tx.execute(select(leases).where(leases.c.name == LEASE_NAME, leases.c.expires_at > utc_now())).one_or_none()
    return unsent.events, unsent.oldest, lease
