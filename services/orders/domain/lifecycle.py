"""What may happen to an order: the interpreter of the table in `steps.py`. Pure: it takes an order's situation and answers, and changes nothing.

People's actions go through `decide`, other services' events through `confirm`, deadlines through `due`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from services.orders.domain import soundness, steps
from services.orders.domain.steps import CANCELLED, COMPLETED, FINAL_STATES, PLACING, REJECTED, ROLES, RULES, STEPS
from services.orders.domain.terms import Terms
from services.orders.domain.transitions import Transition, route, states, transitions
from shared.kit.actor import Actor
from shared.kit.errors import Conflict, Forbidden

__all__ = [
    "FINAL_STATES", "LABELS", "ROLES", "STATES", "Situation", "StepStatus", "Transition",
    "allowed_actions", "confirm", "deadlines_on_entering", "decide", "due", "owes_refund", "placement", "steps_of", "transitions",
]  # fmt: skip

soundness.verify(STEPS, RULES)

STATES = states()
LABELS = (
    {PLACING: "Being placed", COMPLETED: "End", CANCELLED: "Cancelled", REJECTED: "Rejected"}
    | {step.state: step.label for step in STEPS}
    | {step.exception_state: f"{step.title} exception" for step in STEPS if step.reasons}
)


@dataclass(frozen=True, slots=True)
class Situation:
    """The facts of an order that decide what may happen to it.

    `awaiting` are the types of the events a submitted step (or the placing) still waits for; `abort_proposed_by` and `channel_proposed_by` are the
    party's id; `paid` is true once the payment step is done; `refund_open` while a direct refund is owed and not yet received; `deadlines` are those running, by kind.
    """

    terms: Terms
    state: str
    awaiting: tuple[str, ...]
    buyer_id: str
    supplier_id: str
    abort_proposed_by: str | None
    channel_proposed_by: str | None
    paid: bool
    refund_open: bool
    deadlines: Mapping[str, datetime]


@dataclass(frozen=True, slots=True)
class StepStatus:
    """A step of the order's own route; `actor` is the role that does it."""

    name: str
    label: str
    status: Literal["done", "current", "to_come"]
    actor: str


def placement(terms: Terms) -> Transition:
    """The transition that makes an order; what it awaits is what the new order is awaiting."""
    return next(each for each in transitions(terms) if each.source is None)


def allowed_actions(situation: Situation, actor: Actor, now: datetime) -> tuple[Transition, ...]:
    """What this actor may do now; nothing while a submission is under way. Where the password is asked again is told by the transition."""
    if situation.awaiting:
        return ()
    return tuple(each for each in _by_people(situation) if _is_for(each, situation, actor) and _is_open(each, situation, actor, now))


def decide(situation: Situation, action: str, actor: Actor, now: datetime) -> Transition:
    """The transition that `action` by `actor` is.

    Conflict `action_not_allowed` (its `allowed` names what is) and `submission_under_way`; Forbidden `not_your_step` and `password_required`.
    """
    possible = [each for each in _by_people(situation) if each.action == action and _is_open(each, situation, actor, now)]
    chosen = next((each for each in possible if _is_for(each, situation, actor)), None)
    label = LABELS[situation.state]
    if not possible:
        allowed = sorted({each.action for each in allowed_actions(situation, actor, now)})
        raise Conflict("action_not_allowed", f"“{action}” is not possible while the order is in “{label}”.", allowed=allowed)
    if chosen is None:
        raise Forbidden("not_your_step", f"“{action}” in “{label}” is for somebody else on this trade.")
    if situation.awaiting:
        raise Conflict("submission_under_way", "A submission is under way: wait until the other services have answered.", allowed=[])
    if chosen.with_password:
        actor.require_password()
    return chosen


def confirm(situation: Situation, event_type: str) -> Transition | None:
    """The transition that another service's event is: a confirmation or a refusal of what was submitted, or something that goes without asking.

    Where further confirmations are awaited, the order stays: the answer has those as `awaits`, and no `event`. None where the event does not concern
    the order as it stands (it is late, or came twice).
    """
    found = next((each for each in transitions(situation.terms) if each.source == situation.state and event_type in each.on), None)
    if found is None:
        return None
    if event_type in situation.awaiting:
        rest = tuple(each for each in situation.awaiting if each != event_type)
        return replace(found, target=situation.state, event=None, awaits=rest, completes=False) if rest else found
    # A confirmation that is not awaited (any longer), or a refusal where nothing is. What comes unasked needs no submission.
    confirms = any(event_type in each.awaits for each in transitions(situation.terms))
    too_late = steps.SYSTEM in found.roles and (confirms or not situation.awaiting)
    return None if too_late else found


def due(situation: Situation, kind: str, now: datetime) -> Transition | None:
    """The transition that the clock makes as the deadline `kind` is past; None where it is not, or has nothing to do with the order as it stands.

    A submission under way is waited for: where it comes back, the deadline is due again.
    """
    deadline = situation.deadlines.get(kind)
    if situation.awaiting or deadline is None or now < deadline:
        return None
    return next((each for each in transitions(situation.terms) if each.source == situation.state and each.deadline == kind), None)


def deadlines_on_entering(state: str, terms: Terms) -> tuple[str, ...]:
    """The kinds of deadlines that start as an order enters the state."""
    of_step = {step.deadline for step in STEPS if step.state == state}
    of_clock = {each.deadline for each in transitions(terms) if each.source == state}
    return tuple(sorted(kind for kind in of_step | of_clock if kind))


def owes_refund(situation: Situation, transition: Transition) -> bool:
    """Whether the transition ends an order that has been paid, so that the whole of it is to be refunded."""
    return situation.paid and transition.target == CANCELLED != transition.source


def steps_of(situation: Situation, left: str | None = None) -> list[StepStatus]:
    """The order's own route and how far it is along it. For a cancelled order, which has nothing to come, `left` is the state it was cancelled in."""
    taken = route(situation.terms.choices)
    state = left if situation.state == CANCELLED else situation.state
    current = next((number for number, step in enumerate(taken) if state in (step.state, step.exception_state)), None)
    done = len(taken) if state == COMPLETED else current or 0
    shown = taken[:done] if situation.state in FINAL_STATES else taken
    return [StepStatus(step.name, step.title, _status(number, done, current), step.actor) for number, step in enumerate(shown)]


def _status(number: int, done: int, current: int | None) -> Literal["done", "current", "to_come"]:
    if number < done:
        return "done"
    return "current" if number == current else "to_come"


def _by_people(situation: Situation) -> list[Transition]:
    return [each for each in transitions(situation.terms) if each.source == situation.state and each.by_person]


def _roles(situation: Situation, actor: Actor) -> set[str]:
    """A party is known by its id, never by the roles of its account."""
    parties = {(steps.BUYER, situation.buyer_id), (steps.SUPPLIER, situation.supplier_id)}
    return {role for role, party in parties if party == actor.id} | ({steps.OPERATOR} if actor.is_operator else set())


def _is_for(transition: Transition, situation: Situation, actor: Actor) -> bool:
    return not _roles(situation, actor).isdisjoint(transition.roles)


def _is_open(transition: Transition, situation: Situation, actor: Actor, now: datetime) -> bool:
    return transition.only is None or _guards(situation, actor, now)[transition.only]


def _guards(situation: Situation, actor: Actor, now: datetime) -> dict[str, bool]:
    shipping = situation.deadlines.get("shipping")
    return {
        steps.NOT_PROPOSED: situation.abort_proposed_by is None,
        steps.OTHER_PROPOSED: situation.abort_proposed_by not in (None, actor.id),
        steps.OVERDUE: shipping is not None and shipping <= now,
        steps.NO_OTHER_CHANNEL: situation.channel_proposed_by in (None, actor.id),
        steps.OTHER_CHANNEL: situation.channel_proposed_by not in (None, actor.id),
        steps.REFUND_OPEN: situation.refund_open,
    }
