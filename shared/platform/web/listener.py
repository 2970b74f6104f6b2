"""A listening socket, guarded: it survives running out of descriptors, caps connections, and drains.

Whoever fills the cap with connections that ask nothing, or slowly, does not keep others out: the longest waiting of the address with the most
connections makes room for a new one.
"""

from __future__ import annotations

import logging
import socket
import time
from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Any

import eventlet
from eventlet.greenio import shutdown_safe

from shared.platform.settings import settings
from shared.platform.web.application import Application
from shared.platform.web.bodies import Bodies
from shared.platform.web.protocol import Protocol, refusal

log = logging.getLogger(__name__)

LONGEST_BACKOFF = 1.0


class Listener:
    """Listens at once, on a port that it shares with nobody; `run` accepts. `spawn` makes the greenlet of a connection."""

    def __init__(self, host: str, port: int, application: Application, connections: int, spawn: Callable[..., Any]) -> None:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.sock: Any = eventlet.listen((host, port), family, backlog=512, reuse_port=False)
        self.address = self.sock.getsockname()
        self._application, self._most, self._spawn = application, connections, spawn
        self._bodies = Bodies(settings().http_bodies_limit)
        self.connections: set[Protocol] = set()
        self._turned_away, self._said = 0, float("-inf")

    def run(self) -> None:
        """Accept connections until killed. Whatever accepting fails with (no descriptor left, an aborted connection), it goes on."""
        delay = 0.0
        while True:
            try:
                accepted, address = self.sock.accept()
            except OSError as error:
                delay = min(LONGEST_BACKOFF, delay * 2 or 0.05)
                log.warning("cannot accept connections for %.2f s: %s", delay, error)
                eventlet.sleep(delay)
                continue
            delay = 0.0
            eventlet.sleep(0)  # accepting never waits while clients come in, and the others' turns do not wait for that
            if len(self.connections) >= self._most and not self._make_room():
                self._turn_away(accepted, address[0])
                continue
            _set_options(accepted)
            connection = Protocol(accepted, address, self._application, self._bodies)
            self.connections.add(connection)
            self._spawn(partial(self._serve, connection), "connection")

    def _serve(self, connection: Protocol) -> None:
        try:
            connection.serve()
        except Exception as error:  # one client's broken connection must not take the server with it
            log.info("%s: connection lost: %r", connection.client, error)
        finally:
            self.connections.discard(connection)

    def _make_room(self) -> bool:
        """Whether one of the connections that wait for their client could be closed."""
        waiting = [connection for connection in self.connections if connection.waits_since is not None]
        if not waiting:
            return False
        crowd = Counter(connection.client for connection in self.connections)
        longest = max(waiting, key=lambda connection: (crowd[connection.client], -(connection.waits_since or 0)))
        self.connections.discard(longest)
        longest.cut()
        return True

    def _turn_away(self, accepted: Any, client: str) -> None:
        """With an answer. It is logged once a second at most: who is turned away comes again."""
        self._turned_away += 1
        if time.monotonic() - self._said > 1:
            log.warning("too many connections: %d turned away, the latest from %s", self._turned_away, client)
            self._turned_away, self._said = 0, time.monotonic()
        try:
            accepted.settimeout(0.1)
            accepted.sendall(refusal(503, "Too many connections; try again shortly."))
            shutdown_safe(accepted)
            accepted.close()
        except OSError:
            log.debug("a client left before it was turned away")

    def drain(self, seconds: float) -> None:
        """Listen no more, end idle connections, let requests at work finish within the time, then cut what is left."""
        self.sock.close()
        for connection in list(self.connections):
            connection.leave()
        with eventlet.Timeout(seconds, False):
            while self.connections:
                eventlet.sleep(0.01)
        for connection in self.connections:
            log.warning("%s cut off while its request was still at work", connection.client)
            connection.cut()


def _set_options(accepted: Any) -> None:
    """Answers leave at once, and a client that is lost without a word is given up when it has not acknowledged one for too long, where the system can be told (Linux)."""
    accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, int(settings().http_body_timeout * 1000))
