"""How long a trade's deadlines run: defaults by settlement, each of which the environment may override (`DEADLINE_ESCROW_PAYMENT=36h`)."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import timedelta
from functools import cache

from environs import Env, EnvError


@dataclass(frozen=True, slots=True)
class Deadlines:
    """From entering the state the deadline belongs to."""

    payment: timedelta
    shipping: timedelta
    acceptance: timedelta
    protection: timedelta = timedelta(days=15)


# A balance on the platform pays at once, a bank or a letter of credit does not; a single parcel is packed sooner than a consignment for export.
DEFAULTS = {
    "direct": Deadlines(payment=timedelta(days=7), shipping=timedelta(days=10), acceptance=timedelta(days=15)),
    "escrow": Deadlines(payment=timedelta(days=3), shipping=timedelta(days=10), acceptance=timedelta(days=15)),
}


@cache
def deadlines_of(settlement: str) -> Deadlines:
    """The environment's; a ValueError names the variable that is no duration (`90s`, `36h`, `7d`)."""
    env, default = Env(), DEFAULTS[settlement]
    try:
        return Deadlines(*(env.timedelta(f"DEADLINE_{settlement}_{each.name}".upper(), getattr(default, each.name)) for each in fields(Deadlines)))
    except EnvError as error:
        raise ValueError(f"settings: {error}") from error
