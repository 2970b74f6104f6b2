"""API keys: a program acts with one for its account, within the key's scopes. Of a key only a SHA-256 is kept: its 256 random bits need no slower hash."""

from __future__ import annotations

import secrets
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from sqlalchemy import Select, delete, func, insert, or_, select, update

from services.accounts.application.sessions import own_by_session
from services.accounts.models import accounts, api_keys
from shared.contracts.api_keys import PREFIX
from shared.kit.errors import Conflict, Invalid, NotFound, Unauthenticated
from shared.kit.ids import new_id
from shared.platform.calls import Call
from shared.platform.database import Transaction

MOST = 50
"""Keys an account."""

COARSE = timedelta(minutes=10)
"""How exactly it is kept when a key was last used: not each use is worth a write."""


def create(tx: Transaction, account_id: str, name: str, scopes: Collection[str], expires_at: datetime | None) -> Mapping[str, Any]:
    """A new key with the secret that is shown this once. Invalid `expiry_past`; Conflict `too_many_api_keys`."""
    if expires_at is not None and expires_at <= tx.now:
        raise Invalid("expiry_past", "A key that is over is no key.", {"expires_at": ["Must be in the future."]})
    if tx.execute(select(func.count()).where(api_keys.c.account_id == account_id)).scalar_one() >= MOST:
        raise Conflict("too_many_api_keys", f"An account has at most {MOST} API keys; revoke one first.")
    secret = PREFIX + secrets.token_urlsafe(32)
    facts = {"id": new_id(), "name": name, "scopes": sorted(set(scopes)), "created_at": tx.now, "expires_at": expires_at, "last_used_at": None}
    tx.execute(insert(api_keys).values(**facts, account_id=account_id, key_hash=_digest(secret)))
    return {**facts, "key": secret}


def create_own(tx: Transaction, call: Call) -> Mapping[str, Any]:
    """The caller's new key, as `create`."""
    return create(tx, own_by_session(tx, call).id, call.data["name"], call.data["scopes"], call.data.get("expires_at"))


def list_own(tx: Transaction, call: Call) -> dict[str, Any]:
    """The caller's keys, oldest first, also those that are over."""
    return {"items": [dict(row) for row in tx.execute(of(call.require_actor().id)).mappings()]}


def revoke_own(tx: Transaction, call: Call) -> dict[str, Any]:
    """It is good no longer; what is left. NotFound where the caller has no such key."""
    if not revoke(tx, call.data["id"], own_by_session(tx, call).id):
        raise NotFound("api_key_not_found", "There is no such API key.")
    return list_own(tx, call)


def revoke(tx: Transaction, key_id: str, account_id: str | None = None) -> bool:
    """Whether there was such a key, of this account where one is named."""
    gone = delete(api_keys).where(api_keys.c.id == key_id)
    return tx.execute(gone if account_id is None else gone.where(api_keys.c.account_id == account_id)).rowcount > 0


def of(account_id: str) -> Select[Any]:
    """An account's keys."""
    return select(api_keys).where(api_keys.c.account_id == account_id).order_by(api_keys.c.created_at, api_keys.c.id)


def holder(tx: Transaction, call: Call) -> Mapping[str, Any]:
    """Whom a key acts for, as the account stands now. Unauthenticated `api_key_invalid`, alike for one that never was, is revoked or is over."""
    good = (api_keys.c.key_hash == _digest(call.data["key"])) & or_(api_keys.c.expires_at.is_(None), api_keys.c.expires_at > tx.now)
    found = select(api_keys, accounts.c.name.label("holder"), accounts.c.roles, accounts.c.verified_at).join(accounts).where(good)
    key = tx.execute(found).one_or_none()
    if key is None:
        raise Unauthenticated("api_key_invalid", "This API key is not one of ours, or is good no longer.")
    if key.last_used_at is None or key.last_used_at <= tx.now - COARSE:
        tx.execute(update(api_keys).where(api_keys.c.id == key.id).values(last_used_at=tx.now))
    return {"id": key.account_id, "roles": key.roles, "name": key.holder, "verified": key.verified_at is not None, "scopes": key.scopes}


def _digest(secret: str) -> str:
    return sha256(secret.encode()).hexdigest()
