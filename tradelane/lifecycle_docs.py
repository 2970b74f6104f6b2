"""Writes the order's life as a page, docs/lifecycle.md. All of it comes from the table and the contracts' forms."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from marshmallow import Schema, fields, validate

from services.orders.domain.lifecycle import STATES
from services.orders.domain.steps import OVERDUE, ROLES, STEPS
from services.orders.domain.terms import PRESETS
from services.orders.domain.transitions import route
from shared.contracts.forms import FORMS
from tradelane.lifecycle_ways import Way, ways

_TYPES = {
    "Country": "ISO 3166-1 alpha-2 country", "Currency": "ISO 4217 currency", "Date": "date (ISO 8601)", "HsCode": "HS code, 6 to 10 digits", "Id": "UUID",
    "Measure": "decimal above 0, up to 3 places", "Money": "amount and currency", "Quantity": "whole number", "Unit": "UN/ECE Rec 20 unit", "UnLocode": "UN/LOCODE",
    "Flag": "must be true", "Email": "e-mail address",
}  # fmt: skip


def markdown() -> str:
    """The page."""
    return "\n".join(_page()).rstrip() + "\n"


def _page() -> Iterator[str]:
    yield "# The life of an order\n"
    yield "Generated from `services/orders/domain/steps.py` and `shared/contracts/forms.py`: change those, then run `tradelane docs`.\n"
    yield "![The order's states and ways](lifecycle.svg)\n"
    yield "## Steps\n"
    yield "An order walks these from top to bottom. A step whose form another service must confirm is submitted until that event arrives.\n"
    yield from _table(("step", "state", "label", "by", "button", "action", "form", "applies when", "done by", "returned by", "told as"), _steps())
    yield "## Routes\n"
    yield from _table(("preset", "terms", "steps"), _routes())
    yield "## Transitions\n"
    yield "While a submission is under way, nothing else may be done. Anything that is not listed is refused, naming what is allowed.\n"
    yield from _table(("in state", "action", "by", "becomes", "told as", "only where"), map(_transition, sorted(ways(), key=_place)))
    yield "## Who may do what\n"
    yield "Buyer and supplier are the order's own two parties; `system` is another service's answer, `carrier` its tracking.\n"
    yield from _table(("action", *ROLES), _capabilities())
    yield "## Exception reasons\n"
    yield from _table(("step", "reasons"), ((step.title, _codes(step.reasons)) for step in STEPS if step.reasons))
    yield "## Deadlines\n"
    yield "Their durations are settings. One that is past is acted on once no submission is under way.\n"
    yield from _table(("deadline", "starts as the order enters", "once it is past"), _deadlines())
    yield "## Forms\n"
    yield "Save keeps any part of a step's form; Submit needs every field marked *. `[]` marks each entry of a list.\n"
    for name, form in FORMS.items():
        yield f"### {name.replace('_', ' ').capitalize()}\n"
        yield from _table(("field", "", "type", ""), _fields(form()))


def _steps() -> Iterator[tuple[str, ...]]:
    for step in STEPS:
        done = " or ".join(map(_code, filter(None, (step.awaits or step.action, step.also_by))))
        actor = f"{step.actor}, with password" if step.with_password else step.actor
        condition = str(step.applies or "always")
        yield (
            step.title,
            _code(step.state),
            step.label,
            actor,
            step.button,
            _code(step.action),
            step.form or "–",
            condition,
            done,
            _code(step.refused_by),
            _code(step.event),
        )


def _routes() -> Iterator[tuple[str, ...]]:
    for name, choices in PRESETS.items():
        yield _code(name), ", ".join(f"{field} = {value}" for field, value in choices._asdict().items()), " → ".join(step.title for step in route(choices))


def _place(way: Way) -> int:
    return STATES.index(way.transition.source) if way.transition.source else -1


def _transition(way: Way) -> tuple[str, ...]:
    each = way.transition
    trigger = f"the {each.deadline} deadline is past" if each.deadline else " and ".join(map(_code, each.on))
    conditions = "; ".join(filter(None, (way.condition, each.only, trigger)))
    return _code(each.source), _code(each.action), " or ".join(each.roles), _codes(way.targets, " or "), _code(each.event), conditions


def _capabilities() -> Iterator[tuple[str, ...]]:
    everything = [way.transition for way in ways()]
    for action in dict.fromkeys(each.action for each in everything):
        able = {role for each in everything if each.action == action for role in each.roles}
        yield _code(action), *("✓" if role in able else "" for role in ROLES)


def _deadlines() -> Iterator[tuple[str, ...]]:
    starts = {step.deadline: step.state for step in STEPS if step.deadline}
    found = [way for way in ways() if way.transition.deadline or way.transition.only == OVERDUE]
    for way in sorted(found, key=_place):
        each = way.transition
        kind = each.deadline or next(kind for kind in starts if kind in OVERDUE)
        conditions = f" ({way.condition})" if way.condition else ""
        yield _code(kind), _code(each.source), f"{each.roles[0]}: {_code(each.action)} → {_code(way.targets[0])}{conditions}"


def _fields(schema: Schema, path: str = "") -> Iterator[tuple[str, ...]]:
    for name, field in schema.fields.items():
        inner, place = (field.inner, f"{path}{name}[]") if isinstance(field, fields.List) else (field, f"{path}{name}")
        below = inner.schema if isinstance(inner, fields.Nested) else None
        yield _code(place), "*" if field.required else "", "" if below else _type(inner), field.metadata.get("description", "")
        if below:
            yield from _fields(below, f"{place}.")


def _type(field: fields.Field[Any]) -> str:
    if named := _TYPES.get(type(field).__name__):
        return named
    for check in field.validators:
        if isinstance(check, validate.OneOf) and type(field) is fields.String:
            return f"one of {_codes(map(str, check.choices))}"
        if isinstance(check, validate.Regexp):
            return str(check.error)
        if isinstance(check, validate.Length) and check.max:
            return f"text, up to {check.max} characters"
    raise KeyError(type(field).__name__)


def _code(word: str | None) -> str:
    return f"`{word}`" if word else "–"


def _codes(words: Iterable[str], between: str = ", ") -> str:
    return between.join(map(_code, words))


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    for row in (head, ("---",) * len(head), *rows):
        yield f"| {' | '.join(row)} |"
    yield ""
