"""The life of a ticket as one table."""

from __future__ import annotations

from dataclasses import dataclass

from shared.kit.errors import Conflict

STATES = {"open": "Waiting for an answer", "answered": "Answered", "closed": "Closed"}
"""State → label. A ticket is born `open`, by its customer's first message."""

CUSTOMER, OPERATOR = "customer", "operator"
ANYBODY = (CUSTOMER, OPERATOR)


@dataclass(frozen=True, slots=True)
class Row:
    """In one of `sources` one of `sides` may do `action`, which leads to `target`; `form` names what is asked for."""

    sources: tuple[str, ...]
    sides: tuple[str, ...]
    action: str
    label: str
    target: str
    form: str | None = None


# fmt: off
ROWS = (
    #   in one of the states            by            action     label     leads to    form
    Row(("open", "answered"),           (OPERATOR,),  "write",   "Answer", "answered", "ticket_message"),
    Row(("open", "answered", "closed"), (CUSTOMER,),  "write",   "Write",  "open",     "ticket_message"),
    Row(("open", "answered"),           ANYBODY,      "close",   "Close",  "closed"),
    Row(("closed",),                    ANYBODY,      "reopen",  "Reopen", "open"),
)
# fmt: on


def allowed_actions(state: str, side: str) -> tuple[Row, ...]:
    """What this side may do now."""
    return tuple(row for row in ROWS if state in row.sources and side in row.sides)


def decide(state: str, side: str, action: str) -> Row:
    """The row to follow; Conflict `action_not_allowed`, naming what is."""
    allowed = allowed_actions(state, side)
    for row in allowed:
        if row.action == action:
            return row
    raise Conflict("action_not_allowed", f"{action!r} is not possible: it is {state}.", state=state, allowed=[row.action for row in allowed])
