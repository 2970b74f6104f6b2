"""Expands the rows of `steps.py` into all the transitions of an order with given terms."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache

from services.orders.domain import steps as table
from services.orders.domain.rows import Rule, Step
from services.orders.domain.steps import RULES, STEPS
from services.orders.domain.terms import Choices, Terms

CONFIRM, RETURN, EXCEPTION = "confirm", "return", "exception"
PEOPLE = frozenset({table.BUYER, table.SUPPLIER, table.OPERATOR})


@dataclass(frozen=True, slots=True)
class Transition:
    """One way an order may go. `source` is None where the order is made by it; `completes` is true where `step` is done by it.

    With `awaits` the order stays in its state until all those events of other services have come. `event` is what is told of it: None only
    where `lifecycle.confirm` answers that some, but not yet all, of them have. What sets it off is a person of `roles` with `form` (of which `draft`
    says that it can be kept as a draft) where `only` allows it, or other services' events (all of `on`), or the clock at `deadline`.
    """

    step: str | None
    action: str
    label: str
    roles: tuple[str, ...]
    source: str | None
    target: str
    event: str | None
    awaits: tuple[str, ...] = ()
    form: str | None = None
    draft: bool = False
    reasons: tuple[str, ...] = ()
    with_password: bool = False
    completes: bool = False
    only: str | None = None
    on: tuple[str, ...] = ()
    deadline: str | None = None

    @property
    def by_person(self) -> bool:
        return not PEOPLE.isdisjoint(self.roles)


def route(choices: Choices, steps: tuple[Step, ...] = STEPS) -> tuple[Step, ...]:
    """The steps that these choices ask for, in order."""
    return tuple(step for step in steps if step.applies is None or step.applies.holds(choices))


def transitions(terms: Terms) -> tuple[Transition, ...]:
    """The whole table for an order with these terms."""
    return _expanded(terms.choices)


def expand(steps: tuple[Step, ...], rules: tuple[Rule, ...], choices: Choices) -> tuple[Transition, ...]:
    """These rows for these choices."""
    return tuple(_expansion(steps, rules, choices))


def _expansion(steps: tuple[Step, ...], rules: tuple[Rule, ...], choices: Choices) -> Iterator[Transition]:
    taken = route(choices, steps)
    for step, target in zip(taken, [*(each.state for each in taken[1:]), table.COMPLETED], strict=True):
        yield from _of_step(step, target)
    for rule in rules:
        if rule.applies is None or rule.applies.holds(choices):
            if rule.source in (table.A_STEP, table.ITS_EXCEPTION):
                yield from (_of_rule(rule, step) for step in taken if step.reasons)
            else:
                yield _of_rule(rule)


def _of_step(step: Step, target: str) -> Iterator[Transition]:
    done = Transition(step.name, step.action, step.button, (step.actor,), step.state, target, step.event, completes=True)
    by_actor = replace(done, form=step.form, draft=step.form is not None, with_password=step.with_password)
    if step.awaits is None:
        yield by_actor
    else:
        yield replace(by_actor, target=step.state, event=step.submitted, awaits=(step.awaits,), completes=False)
        yield replace(done, action=CONFIRM, label=f"{step.title} recorded", roles=(table.SYSTEM,), on=(step.awaits,))
    if step.refused_by:
        returned = replace(done, action=RETURN, label=f"{step.title} returned", roles=(table.SYSTEM,), target=step.state, completes=False)
        yield replace(returned, event=table.RETURNED, on=(step.refused_by,))
    if step.also_by == table.CLOCK:
        yield replace(done, roles=(table.CLOCK,), deadline=step.deadline)
    elif step.also_by:
        yield replace(done, roles=(table.CARRIER,), on=(step.also_by,))
    if step.failed_by:
        failed = replace(done, action=EXCEPTION, label=step.exception, roles=(table.CARRIER,), target=step.exception_state, completes=False)
        yield replace(failed, event="orders.exception_raised.v1", on=(step.failed_by,))


def _of_rule(rule: Rule, step: Step | None = None) -> Transition:
    own = {table.A_STEP: step.state, table.ITS_EXCEPTION: step.exception_state, table.ITS_ACTOR: step.actor} if step else {}
    raised = step if rule.source == table.A_STEP else None
    return Transition(
        step=step.name if step else None,
        action=rule.action,
        label=raised.exception if raised else rule.action.replace("_", " ").title(),
        roles=(table.BUYER, table.SUPPLIER) if rule.by == table.PARTY else (own.get(rule.by, rule.by),),
        source=own.get(rule.source, rule.source) if rule.source else None,
        target=own.get(rule.target, rule.target),
        event=rule.event,
        awaits=rule.awaits,
        form=rule.form,
        reasons=raised.reasons if raised else (),
        only=rule.only,
        on=rule.on,
        deadline=rule.at,
    )


def states(steps: tuple[Step, ...] = STEPS) -> tuple[str, ...]:
    """Every state there is, in the order of the trade."""
    walked = [state for step in steps for state in ((step.state, step.exception_state) if step.reasons else (step.state,))]
    return (table.PLACING, *walked, *table.FINAL_STATES)


@cache
def _expanded(choices: Choices) -> tuple[Transition, ...]:
    return expand(STEPS, RULES, choices)
