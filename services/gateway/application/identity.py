"""Who is calling: access tokens are checked here, without asking anybody but once in a while for the public keys of accounts.

API keys are checked by accounts, and again every few seconds while they are used.
"""

from __future__ import annotations

import logging
import time
from typing import Any

import jwt
from eventlet.semaphore import Semaphore
from nameko.extensions import DependencyProvider

from services.gateway.application.presence import Presence
from shared.contracts.accounts import SIGNING_KEYS
from shared.contracts.api_keys import CHECK_API_KEY, PREFIX
from shared.kit.actor import Actor
from shared.kit.errors import TradeError, Unauthenticated, Unavailable
from shared.platform.client import Caller
from shared.platform.web import Request

log = logging.getLogger(__name__)

ALGORITHMS = ["EdDSA"]
AUDIENCE = "tradelane"
ISSUER = "tradelane/accounts"
REQUIRED = ["exp", "iat", "aud", "iss", "sub", "roles", "name", "verified", "sid"]
LEEWAY = 5
"""Seconds that the clocks of two machines may differ."""

PATIENCE = 1.0
"""Seconds between two questions for keys, so that made-up key ids cannot flood accounts."""
KEY_LIFETIME = 5.0
"""Seconds that an API key which accounts has found good counts as good, so that one which is revoked goes."""
LIFETIME = 60.0
"""Seconds after which the keys are asked for again, so that one that is retired goes."""
MOST_KNOWN = 10_000


class Keys:
    """The public keys by their id, and the tokens they have been found to have signed."""

    def __init__(self) -> None:
        self._keys: dict[str, jwt.PyJWK] = {}
        self._known: dict[str, tuple[float, Actor]] = {}
        self._asked = float("-inf")
        self._asking = Semaphore()
        self._api_keys = ApiKeys()
        self.presence = Presence()

    def actor(self, token: str, rpc: Caller) -> Actor:
        """Whom the token or API key speaks for; Unauthenticated `token_invalid`, `token_expired` or `api_key_invalid`, Unavailable while it cannot be checked."""
        if token.startswith(PREFIX):
            return self._api_keys.actor(token, rpc)
        if time.monotonic() - self._asked > LIFETIME:
            self._ask(rpc)
        expires, actor = self._known.get(token) or self._check(token, rpc)
        if expires + LEEWAY < time.time():
            raise _expired()
        return actor

    def _check(self, token: str, rpc: Caller) -> tuple[float, Actor]:
        try:
            key_id = str(jwt.get_unverified_header(token).get("kid"))
            if key_id not in self._keys:
                self._ask(rpc)
            key = self._keys.get(key_id) or _no_such_key()
            claims = jwt.decode(token, key, ALGORITHMS, {"require": REQUIRED}, audience=AUDIENCE, issuer=ISSUER, leeway=LEEWAY)
        except jwt.ExpiredSignatureError as error:
            raise _expired() from error
        except jwt.InvalidTokenError as error:
            raise Unauthenticated("token_invalid", "The access token is not one of ours.") from error
        if len(self._known) >= MOST_KNOWN:
            self._known.clear()
        actor = Actor(claims["sub"], frozenset(claims["roles"]), claims["name"], verified=claims["verified"], session_id=claims["sid"])
        known = self._known[token] = claims["exp"], actor
        return known

    def _ask(self, rpc: Caller) -> None:
        """Ask accounts for its keys. One asks, whoever needs the answer waits for it; while accounts is away the keys we have stay good."""
        with self._asking:
            if time.monotonic() - self._asked > PATIENCE:
                try:
                    keys = {key["kid"]: jwt.PyJWK(key) for key in rpc.call(SIGNING_KEYS, {})["keys"]}
                    if not self._keys.keys() <= keys.keys():  # one is retired, and what it signed is good no longer
                        self._known.clear()
                    self._keys = keys
                except TradeError as error:
                    log.warning("no keys from accounts: %s", error)
                self._asked = time.monotonic()  # by now: those who waited for this answer, or for none, need not ask again
        if not self._keys:
            raise Unavailable("keys_unavailable", "Tokens cannot be checked at the moment; try again shortly.")


def _expired() -> Unauthenticated:
    return Unauthenticated("token_expired", "The access token is over; refresh it.")


def _no_such_key() -> jwt.PyJWK:
    raise jwt.InvalidTokenError("signed with a key that accounts does not have")


class ApiKeys:
    """The API keys that accounts has lately found good, and whom they act for."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[float, Actor]] = {}

    def actor(self, key: str, rpc: Caller) -> Actor:
        """Whom the key acts for; Unauthenticated `api_key_invalid`."""
        good_until, actor = self._known.get(key) or (float("-inf"), None)
        if actor is None or good_until < time.monotonic():
            self._known.pop(key, None)
            holder = rpc.call(CHECK_API_KEY, {"key": key})
            actor = Actor(holder["id"], frozenset(holder["roles"]), holder["name"], verified=holder["verified"], scopes=frozenset(holder["scopes"]))
            if len(self._known) >= MOST_KNOWN:
                self._known.clear()
            self._known[key] = time.monotonic() + KEY_LIFETIME, actor
        return actor


class Identity(DependencyProvider):  # type: ignore[misc]
    """One memory of keys for all of a gateway's workers."""

    def setup(self) -> None:
        self.keys = Keys()

    def get_dependency(self, worker_ctx: Any) -> Keys:
        return self.keys


def caller(request: Request, keys: Keys, rpc: Caller) -> Actor:
    """Who sent the request, and so is here (a program with an API key is nobody); Unauthenticated without a bearer token."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise Unauthenticated("token_missing", "Sign in, and send the access token: Authorization: Bearer …")
    actor = keys.actor(token.strip(), rpc)
    if actor.session_id:
        keys.presence.note(actor.id, rpc)
    return actor
