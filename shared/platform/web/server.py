"""Nameko's web server, guarded: it survives running out of descriptors, caps connections, shares its port with nobody, and drains on stop."""

from __future__ import annotations

import logging
import socket
from functools import partial
from typing import Any

import eventlet
from eventlet import wsgi
from eventlet.greenio import shutdown_safe
from nameko.web.server import WebServer as NamekoWebServer

from shared.platform.settings import settings
from shared.platform.web.application import Application
from shared.platform.web.protocol import Protocol, refusal

log = logging.getLogger(__name__)

SOCKET_SECONDS = 30
"""How long one read or write on a connection may stand still."""
LONGEST_BACKOFF = 1.0


class WebServer(NamekoWebServer):
    """A container's one listener. Its entrypoints register themselves; the first of them to stop begins the drain, all wait for its end."""

    def __init__(self) -> None:
        super().__init__()
        self._sock: Any = None
        self.connections: list[list[Any]] = []  # eventlet's connection states: [address, socket, state]
        self.stopping = False

    def start(self) -> None:
        if self._sock is not None:
            return
        host = settings().http_host
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._sock = eventlet.listen((host, settings().http_port), family, backlog=512, reuse_port=False)
        self.address = self._sock.getsockname()
        application = Application(self.container.service_name, (rule for provider in self._providers for rule in provider.rules()), lambda: self.stopping)
        options = {"protocol": Protocol, "debug": False, "log_output": False, "socket_timeout": SOCKET_SECONDS}
        self._serv = wsgi.Server(self._sock, self.address, application, **options)
        self._gt = self.container.spawn_managed_thread(self.run)
        log.info("listening on http://%s:%d", *self.address[:2])

    def run(self) -> None:
        """Accept connections until drained. Whatever accepting fails with (no descriptor left, an aborted connection), it goes on."""
        delay = 0.0
        while True:
            try:
                accepted, address = self._sock.accept()
            except OSError as error:
                delay = min(LONGEST_BACKOFF, delay * 2 or 0.05)
                log.warning("cannot accept connections for %.2f s: %s", delay, error)
                eventlet.sleep(delay)
                continue
            delay = 0.0
            if len(self.connections) >= settings().http_connections:
                log.warning("%s refused: too many connections", address[0])
                _turn_away(accepted)
                continue
            accepted.settimeout(SOCKET_SECONDS)
            connection = [address, accepted, wsgi.STATE_IDLE]
            self.connections.append(connection)
            self.container.spawn_managed_thread(partial(self._serve, connection), "connection")

    def _serve(self, connection: list[Any]) -> None:
        try:
            self._serv.process_request(connection)
        except Exception as error:  # one client's broken connection must not take the server with it
            log.info("%s: connection lost: %r", connection[0][0], error)
        finally:
            self.connections.remove(connection)
            connection[1].close()

    def drain(self) -> None:
        """Close the listener, end idle connections, let requests at work finish within the deadline, then cut what is left."""
        if not self.stopping:
            self.stopping = True
            self._gt.kill()
            self._sock.close()
            for connection in self.connections:
                idle, connection[2] = connection[2] == wsgi.STATE_IDLE, wsgi.STATE_CLOSE
                if idle:
                    shutdown_safe(connection[1])
        with eventlet.Timeout(settings().drain_timeout, False):
            while self.connections:
                eventlet.sleep(0.01)
        for connection in self.connections:
            log.warning("%s cut off while its request was still at work", connection[0][0])
            shutdown_safe(connection[1])


def _turn_away(accepted: Any) -> None:
    try:
        accepted.settimeout(0.1)
        accepted.sendall(refusal(503, "Too many connections; try again shortly."))
        shutdown_safe(accepted)
        accepted.close()
    except OSError:
        log.debug("a client left before it was turned away")
