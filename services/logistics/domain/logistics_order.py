"""The life of a logistics order as one table: what the supplier, payments, the order and the warehouse may do to it, in which state.

An order that ships online has one at a time: freight is charged, its waybill issued, the parcel goes through a warehouse to the carrier, and, where it
cannot be delivered, back or to be destroyed. Nothing here knows prices, addresses or where one is kept.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from shared.kit.actor import Actor
from shared.kit.errors import Conflict, Forbidden

STATES = {
    "awaiting_freight": "Waiting for freight",
    "refused": "Refused",
    "ready": "Waybill issued",
    "in_warehouse": "In the warehouse",
    "on_hold": "On hold",
    "handed_over": "Handed over",
    "returning": "Going back",
    "returned": "Returned",
    "destroyed": "Destroyed",
    "voided": "Voided",
}
"""State → label. A logistics order is born `awaiting_freight`."""

OVER = ("refused", "voided")
"""In any other state it is the one that its order has."""

SUPPLIER = frozenset({"supplier"})
WAREHOUSE = frozenset({"warehouse", "operator"})
REPORTER = frozenset({"carrier", "warehouse", "operator"})
# These are no people: payments' answer, the order's end, and what the scales say.
PAYMENTS, ORDER, SCALES = frozenset({"payments"}), frozenset({"order"}), frozenset({"scales"})

RETURN, DESTROY = POLICIES = ("return", "destroy")
PICKUP, DROP_OFF, ARRANGED = WAYS = ("pickup", "drop_off", "arranged")


@dataclass(frozen=True, slots=True)
class Standing:
    """What decides over a logistics order. `shipped`: its order's shipping notice is in; `owing`: a charge is not answered with the money yet."""

    state: str
    supplier_id: str
    way: str
    if_undeliverable: str
    shipped: bool = False
    weighed: bool = False
    owing: bool = False

    def roles_of(self, actor: Actor) -> frozenset[str]:
        """Which of the table's `who` the actor is."""
        return actor.roles - SUPPLIER | (SUPPLIER if actor.id == self.supplier_id else frozenset())


# Guards, each in words that end "it is possible only …".
NOT_SHIPPED = "before the order's shipping notice is in"
SENT_IN = "where the parcel is sent to the warehouse by a domestic carrier"
TO_GO = "once it is weighed and its order's shipping notice is in"
PAID = "once what is due for it is paid"
TO_RETURN, TO_DESTROY = "where it is to be returned", "where it is to be destroyed"

_GUARDS: dict[str, Callable[[Standing], bool]] = {
    NOT_SHIPPED: lambda standing: not standing.shipped,
    SENT_IN: lambda standing: standing.way == DROP_OFF,
    TO_GO: lambda standing: standing.weighed and standing.shipped,
    PAID: lambda standing: not standing.owing,
    TO_RETURN: lambda standing: standing.if_undeliverable == RETURN,
    TO_DESTROY: lambda standing: standing.if_undeliverable == DESTROY,
}

ISSUED, VOIDED, UNDELIVERABLE = "logistics.waybill_issued.v1", "logistics.waybill_voided.v1", "logistics.parcel_undeliverable.v1"


@dataclass(frozen=True, slots=True)
class Row:
    """In `source`, one of `who` may do `action`, which leads to `target` and is told as `event`; `only` is the guard."""

    source: str
    action: str
    label: str
    who: frozenset[str]
    target: str
    event: str | None = None
    form: str | None = None
    only: str | None = None


# fmt: off
ROWS = (
    #   in state            action                  label                who may    leads to        told as        form, and when only
    Row("awaiting_freight", "charged",              "Freight charged",   PAYMENTS,  "ready",        ISSUED),
    Row("awaiting_freight", "not_charged",          "Freight refused",   PAYMENTS,  "refused"),
    Row("awaiting_freight", "cancel",               "Order cancelled",   ORDER,     "voided"),

    Row("ready",            "tell_domestic_waybill", "Domestic waybill", SUPPLIER,  "ready",        form="domestic_waybill", only=SENT_IN),
    Row("ready",            "void",                 "Void",              SUPPLIER,  "voided",       VOIDED, only=NOT_SHIPPED),
    Row("ready",            "cancel",               "Order cancelled",   ORDER,     "voided",       VOIDED),
    Row("ready",            "scan_in",              "Scan in",           WAREHOUSE, "in_warehouse", form="scan"),

    Row("in_warehouse",     "scan_in",              "Scan in",           WAREHOUSE, "in_warehouse"),
    Row("in_warehouse",     "weigh",                "Weigh",             WAREHOUSE, "in_warehouse", form="weighing"),
    Row("in_warehouse",     "hold",                 "On hold",           SCALES,    "on_hold"),
    Row("in_warehouse",     "hand_over",            "Hand over",         WAREHOUSE, "handed_over",  only=TO_GO),
    Row("in_warehouse",     "void",                 "Void",              SUPPLIER,  "voided",       VOIDED, only=NOT_SHIPPED),
    Row("in_warehouse",     "cancel",               "Order cancelled",   ORDER,     "voided",       VOIDED),

    Row("on_hold",          "scan_in",              "Scan in",           WAREHOUSE, "on_hold"),
    Row("on_hold",          "weigh",                "Weigh",             WAREHOUSE, "in_warehouse", form="weighing", only=PAID),
    Row("on_hold",          "charged",              "Freight charged",   PAYMENTS,  "in_warehouse"),
    Row("on_hold",          "not_charged",          "Freight refused",   PAYMENTS,  "on_hold"),
    Row("on_hold",          "void",                 "Void",              SUPPLIER,  "voided",       VOIDED, only=NOT_SHIPPED),
    Row("on_hold",          "cancel",               "Order cancelled",   ORDER,     "voided",       VOIDED),

    Row("handed_over",      "hand_over",            "Hand over",         WAREHOUSE, "handed_over"),
    Row("handed_over",      "report_undeliverable", "Undeliverable",     REPORTER,  "returning",    UNDELIVERABLE, "undeliverable", TO_RETURN),
    Row("handed_over",      "report_undeliverable", "Undeliverable",     REPORTER,  "destroyed",    UNDELIVERABLE, "undeliverable", TO_DESTROY),
    Row("returning",        "report_undeliverable", "Undeliverable",     REPORTER,  "returning"),
    Row("destroyed",        "report_undeliverable", "Undeliverable",     REPORTER,  "destroyed"),
    Row("returning",        "confirm_return",       "Returned",          WAREHOUSE, "returned"),
    Row("returned",         "confirm_return",       "Returned",          WAREHOUSE, "returned"),
)
# fmt: on


def allowed_actions(standing: Standing, actor: Actor) -> tuple[Row, ...]:
    """What the actor may do now that would change something, in the table's order."""
    roles = standing.roles_of(actor)
    possible = (row for row in _possible(standing) if row.who & roles)
    return tuple(row for row in possible if row.target != row.source or row.form)


def decide(standing: Standing, action: str, actor: Actor) -> Row:
    """The row to follow; one that leads nowhere else, and has no form, is something done already. Conflict `action_not_allowed` where nobody may do it
    now, naming what this actor may; Forbidden `not_yours_to_do` where others may."""
    roles = standing.roles_of(actor)
    possible = [row for row in _possible(standing) if row.action == action]
    if row := next((row for row in possible if row.who & roles), None):
        return row
    if possible:
        raise Forbidden("not_yours_to_do", f"{action!r} is for somebody else to do: {' or '.join(sorted(set().union(*(row.who for row in possible))))}.")
    guards = [row.only for row in ROWS if (row.source, row.action) == (standing.state, action) and row.only]
    why = f"it is possible only {guards[0]}" if guards else f"it is {STATES[standing.state].lower()}"
    raise Conflict(
        "action_not_allowed",
        f"{action!r} is not possible for this logistics order now: {why}.",
        state=standing.state,
        allowed=[row.action for row in allowed_actions(standing, actor)],
    )


def consequence(standing: Standing, action: str) -> Row | None:
    """The row to follow when payments, the order or the scales do this; None where it means nothing for a logistics order that stands so."""
    return next((row for row in _possible(standing) if row.action == action), None)


def _possible(standing: Standing) -> tuple[Row, ...]:
    return tuple(row for row in ROWS if row.source == standing.state and (row.only is None or _GUARDS[row.only](standing)))
