"""A call as a service's handlers see it, and the errors it may answer with."""

from __future__ import annotations

import hashlib
import logging
from dataclasses import dataclass, replace
from typing import Any

from shared.contracts.operations import ByKey, Operation
from shared.contracts.validation import instance
from shared.kit.actor import Actor
from shared.kit.errors import KINDS, Forbidden, TradeError, Unauthenticated
from shared.platform.wire import encode

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Call:
    """`data` is loaded by the operation's request schema. Retries of a command share its `command_id`; `fingerprint` tells whether
    they also ask for the same. What is only read has none."""

    operation: Operation
    actor: Actor | None
    data: dict[str, Any]
    command_id: str
    fingerprint: str

    def require_actor(self, *roles: str) -> Actor:
        """Who is calling; Unauthenticated without an actor, Forbidden (`role_required`) where they have none of `roles`."""
        if self.actor is None:
            raise Unauthenticated("sign_in_required", "Sign in first.")
        if roles and not self.actor.roles.intersection(roles):
            raise Forbidden("role_required", f"Only for accounts with the role {' or '.join(roles)}.", roles=sorted(roles))
        return self.actor

    def require_verified(self, *roles: str) -> Actor:
        """Who is calling, as `require_actor`; Forbidden (`verification_required`) where nobody has made sure yet that they are who they say."""
        actor = self.require_actor(*roles)
        if not actor.verified:
            raise Forbidden(
                "verification_required",
                "Only a verified account may do this: submit its verification at /v1/me/verification; once it is approved, refresh the access token.",
                href="/v1/me/verification",
            )
        return actor


def check_key(operation: Operation, actor: Actor | None) -> None:
    """Forbidden (`session_required`, `scope_required`) where the actor comes by an API key that does not do for the operation."""
    if actor is None or actor.scopes is None or operation.by_key is ByKey.ALWAYS:
        return
    if operation.by_key is ByKey.NEVER:
        require_session(actor)
    require_scope(actor, operation.scope)


def require_session(actor: Actor) -> None:
    """Forbidden (`session_required`) where the actor comes by an API key, whatever its scopes."""
    if actor.scopes is not None:
        raise Forbidden("session_required", "This takes who has signed in: send an access token instead of an API key.")


def require_scope(actor: Actor, scope: str) -> None:
    """Forbidden (`scope_required`) where the actor comes by an API key without the scope. Who may write with one may read, too."""
    if actor.scopes is not None and not actor.scopes.intersection((scope, scope.replace(":read", ":write"))):
        raise Forbidden("scope_required", f"The API key has not the scope {scope}.", scope=scope)


def on_behalf_of(actor: Actor | None) -> Actor | None:
    """The actor for what a service asks of others to do what it was asked for: what their key may do was checked at its own door."""
    return actor and replace(actor, scopes=None)


def fingerprint(operation: Operation, actor: Actor | None, data: Any) -> str:
    """What a command asks for, as a SHA-256 in hex. Secrets are left out: a fast hash of one, kept beside it, would give it away."""
    if isinstance(data, dict):
        secret = {name for name, field in instance(operation.request).fields.items() if field.load_only}
        data = {name: value for name, value in data.items() if name not in secret}
    return hashlib.sha256(encode([operation.name, actor.id if actor else None, data])).hexdigest()


def actor_data(actor: Actor | None) -> dict[str, Any] | None:
    """An actor as it crosses the bus."""
    if actor is None:
        return None
    data = {"id": actor.id, "roles": sorted(actor.roles), "name": actor.name, "reauthenticated": actor.reauthenticated, "verified": actor.verified}
    return data | {"session_id": actor.session_id, "scopes": None if actor.scopes is None else sorted(actor.scopes)}


def read_actor(data: dict[str, Any] | None) -> Actor | None:
    """The other way."""
    if data is None:
        return None
    scopes = data["scopes"]
    known = Actor(data["id"], frozenset(data["roles"]), data["name"], data["reauthenticated"], data["verified"], data["session_id"])
    return known if scopes is None else replace(known, scopes=frozenset(scopes))


def error_data(error: Exception) -> dict[str, Any]:
    """An error as it crosses the bus: stable codes and data, no class, no address; what is not a TradeError is only logged."""
    if isinstance(error, TradeError):
        return {"kind": error.kind, "code": error.code, "message": error.message, "errors": error.errors, "data": error.data}
    log.error("unexpected error", exc_info=error)
    return {"kind": "internal", "code": "internal_error", "message": "Something went wrong here; it is logged.", "errors": {}, "data": {}}


def read_error(data: dict[str, Any]) -> TradeError:
    """The other way."""
    return KINDS.get(data["kind"], TradeError)(data["code"], data["message"], data["errors"], **data["data"])
