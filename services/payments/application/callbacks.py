"""The provider's word that something happened. It says only what to look at: looking, and what comes of it, are as ever."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import update

from services.payments.application.providers.port import Notification, Provider
from services.payments.models import freight_top_ups, provider_payments, refunds
from shared.kit.clock import utc_now
from shared.kit.errors import NotFound
from shared.kit.ids import derived_id
from shared.platform.calls import Call
from shared.platform.database import Transaction


def read(provider: Provider | None, call: Call) -> Notification | None:
    """What is told, None where it does not concern us. NotFound where the sender is not our provider; otherwise as the provider's port says."""
    if provider is None or call.data["sender"] != provider.name:
        raise NotFound("provider_unknown", "There is no such provider.")
    return provider.notification(call.data["body"], call.data["signatures"], utc_now())


def once(call: Call, told: Notification) -> Call:
    """The call as a command that is the same for the same notification: told twice, it is done once."""
    same = derived_id(call.data["sender"], told.id)
    return replace(call, command_id=same, fingerprint=same)


def wake(tx: Transaction, call: Call, told: Notification) -> dict[str, object]:
    """Look at it now. What is not known here by its reference yet is asked about anyway."""
    for table in (refunds,) if told.kind == "refund" else (provider_payments, freight_top_ups):
        mine = (table.c.provider == call.data["sender"], table.c.reference == told.reference)
        tx.execute(update(table).where(*mine).values(next_at=tx.now))
    return {}
