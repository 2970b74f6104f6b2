"""The life of a verification as one table, and what the facts of a submission must agree on among themselves.

An account is verified while its latest submission is approved. Nothing here knows how numbers are checked or where papers are kept.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from shared.kit.actor import Actor
from shared.kit.errors import Conflict, Forbidden, Invalid

STATES = {"submitted": "Being looked at", "approved": "Verified", "refused": "Refused", "withdrawn": "Withdrawn"}
"""State → label. A verification is born `submitted`."""

OPEN = ("submitted", "approved")
"""While the latest one is in one of these, there is no other."""


@dataclass(frozen=True, slots=True)
class Row:
    """In `source` an operator may do `action`, which leads to `target` and is told as `event`; `form` names what is asked for.

    `verified` is what the account is from then on; None leaves that as it is.
    """

    source: str
    action: str
    label: str
    target: str
    event: str
    form: str
    verified: bool | None


# fmt: off
ROWS = (
    #   in state     action      label       leads to     told as                                form        verified
    Row("submitted", "approve",  "Approve",  "approved",  "accounts.account_verified.v1",        "approval", True),
    Row("submitted", "refuse",   "Refuse",   "refused",   "accounts.verification_refused.v1",    "refusal",  None),
    Row("approved",  "withdraw", "Withdraw", "withdrawn", "accounts.verification_withdrawn.v1",  "refusal",  False),
)
# fmt: on


@dataclass(frozen=True, slots=True)
class Claim:
    """A number that is claimed: `field` is where it stands, `name` what it is, `holders` of whom it may be, `born` the birth date it tells."""

    field: str
    name: tuple[str, str]
    holders: frozenset[str]
    born: date | None


def allowed_actions(state: str, owner_id: str, actor: Actor) -> tuple[Row, ...]:
    """What the actor may do now. Nobody decides on themselves."""
    return tuple(row for row in ROWS if row.source == state and actor.is_operator and actor.id != owner_id)


def decide(state: str, owner_id: str, action: str, actor: Actor) -> Row:
    """The row to follow. Forbidden `own_verification`; Conflict `action_not_allowed`, naming what is."""
    if actor.id == owner_id:
        raise Forbidden("own_verification", "Another operator has to decide on this: it is your own.")
    allowed = allowed_actions(state, owner_id, actor)
    for row in allowed:
        if row.action == action:
            return row
    raise Conflict("action_not_allowed", f"{action!r} is not possible: it is {state}.", state=state, allowed=[row.action for row in allowed])


def check_identity(kind: str, date_of_birth: date | None, registered_on: date | None, claims: Sequence[Claim], today: date) -> None:
    """Invalid `identity_disagrees` naming the fields that are missing, of somebody of another kind, or contradict each other."""
    errors = dict[str, list[str]]()
    for field, sentence in (*_dates(kind, date_of_birth, registered_on, today), *_numbers(kind, date_of_birth, claims)):
        errors.setdefault(field, []).append(sentence)
    if errors:
        raise Invalid("identity_disagrees", "These facts do not fit together.", errors)


def _dates(kind: str, date_of_birth: date | None, registered_on: date | None, today: date) -> Iterator[tuple[str, str]]:
    for field, day, whose in (("date_of_birth", date_of_birth, "person"), ("registered_on", registered_on, "company")):
        if whose == kind and day is None:
            yield field, f"A {kind} has one."
        elif whose != kind and day is not None:
            yield field, f"A {kind} has none."
        elif day is not None and day > today:
            yield field, "Must not be in the future."


def _numbers(kind: str, date_of_birth: date | None, claims: Sequence[Claim]) -> Iterator[tuple[str, str]]:
    seen = set[tuple[str, str]]()
    for claim in claims:
        if kind not in claim.holders:
            yield f"{claim.field}.type", f"A {kind} has none."
        elif claim.name in seen:
            yield f"{claim.field}.type", "Is there already."
        elif kind == "person" and date_of_birth is not None and claim.born not in (None, date_of_birth):
            yield f"{claim.field}.value", "Tells another date of birth."
        seen.add(claim.name)
