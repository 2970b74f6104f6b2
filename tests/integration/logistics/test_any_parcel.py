"""Whatever supplier, warehouse, carrier and order do to a parcel, and however late and often logistics and payments hear of each other: freight is taken once."""

from __future__ import annotations

import random
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select

from services.logistics.application.audit import freight_paid
from services.logistics.application.reactions import REACTIONS
from services.payments.application.audit import freight_taken
from services.payments.application.reactions import REACTIONS as PAYMENTS_REACTIONS
from shared.contracts.events import EVENTS
from shared.kit.errors import Conflict, NotFound
from shared.kit.ids import new_id
from shared.kit.money import Money
from shared.platform.context import Context
from shared.platform.records import outbox
from shared.platform.wire import Event
from tests.builders.database import TestDatabase, fresh_database
from tests.integration.logistics.parcels import Parcel, add_tariff, parcel
from tests.integration.logistics.scene import Scene
from tests.integration.payments.scene import Scene as Payments, usd

pytestmark = pytest.mark.parametrize("database", ["postgresql"], indirect=True)

FUNDS = (0, 20_00, 45_00, 500_00)
WEIGHTS = ("2.1", "2.5", "3", "3.2", "8", "71")


@pytest.fixture
def payments(database_url: str) -> Iterator[Payments]:
    with fresh_database(database_url, "payments") as fresh:
        yield Payments(fresh)


class Story:
    """One parcel and its supplier's freight account, and what the two services have yet to hear of each other."""

    def __init__(self, scene: Scene, payments: Payments, chance: random.Random) -> None:
        self.scene, self.payments, self.chance = scene, payments, chance
        self.supplier, self.funds = new_id(), 0
        self.trade = parcel(scene, supplier={"id": self.supplier, "name": "Haitian Tools"})
        self.heard = {"logistics": 0, "payments": 0}
        payments.bind(self.supplier)
        self.top_up()

    def top_up(self) -> None:
        if amount := self.chance.choice(FUNDS):
            self.payments.deposit(self.supplier, usd(amount))
            self.payments.top_up(self.supplier, usd(amount))
            self.funds += amount

    def carry(self, source: str, most: int) -> int:
        """Hand on the next of the source's events about the order, some of them twice; how many there were."""
        database, reactions, run = {
            "logistics": (self.scene.database, PAYMENTS_REACTIONS, self.payments.database.run),
            "payments": (self.payments.database, REACTIONS, self.scene.database.run),
        }[source]
        told = self._told(database)[self.heard[source] :][:most]
        self.heard[source] += len(told)
        for row in told:
            event = Event(row.id, row.type, source, row.subject, row.version, row.time, Context(), row.data)
            assert event.type in EVENTS
            for _ in range(self.chance.choice((1, 1, 2)) if event.type in reactions else 0):
                run(lambda tx, event=event, reactions=reactions: reactions[event.type](tx, event))
        return len(told)

    def act(self) -> None:
        trade = self.trade
        acts: list[Any] = [trade.book, trade.book, trade.hand_over, trade.hand_over, trade.returned, self.top_up]
        acts += [lambda: trade.weigh(weight_kg=self.chance.choice(WEIGHTS))] * 3
        acts += [lambda: self.carry("logistics", 2), lambda: self.carry("payments", 2)] * 5
        acts += [lambda: self.scene.happen(trade.agreed_on("dhl_express"))]
        if (last := booked(trade)) and last["waybill_number"]:
            acts += [trade.scan, trade.scan, trade.undeliverable, lambda: self.scene.happen(trade.shipped())]
        if self.chance.random() < 0.04:
            acts = [trade.void, trade.void, lambda: self.scene.happen(trade.cancelled())]
        try:
            self.chance.choice(acts)()
        except (Conflict, NotFound):  # not now
            return

    def settle(self) -> None:
        while self.carry("logistics", 100) + self.carry("payments", 100):
            pass

    def _told(self, database: TestDatabase) -> list[Any]:
        mine = select(outbox).where(outbox.c.subject == self.trade.order_id).order_by(outbox.c.version)
        return list(database.run(lambda tx: tx.execute(mine).all()))


@pytest.mark.parametrize("seed", range(8))
def test_any_story_of_a_parcel_takes_its_freight_once(scene: Scene, payments: Payments, seed: int) -> None:
    add_tariff(scene)
    chance = random.Random(seed)
    for _ in range(4):
        story = Story(scene, payments, chance)
        for _ in range(60):
            story.act()
        story.settle()
        taken = payments.database.run(freight_taken).get((story.trade.order_id, "USD"), 0)
        assert scene.database.run(freight_paid).get((story.trade.order_id, "USD"), 0) == taken
        assert payments.freight_account(story.supplier)["balance"] == Money(story.funds - taken, "USD")
        assert [line for line in scene.audit() if line.difference] == []
        assert payments.faults() == []
        if (last := booked(story.trade)) and last["state"] in ("refused", "voided"):
            assert (Decimal(last["paid"]["amount"]), taken) == (0, 0)


def booked(trade: Parcel) -> dict[str, Any] | None:
    try:
        return trade.booked()
    except NotFound:
        return None
