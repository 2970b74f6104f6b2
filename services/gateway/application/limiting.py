"""How often callers may ask: as an account, or, while they are not signed in, from an address. Counted in this process's memory.

A token bucket is one number and takes half a microsecond. (The `limits` library's memory takes 12 to 50 µs for the same, and a thread now and then.)
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from functools import lru_cache
from ipaddress import IPv6Address, ip_address
from typing import Any, NamedTuple

from nameko.extensions import DependencyProvider

from services.gateway.application.identity import Keys, caller
from services.gateway.application.route import GET, Route
from shared.kit.actor import Actor
from shared.kit.errors import TooMany, Unauthenticated
from shared.platform.client import Caller
from shared.platform.frequency import Frequency, read_frequency
from shared.platform.settings import Settings, settings
from shared.platform.web import Request

MOST_KNOWN = 100_000
"""Buckets that are kept; when there are more, those that are full again go."""


class Standing(NamedTuple):
    """What is left of a quota, in requests, and in how many seconds it is whole again; `wait` is in how many there is a request left, 0 where there is."""

    left: int
    whole_in: int
    wait: int


class Quota:
    """So many requests in a time for each key, all at once or spread: what was used comes back evenly."""

    def __init__(self, name: str, frequency: Frequency, now: Callable[[], float] = time.monotonic) -> None:
        self.name, self.frequency, self._now = name, frequency, now
        self.policy = f'"{name}";q={frequency.times};w={frequency.seconds}'
        self._each = frequency.seconds / frequency.times
        self._whole_at: dict[str, float] = {}

    def take(self, key: str) -> Standing:
        """One request of the key's, if there is one left."""
        now, window = self._now(), self.frequency.seconds
        used = max(self._whole_at.get(key, now) - now, 0.0)  # in the seconds that it takes to come back
        if used + self._each > window + self._each / 1000:
            return Standing(0, math.ceil(used), math.ceil(used + self._each - window))
        if len(self._whole_at) >= MOST_KNOWN:
            self._whole_at = {known: whole_at for known, whole_at in self._whole_at.items() if whole_at > now}
        self._whole_at[key] = now + used + self._each
        return Standing(int((window - used) / self._each + 0.001) - 1, math.ceil(used + self._each), 0)


class Limits:
    """The quotas that settings give. `credentials` is that of who is not signed in and would be: those requests are costly, and worth guessing at."""

    def __init__(self, chosen: Settings) -> None:
        self.account = _quota("account", chosen.rate_limit)
        self.address = _quota("address", chosen.rate_limit_address)
        self.credentials = _quota("credentials", chosen.rate_limit_credentials)

    def count(self, route: Route, request: Request, actor: Actor | None) -> None:
        """One request more; the answer will tell what is left (draft-ietf-httpapi-ratelimit-headers). TooMany `too_many_requests`."""
        if actor is not None:
            quota, key = self.account, actor.id
        else:
            quota = self.credentials if route.public and route.method != GET and not route.is_callback else self.address
            key = _key(request.remote_addr or "")
        if quota is None:
            return
        standing = quota.take(key)
        request.told |= {"RateLimit-Policy": quota.policy, "RateLimit": f'"{quota.name}";r={standing.left};t={standing.whole_in}'}
        if standing.wait:
            most = f"{quota.frequency.times} requests a {quota.frequency.unit}"
            raise TooMany("too_many_requests", f"At most {most} are answered; ask again in {standing.wait} s.", retry_after=standing.wait)


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


def _quota(name: str, said: str) -> Quota | None:
    frequency = read_frequency(said)
    return frequency and Quota(name, frequency)


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
