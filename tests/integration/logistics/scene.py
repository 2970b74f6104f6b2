"""Logistics as its tests drive it: orders' events in, operations called, and what it told."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from sqlalchemy import select

from services.logistics.application import handlers, public_tracking, queries, tracking, watch
from services.logistics.application.audit import sums
from services.logistics.application.reactions import REACTIONS
from shared.contracts import logistics as contract, tracking as tracking_contract
from shared.kit.actor import Actor
from shared.kit.clock import utc_now
from shared.kit.ids import new_id
from shared.platform.audit import Sum
from shared.platform.context import Context
from shared.platform.records import outbox
from shared.platform.wire import Event
from tests.builders import carrier
from tests.builders.database import TestDatabase, call
from tests.unit.logistics import sample

OPERATOR = Actor(new_id(), frozenset({"operator"}))
CARRIER = Actor(new_id(), frozenset({"carrier"}))


@dataclass
class Trade:
    """One order, as orders tells of it."""

    facts: dict[str, Any] = field(default_factory=sample.order)
    order_id: str = field(default_factory=new_id)

    @property
    def buyer(self) -> Actor:
        return Actor(self.facts["buyer"]["id"], frozenset({"buyer"}))

    @property
    def supplier(self) -> Actor:
        return Actor(self.facts["supplier"]["id"], frozenset({"supplier"}))

    def event(self, name: str, to_state: str = "somewhere", **data: Any) -> Event:
        """`orders.<name>.v1` with what every transition tells, and `data`."""
        raw = {"order_id": self.order_id, "step": None, "action": name, "from_state": None, "to_state": to_state, "version": 1}
        raw |= {"actor_id": self.facts["buyer"]["id"], "actor_role": "buyer", "at": "2026-03-01T08:00:00Z"}
        raw |= {part: self.facts[part] for part in ("number", "buyer", "supplier")}
        return Event(new_id(), f"orders.{name}.v1", "orders", self.order_id, 1, utc_now(), Context(), raw | data)

    def placed(self) -> Event:
        return self.event("order_placed", "placing", **{part: self.facts[part] for part in ("terms", "lines", "total")})

    def cancelled(self) -> Event:
        return self.event("order_cancelled", "cancelled", settlement="direct", refund=None)

    def export_submitted(self, **changes: Any) -> Event:
        return self.event("export_customs_submitted", form=sample.export_form(self.facts, **changes))

    def shipping_submitted(self, waybill: str = "COSU 6123456780", **changes: Any) -> Event:
        return self.event("shipping_submitted", form=sample.shipping_form(waybill, **changes))

    def insurance_submitted(self, **changes: Any) -> Event:
        return self.event("insurance_submitted", form=sample.insurance_form(**changes))

    def import_submitted(self, **changes: Any) -> Event:
        return self.event("import_customs_submitted", form=sample.import_form(**changes))

    def in_transit(self, waybill: str = "COSU 6123456780") -> list[Event]:
        """From the placing until the order waits for the goods to arrive."""
        return [self.placed(), self.shipping_submitted(waybill), self.event("goods_shipped", "need_insurance"), self.event("goods_insured", "in_transit")]


class Scene:
    """`happen` lets logistics react to events, one transaction each; the rest asks it."""

    def __init__(self, database: TestDatabase) -> None:
        self.database = database

    def happen(self, *events: Event) -> None:
        for event in events:
            self.database.run(lambda tx, event=event: REACTIONS[event.type](tx, event))

    def told(self, trade: Trade) -> list[tuple[str, dict[str, Any]]]:
        """What was published about the order, in order: the event's name and its data."""
        mine = select(outbox.c.type, outbox.c.data).where(outbox.c.subject == trade.order_id).order_by(outbox.c.version)
        return [(row.type.split(".")[1], row.data) for row in self.database.run(lambda tx: tx.execute(mine).all())]

    def told_names(self, trade: Trade) -> list[str]:
        return [name for name, _ in self.told(trade)]

    def refused(self, trade: Trade) -> tuple[str, str, str]:
        """The last event about the order, which is a refusal: its name, reason and words."""
        name, data = self.told(trade)[-1]
        return name, data["reason"], data["message"]

    def shipment(self, trade: Trade, actor: Actor | None = OPERATOR) -> dict[str, Any]:
        """As the bus would answer it."""
        asked = call(contract.GET_SHIPMENT, actor, {"id": trade.order_id})
        return contract.GET_SHIPMENT.answer().dump(self.database.run(lambda tx: queries.get_shipment(tx, asked)))  # type: ignore[no-any-return]

    def paper(self, trade: Trade, name: str, actor: Actor | None = OPERATOR) -> Any:
        asked = call(contract.GET_DOCUMENT, actor, {"id": trade.order_id, "name": name})
        return self.database.run(lambda tx: queries.get_document(tx, asked))

    def track(self, status: str, event_id: str, hour: int = 0, waybill: str = "COSU6123456780", actor: Actor | None = CARRIER, **more: Any) -> dict[str, Any]:
        data = {"waybill_number": waybill, "event_id": event_id, "status": status, "occurred_at": f"2026-03-10T{hour:02d}:00:00+08:00"}
        reported = call(contract.REPORT_TRACKING, actor, data | more)
        return contract.REPORT_TRACKING.answer().dump(self.database.run(lambda tx: handlers.report_tracking(tx, reported)))  # type: ignore[no-any-return]

    def callback(
        self, *events: dict[str, Any], sender: str = "cosco", signatures: dict[str, str] | None = None, later: timedelta = timedelta(0)
    ) -> dict[str, Any]:
        """A carrier calls with these events, rightly signed unless `signatures` are given."""
        body = carrier.body(*events)
        data = {"sender": sender, "body": body, "signatures": carrier.signatures(body) if signatures is None else signatures}
        asked = call(tracking_contract.RECEIVE_CALLBACK, None, data)
        with self.database.transaction(later) as tx:
            return tracking_contract.Taken().dump(tracking.receive_callback(tx, asked))  # type: ignore[no-any-return]

    def look(self, later: timedelta = timedelta(0)) -> int:
        """The clock looks after shipments, so much later than now; how many."""
        looks = 0
        while True:
            with self.database.transaction(later) as tx:
                if not watch.look(tx):
                    return looks
            looks += 1

    def public(self, number: str, actor: Actor | None = None) -> dict[str, Any]:
        """What may be asked about a number."""
        asked = call(tracking_contract.TRACK, actor, {"number": number})
        return tracking_contract.Tracked().dump(self.database.run(lambda tx: public_tracking.track(tx, asked)))  # type: ignore[no-any-return]

    def faults(self) -> dict[str, list[str]]:
        """What the audit finds, by check: the orders concerned."""
        found: dict[str, list[str]] = {}
        for line in self.audit():
            if line.difference and not line.figures:
                found.setdefault(line.check, []).append(line.subject)
        return found

    def audit(self) -> list[Sum]:
        return self.database.run(sums)  # type: ignore[no-any-return]
