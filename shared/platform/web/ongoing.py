"""An answer whose end is not known when it begins: its parts are sent as they come, until they end or nobody wants more of them."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import eventlet
from werkzeug.wrappers import Response

from shared.platform.timer import Bell

log = logging.getLogger(__name__)


class Ongoing(Response):
    """`response` makes the parts. It waits by `bell`, which is rung at the end, too, and ends soon after `over` is true: the client has left,
    or the server drains."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.over = False
        self.bell = Bell()

    def end(self) -> None:
        """Nobody wants more of it."""
        self.over = True
        self.bell.ring()

    def pass_on(self, head: bytes, send: Callable[[bytes], None], read: Callable[[], bytes], whole: bool) -> None:
        """Send the head, and the parts where it is to be whole. `read` is where the client is heard."""
        watch = eventlet.spawn(self._watch, read)
        try:
            send(head)
            for part in self.response if whole else ():
                send(part)  # type: ignore[arg-type]  # Werkzeug knows parts of text, too
        except OSError:  # the client's
            raise
        except Exception:
            log.exception("an answer ended before its time")
        finally:
            watch.kill()
            self.close()

    def _watch(self, read: Callable[[], bytes]) -> None:
        """Notice that the client leaves. What it sends meanwhile is nothing to us: its connection ends with the answer."""
        try:
            while read():
                pass
        except OSError:
            self.end()
