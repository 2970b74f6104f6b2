"""Draws the order's life as an SVG picture, 1000 units wide, from the table: steps downwards, exceptions at their side, ends below and at the right."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from itertools import pairwise
from textwrap import wrap

from services.orders.domain.lifecycle import LABELS
from services.orders.domain.rows import Condition, Step
from services.orders.domain.steps import BUYER, CANCELLED, CLOCK, COMPLETED, ITS_ACTOR, ITS_EXCEPTION, PARTY, PLACING, REJECTED, RULES, STEPS, SUPPLIER
from services.orders.domain.terms import ALLOWED
from tradelane.lifecycle_ways import Way, happening, ways

WIDTH, TOP, PITCH = 1000, 190, 128  # the picture's width; the middle of the first row and the way to the next
LEFT, CARD, TALL = 226, 336, 88  # a step's card: its left edge, width and height
SIDE, SIDE_CARD, SIDE_TALL = 684, 222, 76  # an exception's
RIGHT, MIDDLE = LEFT + CARD, LEFT + CARD // 2
DETOUR, BUS = 190, 956  # where the way around a step and the way to the early end run down

COLOURS = {BUYER: "#2563eb", SUPPLIER: "#0f766e"}
SLATE, AMBER, RED, GREEN = "#475569", "#b45309", "#b91c1c", "#15803d"

STYLE = """
text { font-family: Inter, "Segoe UI", "Helvetica Neue", Arial, "DejaVu Sans", sans-serif; font-size: 12px; fill: #0f172a }
.title { font-size: 24px; font-weight: 700 } .name { font-size: 15px; font-weight: 700 } .grey { fill: #64748b } .small { font-size: 11px }
.code { font-family: "SF Mono", Consolas, "DejaVu Sans Mono", monospace; font-size: 11px; fill: #475569 }
path { fill: none; stroke: #475569; stroke-width: 1.5 } .walk { stroke-width: 2.4 } .around { stroke: #94a3b8; stroke-dasharray: 5 4 }
.amber { stroke: #b45309 } .red { stroke: #b91c1c } marker path { stroke: none }
"""


def diagram() -> str:
    """The SVG document."""
    rows = {state: TOP + number * PITCH for number, state in enumerate([PLACING, *(step.state for step in STEPS), COMPLETED])}
    height = rows[COMPLETED] + 142
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" role="img" aria-labelledby="title">',
        '<title id="title">The life of an order</title>',
        f"<style>{STYLE}</style><defs>{_arrowhead('slate', SLATE)}{_arrowhead('amber', AMBER)}{_arrowhead('red', RED)}</defs>",
        f'<rect width="{WIDTH}" height="{height}" rx="16" fill="#fff"/>',
        *_heading(),
        *_walk(list(rows.values())),
        *_placing(rows[PLACING]),
        *(part for step in STEPS for part in _step(step, rows[step.state])),
        *_early_end(rows),
        *_completed(rows[COMPLETED]),
        *_footer(rows[COMPLETED] + 82),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _heading() -> Iterator[str]:
    yield _text(40, 50, "The life of an order", "title")
    yield _text(40, 74, "Drawn from services/orders/domain/steps.py. A dashed way goes around a step that the order's terms do not ask for.", "grey")
    x = 40
    for name, colour in [*((f"{role}'s step", colour) for role, colour in COLOURS.items()), ("exception", AMBER), ("early end", RED), ("end", GREEN)]:
        yield _box(x, 93, 13, 13, colour, colour, 4)
        yield _text(x + 20, 104, name, "grey")
        x += 52 + 7 * len(name)


def _footer(y: int) -> Iterator[str]:
    """Who may do what in an exception."""
    names = {ITS_ACTOR: "the step's actor", PARTY: "either party"}
    rules = [rule for rule in RULES if rule.source == ITS_EXCEPTION]
    for number, action in enumerate(dict.fromkeys(rule.action for rule in rules)):
        who = [names.get(rule.by, rule.by) + (f" ({rule.only})" if rule.only else "") for rule in rules if rule.action == action]
        yield _text(40, y + 18 * number, f"{action.replace('_', ' ')}: {' or '.join(who)}", "grey")


def _walk(rows: list[int]) -> Iterator[str]:
    """The order's way from card to card."""
    yield _path(f"M{MIDDLE} {rows[0] - TALL // 2 - 22} v20", "walk", "slate")
    for upper, lower in pairwise(rows):
        yield _path(f"M{MIDDLE} {upper + TALL // 2} V{lower - TALL // 2 - 2}", "walk", "slate")


def _placing(y: int) -> Iterator[str]:
    [place] = _from(None)
    refusals = [way.transition for way in _from(PLACING) if REJECTED in way.targets]
    yield _text(MIDDLE + 12, y - TALL // 2 - 12, f"{place.transition.action}: {' or '.join(place.transition.roles)}", "grey small")
    yield _box(LEFT, y - TALL // 2, CARD, TALL, "#f8fafc", SLATE)
    yield _text(LEFT + 20, y - 16, "Placing", "name")
    yield _text(LEFT + 20, y + 4, PLACING, "code")
    yield _text(LEFT + 20, y + 26, f"until {' and '.join(map(happening, place.transition.awaits))}", "grey small")
    yield _path(f"M{RIGHT} {y} H{SIDE - 2}", "red", "red")
    for number, each in enumerate(refusals):
        yield _text((RIGHT + SIDE) // 2, y - 7 + 22 * number, happening(each.on[0]), "small", "middle", RED)
    yield from _end(REJECTED, y, RED, [])


def _step(step: Step, y: int) -> Iterator[str]:
    colour, top = COLOURS[step.actor], y - TALL // 2
    yield _box(LEFT, top, CARD, TALL, "#fff", colour)
    yield f'<path d="M{LEFT + 10} {top} h-2 a8 8 0 0 0 -8 8 v{TALL - 16} a8 8 0 0 0 8 8 h2 z" style="fill:{colour};stroke:none"/>'
    yield _text(LEFT + 24, y - 20, step.title, "name")
    yield _text(RIGHT - 16, y - 20, step.actor, "small", "end", colour)
    yield _text(LEFT + 24, y, step.state, "code")
    yield _text(RIGHT - 16, y, f"“{step.label}”", "grey small", "end")
    wide = 22 + 7 * len(step.button)
    yield _box(LEFT + 24, y + 10, wide, 24, colour, colour, 12)
    yield _text(LEFT + 24 + wide / 2, y + 26, step.button, "small", "middle", "#fff")
    yield _text(LEFT + 34 + wide, y + 26, _remark(step), "grey small")
    if step.applies:
        yield from _detour(step.applies, y)
    if step.reasons:
        yield from _exception(step, y)


def _remark(step: Step) -> str:
    """Who else is needed for a step, or may do it unasked."""
    if step.awaits:
        return f"until {happening(step.awaits)}"
    if step.with_password:
        return "with password"
    if step.also_by == CLOCK:
        return f"or the {step.deadline} deadline"
    return f"or {happening(step.also_by)}" if step.also_by else ""


def _detour(condition: Condition, y: int) -> Iterator[str]:
    """Around a card, from the way that comes in above to the one that goes out below."""
    other = next(value for value in ALLOWED[condition.field] if value != condition.value)
    half = TALL // 2
    start, end = y - half - 14, y + half + 14
    d = f"M{MIDDLE} {start} H{DETOUR + 10} q-10 0 -10 10 V{end - 10} q0 10 10 10 H{MIDDLE - 4}"
    yield _path(d, "around", "slate")
    yield _text(DETOUR - 12, y - 4, f"{condition.field} =", "grey small", "end")
    yield _text(DETOUR - 12, y + 12, other, "small", "end")


def _exception(step: Step, y: int) -> Iterator[str]:
    resolve, abort = (next(way.transition.action for way in _from(step.exception_state) if target in way.targets) for target in (step.state, CANCELLED))
    y -= 12  # leaves room for a way to the early end below
    yield _path(f"M{RIGHT} {y - 10} H{SIDE - 2}", "amber", "amber")
    yield _text((RIGHT + SIDE) // 2, y - 17, step.exception, "small", "middle", AMBER)
    yield _path(f"M{SIDE} {y + 10} H{RIGHT + 2}", "amber", "amber")
    yield _text((RIGHT + SIDE) // 2, y + 24, resolve, "small", "middle", AMBER)
    yield _box(SIDE, y - SIDE_TALL // 2, SIDE_CARD, SIDE_TALL, "#fffbeb", AMBER)
    yield _text(SIDE + 12, y - 19, step.exception_state, "code")
    for number, words in enumerate(wrap(", ".join(step.reasons).replace("_", " "), 32)):
        yield _text(SIDE + 12, y + 14 * number, words, "grey small")
    yield _path(f"M{SIDE + SIDE_CARD} {y} H{BUS}", "red")
    yield _text((SIDE + SIDE_CARD + BUS) // 2, y - 6, abort, "small", "middle", RED)


def _early_end(rows: dict[str, int]) -> Iterator[str]:
    """The ways into `cancelled` from the steps themselves, and that end."""
    sources = [state for state in rows if any(CANCELLED in way.targets for way in _from(state))]
    for state in sources:
        y = rows[state] + 34
        found = [way for way in _from(state) if CANCELLED in way.targets]
        yield _path(f"M{RIGHT} {y} H{BUS}", "red")
        yield _text(RIGHT + 12, y + 15, f"cancel: {'; '.join(map(_reason, found))}", "small", "start", RED)
    end = rows[COMPLETED]
    yield _path(f"M{BUS} {min(rows[state] for state in sources) + 34} V{end - 10} q0 10 -10 10 H{SIDE + SIDE_CARD + 2}", "red", "red")
    yield from _end(CANCELLED, end, RED, _from(CANCELLED))


def _reason(way: Way) -> str:
    who = f"the {way.transition.deadline} deadline" if way.transition.deadline else " or ".join(way.transition.roles)
    return ", ".join(filter(None, (who, way.condition, way.transition.only)))


def _completed(y: int) -> Iterator[str]:
    yield _box(LEFT, y - TALL // 2, CARD, TALL, "#f0fdf4", GREEN)
    yield _text(LEFT + 24, y - 16, LABELS[COMPLETED], "name")
    yield _text(LEFT + 24, y + 4, COMPLETED, "code")
    for way in _from(COMPLETED):
        yield _text(LEFT + 24, y + 26, f"{way.condition}: {happening(str(way.transition.event))}", "grey small")


def _end(state: str, y: int, colour: str, after: list[Way]) -> Iterator[str]:
    yield _box(SIDE, y - 30, SIDE_CARD, 60 + 14 * len(after), "#fef2f2", colour)
    yield _text(SIDE + 12, y - 8, LABELS[state], "name")
    yield _text(SIDE + 12, y + 12, state, "code")
    for way in after:
        yield _text(SIDE + 12, y + 32, f"{way.condition}: {happening(str(way.transition.event))}", "grey small")


def _from(state: str | None) -> list[Way]:
    return [way for way in ways() if way.transition.source == state]


def _text(x: float, y: float, words: str, style: str = "", anchor: str = "start", colour: str = "") -> str:
    fill = f' style="fill:{colour}"' if colour else ""
    return f'<text x="{x}" y="{y}" class="{style}" text-anchor="{anchor}"{fill}>{escape(words)}</text>'


def _box(x: float, y: float, width: float, height: float, fill: str, stroke: str, radius: int = 8) -> str:
    return f'<rect x="{x}" y="{y}" width="{width}" height="{height}" rx="{radius}" fill="{fill}" stroke="{stroke}" stroke-width="1.5"/>'


def _path(d: str, style: str, head: str = "") -> str:
    end = f' marker-end="url(#{head})"' if head else ""
    return f'<path d="{d}" class="{style}"{end}/>'


def _arrowhead(name: str, colour: str) -> str:
    return (
        f'<marker id="{name}" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="9" markerHeight="9" markerUnits="userSpaceOnUse" orient="auto">'
        f'<path d="M0 0 L10 5 L0 10 z" style="fill:{colour}"/></marker>'
    )
