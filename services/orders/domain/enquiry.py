"""The life of an enquiry as one table: who may offer, accept, cancel or write in which state, and what the clock does.

Its rows are `lifecycle.md` § 1; nothing here knows products, prices or where an enquiry is kept.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from shared.kit.actor import Actor
from shared.kit.errors import Conflict, Forbidden

STATES = {"open": "Open", "offered": "Offered", "accepted": "Accepted", "cancelled": "Cancelled", "expired": "Expired"}
"""State → label. An enquiry is born `open`; the last three are final."""

BUYER = frozenset({"buyer"})
SUPPLIER = frozenset({"supplier"})
PARTIES = BUYER | SUPPLIER
ANSWERER = frozenset({"answerer"})
"""The party that did not make the latest offer."""
CLOCK = frozenset({"clock"})

BINDING = frozenset({"offer", "accept"})
"""By these the supplier sells, which takes a verified account."""

VALIDITY = "offer_validity"
"""The deadline of an offer."""


@dataclass(frozen=True, slots=True)
class Row:
    """In `source`, one of `who` may do `action`, which leads to `target` and is told as `event`. `complete`: only if price, quantity and terms are all named."""

    source: str | None
    action: str
    label: str
    who: frozenset[str]
    target: str
    event: str
    form: str | None = None
    complete: bool = False


OPENED = Row(None, "open", "Enquiry", BUYER, "open", "orders.enquiry_opened.v1")

# fmt: off
ROWS = (
    #   in state     action          label            who may   leads to     told as                        form       complete
    Row("open",     "offer",        "Offer",         SUPPLIER, "offered",   "orders.offer_made.v1",        "offer"),
    Row("open",     "accept",       "Accept",        SUPPLIER, "accepted",  "orders.enquiry_accepted.v1",  "note",    complete=True),
    Row("open",     "cancel",       "Cancel",        PARTIES,  "cancelled", "orders.enquiry_cancelled.v1", "note"),
    Row("open",     "send_message", "Message",       PARTIES,  "open",      "orders.message_sent.v1",      "message"),
    Row("offered",  "accept",       "Accept",        ANSWERER, "accepted",  "orders.enquiry_accepted.v1",  "note"),
    Row("offered",  "offer",        "Counter-offer", ANSWERER, "offered",   "orders.offer_made.v1",        "offer"),
    Row("offered",  "cancel",       "Cancel",        PARTIES,  "cancelled", "orders.enquiry_cancelled.v1", "note"),
    Row("offered",  "send_message", "Message",       PARTIES,  "offered",   "orders.message_sent.v1",      "message"),
    Row("offered",  "expire",       "Expired",       CLOCK,    "expired",   "orders.enquiry_expired.v1"),
    Row("accepted", "send_message", "Message",       PARTIES,  "accepted",  "orders.message_sent.v1",      "message"),
)
# fmt: on


@dataclass(frozen=True, slots=True)
class Negotiation:
    """What decides over an enquiry. `offered_by` and `valid_until` are the latest offer's; `complete` says whether the enquiry itself could be accepted."""

    state: str
    buyer_id: str
    supplier_id: str
    complete: bool = False
    offered_by: str | None = None
    valid_until: datetime | None = None

    def roles_of(self, actor: Actor) -> frozenset[str]:
        """Which of the table's `who` the actor is."""
        party = {self.buyer_id: "buyer", self.supplier_id: "supplier"}.get(actor.id)
        if party is None:
            return frozenset()
        return frozenset({party}) if actor.id == self.offered_by else frozenset({party, "answerer"})

    def rows(self, now: datetime) -> tuple[Row, ...]:
        """What may happen now, to whomever. An offer past its validity counts as expired, even before the clock comes round to saying so."""
        over = self.state == "offered" and self.valid_until is not None and now >= self.valid_until
        return tuple(row for row in ROWS if row.source == self.state and (row.who == CLOCK) == over and (self.complete or not row.complete))


def allowed_actions(negotiation: Negotiation, actor: Actor, now: datetime) -> tuple[Row, ...]:
    """What the actor may do now, in the table's order."""
    roles = negotiation.roles_of(actor)
    barred = frozenset() if actor.verified or actor.id != negotiation.supplier_id else BINDING
    return tuple(row for row in negotiation.rows(now) if row.who & roles and row.action not in barred)


def decide(negotiation: Negotiation, action: str, actor: Actor, now: datetime) -> Row:
    """The row to follow. Conflict `action_not_allowed`, naming what is, where nobody may do it now; Forbidden `not_your_turn` where the other party may."""
    row = next((row for row in negotiation.rows(now) if row.action == action and row.who != CLOCK), None)
    allowed = allowed_actions(negotiation, actor, now)
    if row is None:
        raise Conflict(
            "action_not_allowed",
            f"{action!r} is not possible while the enquiry is {negotiation.state}.",
            state=negotiation.state,
            allowed=[each.action for each in allowed],
        )
    if row not in allowed:
        raise Forbidden("not_your_turn", "It is the other party's turn, or you are no party to this enquiry.", allowed=[each.action for each in allowed])
    return row


def expiry(negotiation: Negotiation, now: datetime) -> Row | None:
    """The row to follow when the validity's deadline strikes; None where there is nothing left to expire."""
    return next((row for row in negotiation.rows(now) if row.who == CLOCK), None)
