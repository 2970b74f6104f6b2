"""The streams of events that are open here, and the one question after news that is asked for all of them, only while there are any."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Container
from typing import Any

import eventlet
from nameko.extensions import DependencyProvider

from shared.contracts.trade_events import NEWS, SEE_ALL
from shared.kit.actor import Actor
from shared.kit.errors import TooMany, TradeError, Unavailable
from shared.platform.client import Caller
from shared.platform.settings import settings
from shared.platform.telemetry.metrics import EVENT_STREAMS

log = logging.getLogger(__name__)

PAUSE, PAUSE_EMBEDDED, PAUSE_IN_DOUBT, PAUSE_AFTER_FAILURE = 0.5, 1.0, 0.05, 1.0
"""Seconds between two questions; embedded they are asked in the one process that is to cost next to nothing, and sooner where the end of a transaction is
all that is waited for."""
AGAIN = 15
"""Seconds after which a stream whose client has left has ended; one that was lost without a word takes HTTP_BODY_TIMEOUT longer."""


class Seat:
    """One stream's place. `horizon` is up to where there may be events for it, None while nobody knows; it is called when that moves on."""

    def __init__(self, actor: Actor, call: Callable[[], None]) -> None:
        self.actor, self.call = actor, call
        self.horizon: int | None = None

    def concerns(self, accounts: Container[str] | None) -> bool:
        """Whether it may be told news of these accounts, of anybody's for None."""
        return accounts is None or self.actor.id in accounts or bool(self.actor.roles & SEE_ALL)


class Streams:
    """All seats of this process."""

    def __init__(self) -> None:
        self._seats: set[Seat] = set()
        self._of: Counter[str] = Counter()
        self._position: int | None = None
        self._asking = False

    def take(self, actor: Actor, call: Callable[[], None], rpc: Caller) -> Seat:
        """A seat; TooMany where the account has as many as it may, Unavailable where all are taken."""
        limits = settings()
        if self._of[actor.id] >= limits.event_streams_per_account:
            told = f"An account may have {limits.event_streams_per_account} streams of events open at a time; close one."
            raise TooMany("too_many_streams", told, retry_after=AGAIN)
        if len(self._seats) >= limits.event_streams:
            raise Unavailable("streams_exhausted", "No further stream of events can be opened at the moment; try again shortly.")
        seat = Seat(actor, call)
        seat.horizon = self._position
        self._seats.add(seat)
        self._of[actor.id] += 1
        EVENT_STREAMS.set(len(self._seats))
        if not self._asking:
            self._asking = True
            eventlet.spawn(self._ask, rpc)
        return seat

    def leave(self, seat: Seat) -> None:
        self._seats.remove(seat)
        self._of -= Counter((seat.actor.id,))
        EVENT_STREAMS.set(len(self._seats))

    def _ask(self, rpc: Caller) -> None:
        """What has come, and whose it is, until nobody is left."""
        doubt: Any = None
        pause = PAUSE_EMBEDDED if settings().embedded else PAUSE
        while self._seats:
            try:
                news = rpc.call(NEWS, {"since": self._position, "doubt": doubt})
                self._hear(news["position"], news["accounts"])
                doubt = news["doubt"]
            except Exception as error:  # whatever it is: nobody else asks for those who listen
                log.warning("no news of events: %s", error, exc_info=not isinstance(error, TradeError))
                doubt = None  # the database behind it may be another one afterwards
                eventlet.sleep(PAUSE_AFTER_FAILURE)
                continue
            eventlet.sleep(pause if doubt is None else PAUSE_IN_DOUBT)
        self._position, self._asking = None, False

    def _hear(self, position: int | None, accounts: list[str] | None) -> None:
        if position == self._position:
            return
        told, self._position = self._position is not None, position
        for seat in self._seats:
            if not told or seat.concerns(accounts):
                seat.horizon = position
                seat.call()


class OpenStreams(DependencyProvider):  # type: ignore[misc]
    """The streams of a gateway's process."""

    def setup(self) -> None:
        self.streams = Streams()

    def get_dependency(self, worker_ctx: Any) -> Streams:
        return self.streams
