"""psycopg2 in greenlets: a connection that waits for its server lets all others run, and gives up where nothing comes.

The server's own time limits end what it knows of. A peer that has silently gone, or lives on behind a path that carries nothing, is
noticed here alone: libpq's time limits do not hold where the waiting is ours.
"""

from __future__ import annotations

import time
from functools import partial
from typing import Any

from eventlet.hubs import trampoline
from psycopg2 import OperationalError, extensions

CONNECT_SECONDS = 5.0


def make_green(answer_seconds: float) -> None:
    """Have every connection of this process wait so: `answer_seconds` at most for an answer, then it is broken (OperationalError)."""
    extensions.set_wait_callback(partial(_wait, answer_seconds=answer_seconds))


def _wait(connection: Any, answer_seconds: float) -> None:
    connecting = connection.status == extensions.STATUS_SETUP
    deadline = time.monotonic() + (CONNECT_SECONDS if connecting else answer_seconds)
    gone = OperationalError("the database does not answer")
    while (state := connection.poll()) != extensions.POLL_OK:
        left = max(0.0, deadline - time.monotonic())
        trampoline(connection.fileno(), read=state == extensions.POLL_READ, write=state == extensions.POLL_WRITE, timeout=left, timeout_exc=gone)
