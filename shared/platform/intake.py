"""Brings delivered events to the inbox: all that came while it was busy together, as far as they may share a transaction, the others each by itself.

The inbox alone answers for order and for once; what is gathered here only spares it work.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import nullcontext
from functools import partial
from typing import Any

import eventlet
from eventlet.semaphore import Semaphore

from shared.kit.errors import Unavailable
from shared.platform import crashpoints
from shared.platform.inbox import Inbox
from shared.platform.wire import Event

log = logging.getLogger(__name__)

PAUSE = 1.0  # seconds until the database is asked again
MOST_HELD, HOLD = 50, 0.05  # so many events without use are held, for so many seconds
BREATH = 0.01  # seconds that are waited after several events at once: where so much comes, more does, and shares the next transaction

Delivery = tuple[Any, Event]
"""A message and what it says."""


class Intake:
    """`settle(message)` is called once the inbox has taken its event over; `at_a_time` greenlets at most, made by `spawn`, work on that."""

    def __init__(self, inbox: Inbox, settle: Callable[[Any], None], spawn: Callable[..., Any], at_a_time: int) -> None:
        self._inbox, self._settle, self._spawn = inbox, settle, spawn
        self._places = Semaphore(at_a_time)
        self._held: list[Delivery] = []
        self._due = self._gathering = False
        self._taken = 0
        self._ending = False

    def take(self, message: Any, event: Event) -> None:
        """One without use is held for a moment, or until one of use takes it along."""
        self._taken += 1
        self._held.append((message, event))
        if self._inbox.has_use_for(event) or len(self._held) >= MOST_HELD:
            self._begin()
        elif len(self._held) == 1:
            self._spawn(self._hold, "held events")

    def finish(self, seconds: float) -> None:
        """Wait until all that was taken is done with, for so long at most; what the database cannot be reached for is left to the broker."""
        self._ending = True
        with eventlet.Timeout(seconds, False):
            while self._taken:
                eventlet.sleep(0.01)

    def _hold(self) -> None:
        eventlet.sleep(HOLD)
        if self._held:
            self._begin()

    def _begin(self) -> None:
        """One greenlet takes all that is held, again and again while more is due: the busier it is, the more share a transaction."""
        self._due = True
        if not self._gathering:
            self._gathering = True
            self._spawn(self._gather, "events")

    def _gather(self) -> None:
        while self._due:
            self._due = False
            held, self._held = self._held, []
            with self._places:
                taken = self._taken_together([event for _, event in held])
            left: dict[tuple[str, str], list[Delivery]] = {}
            for (message, event), done in zip(held, taken, strict=True):
                if done:
                    self._work([(message, event)], done)
                else:
                    left.setdefault((event.source, event.subject), []).append((message, event))
            for deliveries in left.values():
                self._spawn(partial(self._work, deliveries), "events")
            if len(held) > 1:
                eventlet.sleep(BREATH)
        self._gathering = False

    def _work(self, deliveries: list[Delivery], done: bool = False) -> None:
        """Those of one aggregate, in their order."""
        try:
            with nullcontext() if done else self._places:
                for message, event in deliveries:
                    if done or self._received(event):
                        crashpoints.reach("before_ack")
                        self._settle(message)
                        crashpoints.reach("after_ack")
        except Exception as error:
            log.warning("some of %d events are left to be delivered again: %s: %s", len(deliveries), type(error).__name__, error)
        finally:
            self._taken -= len(deliveries)

    def _taken_together(self, events: list[Event]) -> list[bool]:
        try:
            return self._inbox.take_together(events)
        except Exception as error:
            log.warning("%d events are taken one by one: %s", len(events), error)
            return [False] * len(events)

    def _received(self, event: Event) -> bool:
        """Whether the inbox has it. While the database is away the message is held, and with it a place: no more is begun than can be worked on."""
        while True:
            try:
                self._inbox.receive(event)
            except Unavailable as error:
                log.warning("event %s waits: %s", event.id, error)
                if self._ending:
                    raise
                eventlet.sleep(PAUSE)
            except Exception:
                log.exception("event %s is left to be delivered again", event.id)
                return False
            else:
                return True
