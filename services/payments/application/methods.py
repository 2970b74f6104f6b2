"""The means of payment that accounts have bound: by a provider's token, listed and removed by their owner alone."""

from __future__ import annotations

from typing import Any

from eventlet.semaphore import Semaphore
from sqlalchemy import delete, func, select

from services.payments.application.providers.port import REASONS, Declined, Method, Provider, ProviderRefused
from services.payments.models import payment_methods
from shared.kit.errors import Conflict, Invalid, NotFound, Unavailable
from shared.kit.ids import new_id
from shared.platform.calls import Call
from shared.platform.database import Transaction

MOST = 50
"""Methods of one account, so that their list is short and has no pages."""

_ASKING = Semaphore(4)
"""Of the workers for calls so many may wait for a provider at a time: the others are there for what needs none."""


def ask(provider: Provider | None, call: Call) -> Method:
    """What the token stands for: asked before the transaction. Invalid where the provider is not ours, or knows no such token."""
    call.require_actor()
    if provider is None:
        raise Invalid("provider_unknown", "No provider is used here.", {"provider": ["There is none: pay from the balance."]})
    if call.data["provider"] != provider.name:
        raise Invalid("provider_unknown", "This provider is not used here.", {"provider": [f"Must be {provider.name}."]})
    if not _ASKING.acquire(blocking=False):
        raise Unavailable("provider_busy", "Many methods are being bound at this time; try again shortly.")
    try:
        return provider.method(call.data["token"])
    except (Declined, ProviderRefused) as refused:
        why = REASONS[refused.reason if isinstance(refused, Declined) else "method_not_accepted"]
        raise Invalid("payment_method_refused", "The provider does not take it.", {"token": [why]}) from refused
    finally:
        _ASKING.release()


def add_method(tx: Transaction, call: Call, method: Method) -> dict[str, Any]:
    """Bind it to the caller's account; one that is bound already stays as it is. Conflict `too_many_payment_methods`."""
    owner, provider = call.require_actor().id, call.data["provider"]
    values = {
        "id": new_id(),
        "account_id": owner,
        "provider": provider,
        "reference": method.reference,
        "kind": method.kind,
        "label": call.data.get("label") or method.label,
        "last4": method.last4,
        "expires": method.expires,
        "created_at": tx.now,
    }
    mine = _of(owner).where(payment_methods.c.provider == provider, payment_methods.c.reference == method.reference)
    if not tx.execute(mine).one_or_none():
        if tx.execute(select(func.count()).select_from(payment_methods).where(payment_methods.c.account_id == owner)).scalar_one() >= MOST:
            raise Conflict("too_many_payment_methods", f"An account has at most {MOST} payment methods; remove one first.")
        tx.insert_once(payment_methods, values)
    return dict(tx.execute(mine).mappings().one())


def list_methods(tx: Transaction, call: Call) -> dict[str, Any]:
    """The caller's own, oldest first."""
    return {"items": [dict(row) for row in tx.execute(_of(call.require_actor().id)).mappings()]}


def remove_method(tx: Transaction, call: Call) -> dict[str, Any]:
    """Forget it; what is left. NotFound where the caller has no such method."""
    mine = delete(payment_methods).where(payment_methods.c.id == call.data["id"], payment_methods.c.account_id == call.require_actor().id)
    if not tx.execute(mine).rowcount:
        raise NotFound("payment_method_not_found", "There is no such payment method.")
    return list_methods(tx, call)


def _of(owner: str) -> Any:
    return select(payment_methods).where(payment_methods.c.account_id == owner).order_by(payment_methods.c.created_at, payment_methods.c.id)
