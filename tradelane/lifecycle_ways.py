"""The order's transitions over all possible terms, each with the terms it depends on: what documentation and diagram are drawn from."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cache

from services.orders.domain.steps import RULES, STEPS
from services.orders.domain.terms import EVERY_CHOICE, Choices
from services.orders.domain.transitions import Transition, expand


@dataclass(frozen=True, slots=True)
class Way:
    """A transition of some or all orders. `targets` are several where the terms decide which step is next; `condition` is what all those terms share."""

    transition: Transition
    targets: tuple[str, ...]
    condition: str


@cache
def ways() -> tuple[Way, ...]:
    """In the table's order."""
    found: dict[Transition, dict[Choices, str]] = {}
    for choices in EVERY_CHOICE:
        for each in expand(STEPS, RULES, choices):
            found.setdefault(replace(each, target=""), {})[choices] = each.target
    return tuple(Way(each, tuple(dict.fromkeys(targets.values())), _shared(targets)) for each, targets in found.items())


def _shared(choices: Iterable[Choices]) -> str:
    """`customs = platform` where they all have that and nothing else in common."""
    chosen = list(choices)
    return ", ".join(f"{name} = {getattr(chosen[0], name)}" for name in Choices._fields if len({getattr(each, name) for each in chosen}) == 1)


def happening(event: str) -> str:
    """An event's type as words: `logistics.parcel_arrived.v1` → “parcel arrived”."""
    return event.split(".")[1].replace("_", " ")
