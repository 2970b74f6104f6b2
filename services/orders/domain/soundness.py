"""Whether a table's rows make a machine: none double, none that can never come to pass, no state without an end. Asked of `steps.py` at import."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from services.orders.domain.rows import Rule, Step
from services.orders.domain.steps import FINAL_STATES
from services.orders.domain.terms import EVERY_CHOICE
from services.orders.domain.transitions import Transition, expand, states

Ways = set[tuple[str | None, str | None]]


def verify(steps: tuple[Step, ...], rules: tuple[Rule, ...]) -> None:
    """ValueError where two rows say the same, or a row can never come to pass, or an order could not leave a state that is not final."""
    _refuse("is there twice", _doubles(states(steps)), _doubles(step.name for step in steps), _doubles(step.action for step in steps))
    rows: tuple[Step | Rule, ...] = (*steps, *rules)
    _refuse("never applies", [row.action for row in rows if row.applies and not any(map(row.applies.holds, EVERY_CHOICE))])
    for choices in EVERY_CHOICE:
        found = expand(steps, rules, choices)
        triggers = [(each.source, trigger) for each in found for trigger in _triggers(each)]
        ways: Ways = {(each.source, each.target) for each in found}
        reached = _closure({None}, ways)
        ending = _closure(set(FINAL_STATES), {(target, source) for source, target in ways})
        _refuse("is there twice", _doubles(triggers))
        _refuse("is set off by nothing", [each.action for each in found if not any(_triggers(each))])
        _refuse("is never reached", {each.source for each in found} - reached, set(FINAL_STATES) - reached)
        _refuse("has no end", reached - ending)
        _refuse("is final and yet left", {source for source, target in ways if source in FINAL_STATES and target != source})
        _refuse("is awaited in vain", {(each.target, event) for each in found for event in each.awaits} - set(triggers))


def _triggers(transition: Transition) -> Iterator[str]:
    """What sets it off: with the source, no two transitions may share one."""
    if transition.by_person:
        yield from (f"{transition.action} by {role}" for role in transition.roles)
    yield from transition.on
    if transition.deadline:
        yield f"deadline {transition.deadline}"


def _closure(start: set[str | None], ways: Ways) -> set[str | None]:
    found = set(start)
    while more := {target for source, target in ways if source in found} - found:
        found |= more
    return found


def _doubles(values: Iterable[object]) -> list[object]:
    return [value for value, times in Counter(values).items() if times > 1]


def _refuse(complaint: str, *rows: Iterable[object]) -> None:
    for row in rows:
        for each in row:
            raise ValueError(f"steps.py: {each} {complaint}")
