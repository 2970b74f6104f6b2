"""Payment providers: the one port they all sit behind, an adapter each, and which of them this system has."""

from __future__ import annotations

from services.payments.application.providers.port import Provider
from services.payments.application.providers.sandbox import Sandbox
from shared.platform.settings import Settings


def configured(settings: Settings) -> Provider:
    """The provider of the settings; ValueError naming the one that is missing."""
    settings.require_real_provider()
    needed = {"PROVIDER_KEY": settings.provider_key, "PROVIDER_WEBHOOK_SECRET": settings.provider_webhook_secret}
    if settings.provider == "sandbox":
        needed["PROVIDER_URL"] = settings.provider_url
    if missing := [name for name, value in needed.items() if not value]:
        raise ValueError(f"settings: PROVIDER={settings.provider} needs {', '.join(missing)}.")
    if settings.provider == "stripe":
        from services.payments.application.providers.stripe import Stripe  # noqa: PLC0415 - a large library, for those alone who use it

        return Stripe(settings.provider_key, settings.provider_webhook_secret)
    return Sandbox(settings.provider_url, settings.provider_key, settings.provider_webhook_secret)


def shown(settings: Settings) -> dict[str, str | None]:
    """What clients may know of it: where they make tokens, and with which key."""
    url = settings.provider_public_url
    tokens = f"{url}/v1/tokens" if settings.provider == "sandbox" and url else None
    return {"name": settings.provider, "public_key": settings.provider_public_key, "tokens_url": tokens}
