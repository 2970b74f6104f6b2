"""Sessions: each sign-in starts one; a refresh token is good for one exchange, and using an old one ends the session.

A refresh token is `<session>.<secret>`; of the secret only a SHA-256 is kept (its 256 random bits need no slower hash). That
anything but the session's latest token comes means that it was copied: whoever has the other one is out, too (RFC 9700 § 4.14.2).
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Mapping
from datetime import timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID

from sqlalchemy import Row, delete, insert, select, update

from services.accounts.application.queries import own
from services.accounts.application.tokens import access_token
from services.accounts.domain.signing import LIFETIME
from services.accounts.models import accounts, sessions
from shared.kit.errors import NotFound, Unauthenticated
from shared.kit.ids import new_id
from shared.platform.calls import Call, require_session
from shared.platform.database import Transaction

log = logging.getLogger(__name__)

IDLE = timedelta(days=30)
"""How long a session lasts without being refreshed."""

MOST = 100
"""Sessions an account: a further sign-in ends the one that was used longest ago."""


def open_session(tx: Transaction, account_id: str, call: Call) -> Mapping[str, Any]:
    """Tokens of a new session for the account, which has no more than `MOST` then."""
    own = sessions.c.account_id == account_id
    stay = select(sessions.c.id).where(own).order_by(sessions.c.used_at.desc()).limit(MOST - 1)
    tx.execute(delete(sessions).where(own, sessions.c.id.not_in(stay)))
    session_id, secret = new_id(), secrets.token_urlsafe(32)
    tx.execute(insert(sessions).values(id=session_id, account_id=account_id, created_at=tx.now, **_used(tx, call, secret)))
    return _tokens(tx, account_id, session_id, secret)


def refresh(tx: Transaction, call: Call) -> Mapping[str, Any] | None:
    """The session's next tokens. None for a token that is not its latest: it is no error here, as the session's end must be committed."""
    name, _, presented = call.data["refresh_token"].partition(".")
    try:
        session_id = str(UUID(name))
    except ValueError:
        return None
    secret = secrets.token_urlsafe(32)
    account_id = tx.execute(
        update(sessions)
        .where(sessions.c.id == session_id, sessions.c.token_hash == _digest(presented), sessions.c.expires_at > tx.now)
        .values(_used(tx, call, secret))
        .returning(sessions.c.account_id)
    ).scalar_one_or_none()
    if account_id is not None:
        return _tokens(tx, account_id, session_id, secret)
    if tx.execute(delete(sessions).where(sessions.c.id == session_id)).rowcount:
        log.warning("session %s is ended: a refresh token came again, or too late", session_id)
    return None


def list_own(tx: Transaction, call: Call) -> Mapping[str, Any]:
    """Where the caller is signed in, and which of it is this."""
    actor = call.require_actor()
    found = select(sessions).where(sessions.c.account_id == actor.id, sessions.c.expires_at > tx.now).order_by(sessions.c.used_at.desc())
    return {"items": [{**row._asdict(), "current": row.id == actor.session_id} for row in tx.execute(found)]}


def end(tx: Transaction, call: Call) -> Mapping[str, Any]:
    """One of the caller's sessions; NotFound where it is none."""
    account = own_by_session(tx, call)
    if not tx.execute(delete(sessions).where(sessions.c.id == call.data["id"], sessions.c.account_id == account.id)).rowcount:
        raise NotFound("session_not_found", "You have no such session.")
    return {}


def end_all(tx: Transaction, call: Call) -> Mapping[str, Any]:
    """All of the caller's, the one that asks included."""
    tx.execute(delete(sessions).where(sessions.c.account_id == own_by_session(tx, call).id))
    return {}


def own_by_session(tx: Transaction, call: Call) -> Row[Any]:
    """As `queries.own`, for what one signs in with, and API keys: Unauthenticated `session_over` where the session has ended, though its access token has
    not. Forbidden `session_required` for a program with an API key."""
    actor = call.require_actor()
    require_session(actor)
    account: Row[Any] = own(tx, call)
    if tx.execute(select(sessions.c.id).where(sessions.c.id == actor.session_id)).one_or_none() is None:
        raise Unauthenticated("session_over", "This session is over; sign in again.")
    return account


def sweep(tx: Transaction) -> None:
    """Forget those that are over."""
    tx.execute(delete(sessions).where(sessions.c.expires_at <= tx.now))


def _used(tx: Transaction, call: Call, secret: str) -> Mapping[str, Any]:
    """What a session's row says after tokens were got by it."""
    told = {"address": str(call.data["remote_address"]), "user_agent": call.data.get("user_agent")}
    return told | {"token_hash": _digest(secret), "used_at": tx.now, "expires_at": tx.now + IDLE}


def _digest(secret: str) -> str:
    return sha256(secret.encode()).hexdigest()


def _tokens(tx: Transaction, account_id: str, session_id: str, secret: str) -> Mapping[str, Any]:
    account = tx.execute(select(accounts).where(accounts.c.id == account_id)).one()
    return {
        "access_token": access_token(tx, account, session_id),
        "token_type": "Bearer",
        "expires_in": int(LIFETIME.total_seconds()),
        "refresh_token": f"{session_id}.{secret}",
    }
