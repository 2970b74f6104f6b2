"""The carrier that this system's mails have, as the service's methods get it."""

from __future__ import annotations

import logging
from typing import Any

from nameko.extensions import DependencyProvider

from services.accounts.application.mail_carriers import Carrier, configured
from shared.platform.settings import settings

log = logging.getLogger(__name__)


class Mailer(DependencyProvider):  # type: ignore[misc]
    """`carrier = Mailer()` on the service class. It says where mails go: on a new system they are files, which one has to know to find the first token."""

    def setup(self) -> None:
        self.carrier = configured(settings())
        log.info("mails go to %s", self.carrier.place)

    def get_dependency(self, worker_ctx: Any) -> Carrier:
        return self.carrier
