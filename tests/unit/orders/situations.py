"""Orders as the lifecycle sees them, in any state, and those who may act on them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any

import pytest

from services.orders.domain import lifecycle
from services.orders.domain.lifecycle import Situation, Transition, confirm, decide, due, transitions
from services.orders.domain.terms import EVERY_CHOICE, PRESETS, Choices, Terms
from shared.contracts.events import EVENTS
from shared.kit.actor import Actor
from shared.kit.errors import Conflict, Forbidden

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
KINDS = ("payment", "shipping", "acceptance", "protection")
PAST = dict.fromkeys(KINDS, NOW)
AHEAD = dict.fromkeys(KINDS, NOW + timedelta(microseconds=1))

ACTORS = {
    "buyer": Actor("b", frozenset({"buyer"}), reauthenticated=True),
    "supplier": Actor("s", frozenset({"supplier"}), reauthenticated=True),
    "operator": Actor("o", frozenset({"operator"}), reauthenticated=True),
    "stranger": Actor("x", frozenset({"buyer", "supplier", "carrier", "warehouse", "service"}), reauthenticated=True),
}
PARTIES = {"buyer": "b", "supplier": "s"}
ROUTES = [pytest.param(choices, id="-".join(choices)) for choices in EVERY_CHOICE]
EXPORT, PARCEL = PRESETS["export"], PRESETS["parcel"]


def terms(choices: Choices) -> Terms:
    return Terms(*choices, incoterm="FCA", named_place="Santos", channel="sea_freight", ship_to={"country": "DE"})


def situation(choices: Choices, state: str, **changes: Any) -> Situation:
    facts: dict[str, Any] = {"awaiting": (), "abort_proposed_by": None, "channel_proposed_by": None, "paid": False, "refund_open": False, "deadlines": {}}
    return Situation(terms(choices), state, buyer_id="b", supplier_id="s", **facts | changes)


ACTIONS = sorted({each.action for choices in EVERY_CHOICE for each in transitions(terms(choices))} | {"", "no_such_action"})


def answer(facts: Situation, action: str, actor: Actor) -> Transition | str:
    try:
        return decide(facts, action, actor, NOW)
    except (Conflict, Forbidden) as error:
        return error.code


def moves(here: Situation) -> Iterator[tuple[str, Transition]]:
    for (role, actor), action in product(ACTORS.items(), ACTIONS):
        if isinstance(each := answer(here, action, actor), Transition):
            yield role, each
    yield from (("system", each) for event in EVENTS if (each := confirm(here, event)))
    yield from (("clock", each) for kind in KINDS if (each := due(here, kind, NOW)))


def after(here: Situation, each: Transition, role: str) -> Situation:
    """What the application makes of a transition."""
    stays = each.target == here.state
    channel_stays = stays and each.action not in ("decline_channel", "change_channel", "keep_channel")
    return replace(
        here,
        state=each.target,
        awaiting=each.awaits,
        abort_proposed_by=PARTIES[role] if each.action == "propose_abort" else here.abort_proposed_by if stays else None,
        channel_proposed_by=PARTIES[role] if each.action == "propose_channel" else here.channel_proposed_by if channel_stays else None,
        paid=here.paid or (each.completes and each.step == "payment"),
        refund_open=(here.refund_open or lifecycle.owes_refund(here, each)) and each.action != "confirm_refund",
    )
