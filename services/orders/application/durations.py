"""How long a trade's deadlines run: defaults by settlement, each of which the environment may override (`DEADLINE_ESCROW_PAYMENT=36h`)."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import timedelta

from environs import Env, EnvError
from marshmallow import validate


@dataclass(frozen=True, slots=True)
class Deadlines:
    """Each from when the order enters the state that the deadline belongs to."""

    payment: timedelta
    shipping: timedelta = timedelta(days=10)
    acceptance: timedelta = timedelta(days=15)
    protection: timedelta = timedelta(days=15)


# A balance on the platform pays at once, a bank or a letter of credit does not.
DEFAULTS = {"direct": Deadlines(payment=timedelta(days=7)), "escrow": Deadlines(payment=timedelta(days=3))}

_POSITIVE = validate.Range(min=timedelta(0), min_inclusive=False)


def read(settlement: str) -> Deadlines:
    """As the environment has it; a ValueError names the variable that is no duration (`90s`, `36h`, `7d`)."""
    env, default = Env(), DEFAULTS[settlement]
    names = {each.name: f"DEADLINE_{settlement}_{each.name}".upper() for each in fields(Deadlines)}
    try:
        return Deadlines(**{name: env.timedelta(variable, getattr(default, name), validate=_POSITIVE) for name, variable in names.items()})
    except EnvError as error:
        raise ValueError(f"settings: {error}") from error


# Read as the service starts, so that a wrong one is told then and not when the first order is placed.
DEADLINES = {settlement: read(settlement) for settlement in DEFAULTS}
