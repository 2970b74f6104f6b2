"""Who is here: noted as requests come in, told to accounts now and then for all of them. A note that gets lost is made up for by the next request."""

from __future__ import annotations

import logging
import time

import eventlet

from shared.contracts.presence import MOST, NOTE_SEEN
from shared.kit.errors import TradeError
from shared.platform.client import Caller

log = logging.getLogger(__name__)

AGAIN = 60.0
"""Seconds for which an account that was noted is not noted again."""
PAUSE = 1.0
"""Seconds in which notes gather."""
MOST_KNOWN = 10_000


class Presence:
    """The accounts noted lately, and those of them that accounts has yet to be told of."""

    def __init__(self) -> None:
        self._noted: dict[str, float] = {}
        self._untold: list[str] = []

    def note(self, account_id: str, rpc: Caller) -> None:
        """Costs a look into a table, nearly always."""
        now = time.monotonic()
        if now < self._noted.get(account_id, 0.0):
            return
        if len(self._noted) >= MOST_KNOWN:
            self._noted.clear()
        self._noted[account_id] = now + AGAIN
        if not self._untold:
            eventlet.spawn_after(PAUSE, self._tell, rpc)
        if len(self._untold) < MOST:
            self._untold.append(account_id)

    def _tell(self, rpc: Caller) -> None:
        ids, self._untold = self._untold, []
        try:
            rpc.call(NOTE_SEEN, {"ids": ids})
        except TradeError as error:
            log.info("accounts cannot be told who is here: %s", error)
            for each in ids:
                self._noted.pop(each, None)
