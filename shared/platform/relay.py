"""The outbox relay: one per service at a time, it sends what transactions wrote down, in order, until the broker has confirmed it."""

from __future__ import annotations

import logging
import math
import os
import secrets
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import eventlet
from nameko.extensions import SharedExtension
from sqlalchemy import Text, bindparam, cast, func, literal, or_, select, update

from shared.kit.clock import utc_now
from shared.kit.errors import Unavailable
from shared.platform import crashpoints
from shared.platform.database import Transaction
from shared.platform.publisher import PATIENCE, Publisher
from shared.platform.records import leases, outbox
from shared.platform.settings import settings
from shared.platform.statements import planned_each_time
from shared.platform.store_base import Base
from shared.platform.telemetry.metrics import RELAY_BATCHES, RELAY_FAILURES, RELAY_LEASE
from shared.platform.topology import event_exchange

log = logging.getLogger(__name__)

BATCH = 500
POLL, POLL_EMBEDDED = 0.5, 5.0  # seconds; the safety net where a commit's wake-up was missed or happened in another replica, which embedded there is none of
BREATH = 0.02  # seconds that are waited after several events at once: where so many are written, more are, and go in the next batch
LEASE = timedelta(seconds=5)
LEASE_RETRY = timedelta(seconds=0.5)  # that another's lease is not asked for, however often a commit wakes us
# A broker that has just come back may confirm an event for its queues while its stream, not up yet, has not got it (seen on RabbitMQ 3.10); and
# a stream confirms before the disk has it. So, a while after each connection, what was confirmed around its beginning, and around the end of the
# one before it that stood for as long, is sent once more.
SETTLED = 3.0
DOUBTED = timedelta(seconds=15)
MOST_DOUBTED = 100 * BATCH
LEASE_NAME = "relay"


_TAKE = update(leases).where(leases.c.name == LEASE_NAME, or_(leases.c.holder == bindparam("me"), leases.c.expires_at < bindparam("now")))


def holder_name() -> str:
    """A name for this process in the leases table, by which an operator finds it."""
    return f"{socket.gethostname()[:40]} pid {os.getpid()} {secrets.token_hex(4)}"


def take_lease(tx: Transaction, holder: str) -> bool:
    """Become, or stay, the service's one relay for the next `LEASE`; whether nobody else is."""
    now = utc_now()
    until = {"holder": holder, "expires_at": now + LEASE}
    if tx.execute(_TAKE, {"me": holder, "now": now, **until}).rowcount:
        return True
    return tx.insert_once(leases, {"name": LEASE_NAME, "acquired_at": now, **until})


def release_lease(tx: Transaction, holder: str) -> None:
    """Let the next one have it at once; nothing where somebody else holds it already."""
    tx.execute(update(leases).where(leases.c.name == LEASE_NAME, leases.c.holder == holder).values(expires_at=utc_now()))


_ROW = outbox.c.position, outbox.c.id, outbox.c.type, outbox.c.subject, outbox.c.version, outbox.c.time, outbox.c.context
# PostgreSQL, which knows of few unsent events until the table is next analyzed, would sort them all for each batch, however many there are, to find as many
# first ones as it knows of. A limit that it learns only later has it go along the index.
_FIRST = select(literal(BATCH)).scalar_subquery()
_UNSENT = planned_each_time(select(*_ROW, cast(outbox.c.data, Text).label("data")).where(outbox.c.sent_at.is_(None)).order_by(outbox.c.position).limit(_FIRST))
_FURTHER = _UNSENT.where(outbox.c.position.not_in(bindparam("besides", expanding=True)))


def oldest_unsent(tx: Transaction, besides: Sequence[int] = ()) -> list[Any]:
    """At most `BATCH` rows, in their order, none of them at the positions `besides`; their data as JSON, the way it is sent."""
    return list(tx.execute(_FURTHER, {"besides": besides}) if besides else tx.execute(_UNSENT, {}))


def send_again(tx: Transaction, since: datetime) -> None:
    """Have sent once more what the broker has confirmed since then, of the newest `MOST_DOUBTED` events."""
    newest = select(func.max(outbox.c.position)).scalar_subquery()
    tx.execute(update(outbox).where(outbox.c.position > newest - MOST_DOUBTED, outbox.c.sent_at >= since).values(sent_at=None))


_CONFIRMED = planned_each_time(update(outbox).where(outbox.c.position.in_(bindparam("positions", expanding=True))).values(sent_at=bindparam("at")))


def mark_sent(tx: Transaction, positions: Sequence[int]) -> None:
    """Note that the broker has confirmed these rows of the outbox."""
    tx.later(_CONFIRMED, {"positions": positions, "at": utc_now()})


@contextmanager
def _patiently() -> Iterator[None]:
    """Whatever is done with the broker ends in time, even where it takes the connection and then says and reads nothing more."""
    with eventlet.Timeout(PATIENCE, Unavailable("broker_unavailable", "the broker does not answer")):
        yield


class Relay(SharedExtension):
    base = Base()

    def setup(self) -> None:
        self.service = self.container.service_name
        self.batches, self.failures, self.lease = RELAY_BATCHES.labels(self.service), RELAY_FAILURES.labels(self.service), RELAY_LEASE.labels(self.service)
        self.holder = holder_name()
        self.woken = threading.Event()
        self.stopping = False
        self.publisher: Publisher | None = None
        self.taken: list[int] = []  # positions of what the broker has, not yet marked as sent
        self.lease_until = self.refused_until = utc_now()
        self.settles_at = math.inf
        self.doubted_since: datetime | None = None  # when the earliest event was confirmed that the broker may have lost
        self.poll = POLL_EMBEDDED if settings().embedded else POLL

    def start(self) -> None:
        self.base.on_commit.append(self.woken.set)
        if settings().embedded:
            self._send_again()
        self.thread = self.container.spawn_managed_thread(self._run, "relay")

    def stop(self) -> None:
        self.stopping = True
        self.woken.set()
        self.thread.wait()

    def _run(self) -> None:
        delay = self.poll
        while True:
            stopping = self.stopping  # one more round after the last commit
            self.woken.clear()
            try:
                while self.send_batch():
                    pass
                if self.publisher:
                    with _patiently():
                        self.publisher.beat()
                delay = 0 if self._is_settled() else self.poll
            except Exception as error:
                self.failures.inc()
                log.warning("relay: %s: %s; trying again", type(error).__name__, error)
                self._close()
                delay = min(5.0, delay * 2)
            if stopping:
                break
            self.woken.wait(delay)
        self._close()
        self._release()

    def send_batch(self) -> bool:
        """Send the oldest unsent events; whether there may be more to do. Those that the broker took before are marked in the transaction that asks for these."""
        if not self._hold_lease():
            self.taken = []  # whoever has the lease sends it again, and marks it
            return False
        under_way = self.publisher.under_way if self.publisher else []
        rows = self.base.run(partial(self._mark_and_ask, besides=under_way))
        self.taken = []
        if not rows and not under_way:
            return False
        more = len(rows) == BATCH
        with _patiently():
            if self.publisher is None:
                self.publisher = Publisher(settings().broker_of(self.service), settings().embedded)
                self.settles_at = math.inf if settings().embedded else time.monotonic() + SETTLED
                self.doubted_since = self.doubted_since or utc_now() - DOUBTED
            self.taken = self.publisher.publish(event_exchange(self.service), rows, self.service, leave=BATCH if more else 0)
        if self.taken:
            self.batches.observe(len(self.taken))
            crashpoints.reach("after_confirm")
        if self.publisher.refused:
            log.warning("relay: the broker refused events; they are sent again")
            self.base.run(partial(mark_sent, positions=self.taken))
            self.taken = []  # marked once: what is sent again since then is not to be marked by it
            return False
        if len(self.taken) > 1 and not more:
            eventlet.sleep(BREATH)
        return more or bool(self.taken)

    def _mark_and_ask(self, tx: Transaction, besides: Sequence[int]) -> list[Any]:
        if self.taken:
            mark_sent(tx, self.taken)
        return oldest_unsent(tx.each_alone(), besides)

    def _is_settled(self) -> bool:
        """Whether our connection has just outlived its first moments: what was confirmed before and in them goes again."""
        if self.publisher is None or self.doubted_since is None or time.monotonic() < self.settles_at:
            return False
        self.base.run(partial(send_again, since=self.doubted_since))
        self.settles_at, self.doubted_since = math.inf, None
        return True

    def _hold_lease(self) -> bool:
        """Whether we are the service's one relay. The lease saves duplicates and keeps order; safety is the inbox's."""
        now = utc_now()
        if now < self.lease_until - LEASE / 2:
            return True
        if now < self.refused_until:
            return False
        held = self.base.run(partial(take_lease, holder=self.holder))
        self.lease_until = now + LEASE if held else now
        self.refused_until = now if held else now + LEASE_RETRY
        self.lease.set(held)
        return bool(held)

    def _release(self) -> None:
        try:
            self.base.run(partial(release_lease, holder=self.holder))
        except Exception as error:
            log.warning("relay: the lease runs out by itself: %s", error)

    def _send_again(self) -> None:
        """The in-memory broker died with the last process: send again what it may have held. Inboxes drop what they know."""

        def unsend(tx: Transaction) -> None:
            since = tx.execute(select(leases.c.acquired_at).where(leases.c.name == LEASE_NAME)).scalar_one_or_none()
            if since is not None:
                tx.execute(update(outbox).where(outbox.c.sent_at >= since).values(sent_at=None))
                tx.execute(leases.delete().where(leases.c.name == LEASE_NAME))

        self.base.run(unsend)

    def _close(self) -> None:
        if self.publisher:
            self.publisher.close()
            self.publisher = None
            self.doubted_since = self.doubted_since or utc_now() - DOUBTED
