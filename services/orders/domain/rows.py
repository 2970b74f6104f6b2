"""What a row of the table in `steps.py` is: a step of the trade, a rule that holds besides the steps, and the condition on which either applies."""

from __future__ import annotations

from dataclasses import dataclass

from services.orders.domain.terms import Choices


@dataclass(frozen=True, slots=True)
class Condition:
    """Holds where the terms' `field` is `value`."""

    field: str
    value: str

    def holds(self, choices: Choices) -> bool:
        return bool(getattr(choices, self.field) == self.value)

    def __str__(self) -> str:
        return f"{self.field} = {self.value}"


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the trade. `actor` does it by `action` (its button says `button`) while the order is in `state`, by submitting `form`;
    then `event` is told and the order goes on to the next step whose condition holds.

    A step with `awaits` is only submitted by that (`submitted` is told): done it is when that event of another service arrives, and it comes
    back to its actor with `refused_by`. `also_by` is who does it unasked: another service's event, or the clock at `deadline`, which
    starts as the order enters the state. `reasons` are those that can put the order into the step's exception state; so does another service's
    event `failed_by`, with a reason of its own.
    """

    name: str
    state: str
    label: str
    actor: str
    action: str
    button: str
    applies: Condition | None = None
    deadline: str | None = None
    form: str | None = None
    event: str = ""
    awaits: str | None = None
    refused_by: str | None = None
    also_by: str | None = None
    failed_by: str | None = None
    with_password: bool = False
    exception: str = "Exception"
    reasons: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        return self.name.replace("_", " ").capitalize()

    @property
    def submitted(self) -> str:
        """The event that tells of a submission which awaits another service."""
        return f"orders.{self.name}_submitted.v1"

    @property
    def exception_state(self) -> str:
        return f"{self.name}_exception"


@dataclass(frozen=True, slots=True)
class Rule:
    """What may happen besides the steps: `by` a person with `form`, by other services' events (all of `on`), or by the clock when the deadline `at` is past."""

    action: str
    by: str
    source: str | None
    target: str
    event: str
    form: str | None = None
    only: str | None = None
    applies: Condition | None = None
    awaits: tuple[str, ...] = ()
    on: tuple[str, ...] = ()
    at: str | None = None
