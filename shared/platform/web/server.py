"""The server of a container's HTTP entrypoints, in the place of Nameko's, which has no limits and does not drain."""

from __future__ import annotations

import logging
from typing import Any

from nameko.extensions import ProviderCollector, SharedExtension

from shared.platform.settings import settings
from shared.platform.web.application import Application
from shared.platform.web.listener import Listener

log = logging.getLogger(__name__)


class WebServer(ProviderCollector, SharedExtension):
    """A container's one listener. Its entrypoints register themselves; the first of them to stop begins the drain, all wait for its end."""

    def __init__(self) -> None:
        super().__init__()
        self.listener: Listener | None = None
        self.stopping = False

    def start(self) -> None:
        if self.listener is None:
            rules = (rule for provider in self._providers for rule in provider.rules())
            application = Application(self.container.service_name, rules, lambda: self.stopping, settings().cors_origins)
            limits, spawn = settings(), self.container.spawn_managed_thread
            self.listener = Listener(limits.http_host, limits.http_port, application, limits.http_connections, spawn)
            self._accepting: Any = spawn(self.listener.run)
            log.info("listening on http://%s:%d", *self.listener.address[:2])

    def drain(self) -> None:
        """Close the listener, let requests at work finish within the deadline."""
        if self.listener is not None:
            self.stopping = True
            self._accepting.kill()
            self.listener.drain(settings().drain_timeout)
