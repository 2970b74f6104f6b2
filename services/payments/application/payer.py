"""The provider that this system has, as the service's methods get it."""

from __future__ import annotations

from typing import Any

from nameko.extensions import DependencyProvider

from services.payments.application.providers import configured
from services.payments.application.providers.port import Provider
from shared.platform.settings import settings


class Payer(DependencyProvider):  # type: ignore[misc]
    """`provider = Payer()` on the service class; None where no address of one is set: then nothing but balances pays into escrow."""

    def setup(self) -> None:
        wanted = settings().provider_url or settings().provider != "sandbox"
        self.provider = configured(settings()) if wanted else None

    def get_dependency(self, worker_ctx: Any) -> Provider | None:
        return self.provider
