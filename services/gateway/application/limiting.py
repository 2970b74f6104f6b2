"""How often callers may ask: as an account, or, while they are not signed in, from an address. Counted in this process's memory."""

from __future__ import annotations

import math
import time
from functools import lru_cache
from ipaddress import IPv6Address, ip_address
from typing import Any

from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter
from nameko.extensions import DependencyProvider

from services.gateway.application.identity import Keys, caller
from services.gateway.application.route import GET, Route
from shared.kit.actor import Actor
from shared.kit.errors import TooMany, Unauthenticated
from shared.platform.client import Caller
from shared.platform.settings import Settings, settings
from shared.platform.web import Request


class Limits:
    """The quotas that settings give, and what is used of each. `credentials` is that of passwords and of who is not signed in and would be: those
    requests are costly, and worth guessing at."""

    def __init__(self, chosen: Settings) -> None:
        self._quotas = {"account": chosen.rate_limit, "address": chosen.rate_limit_address, "credentials": chosen.rate_limit_credentials}
        self._used = FixedWindowRateLimiter(MemoryStorage())

    def count(self, route: Route, request: Request, actor: Actor | None) -> None:
        """One request more; the answer will tell what is left (draft-ietf-httpapi-ratelimit-headers). TooMany `too_many_requests`."""
        if actor is not None:
            self._use("account", actor.id, request)
        else:
            name = "credentials" if route.public and route.method != GET and not route.is_callback else "address"
            self._use(name, _key(request.remote_addr or ""), request)

    def count_password(self, request: Request, actor: Actor) -> None:
        """The same where somebody who is signed in gives a password: to check it costs as much as signing in."""
        self._use("credentials", actor.id, request)

    def _use(self, name: str, key: str, request: Request) -> None:
        quota = self._quotas[name]
        if quota is None:
            return
        within = self._used.hit(quota, name, key)
        whole_at, left = self._used.get_window_stats(quota, name, key)
        wait = max(1, math.ceil(whole_at - time.time()))
        most, window = quota.amount, quota.get_expiry()
        request.told |= {"RateLimit-Policy": f'"{name}";q={most};w={window}', "RateLimit": f'"{name}";r={left};t={wait}'}
        if not within:
            raise TooMany("too_many_requests", f"At most {most} requests in {window} s are answered; ask again in {wait} s.", retry_after=wait)


def known(route: Route, request: Request, rpc: Caller, keys: Keys, limits: Limits) -> Actor | None:
    """Who asks, once more within their limit. Who does not get in is counted by their address."""
    asks_as_nobody = route.public and not (route.knows_caller and "Authorization" in request.headers)
    try:
        actor = None if asks_as_nobody else caller(request, keys, rpc)
    except Unauthenticated:
        limits.count(route, request, None)
        raise
    limits.count(route, request, actor)
    return actor


@lru_cache(4096)
def _key(address: str) -> str:
    """Of IPv6 the first 64 bits: the rest is for its owner to choose."""
    try:
        ip = ip_address(address)
    except ValueError:
        return address
    return ip.packed[:8].hex() if isinstance(ip, IPv6Address) and not ip.ipv4_mapped else address


class Limiting(DependencyProvider):  # type: ignore[misc]
    """One count for all of a gateway's workers."""

    def setup(self) -> None:
        self.limits = Limits(settings())

    def get_dependency(self, worker_ctx: Any) -> Limits:
        return self.limits
