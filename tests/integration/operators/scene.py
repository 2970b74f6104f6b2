"""What operators look after: a consumer whose events fail where they are told to, and letters on the broker."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from shared.kit.clock import utc_now
from shared.kit.ids import new_id
from shared.platform.context import Context
from shared.platform.database import Transaction
from shared.platform.inbox import Inbox
from shared.platform.records import inbox, outbox
from shared.platform.settings import Settings
from shared.platform.wire import Event
from tests.builders.database import TestDatabase
from tradelane.broker import channel

USED, UNUSED = "orders.order_placed.v1", "orders.goods_insured.v1"


def event(version: int, subject: str = "order-1", type: str = USED) -> Event:
    return Event(new_id(), type, "orders", subject, version, utc_now(), Context("correlation"), {"version": version})


def emit(tx: Transaction, subject: str, name: str) -> None:
    """Publish an event that is easily made."""
    tx.emit("accounts.account_registered.v1", subject, {"account_id": new_id(), "name": name, "roles": [], "country": "DE"})


class Consumer:
    """An inbox whose reaction writes down what it handled, in the event's own transaction, and fails where it is told to."""

    def __init__(self, database: TestDatabase) -> None:
        self.database = database
        self.failing: set[int] = set()
        self.inbox = Inbox("catalog", database.run, {USED: self.react})

    def react(self, tx: Transaction, event: Event) -> None:
        emit(tx, event.subject, str(event.version))
        if event.version in self.failing:
            raise RuntimeError("the handler failed")

    def receive(self, *versions: int, failing: int | None = None) -> list[str]:
        """Events of these versions come in; their ids."""
        self.failing = {failing} if failing else set()
        events = [event(version) for version in versions]
        for each in events:
            self.inbox.receive(each)
        self.failing = set()
        return [each.id for each in events]

    def work(self) -> list[int]:
        """What the running service does with what is due; all that took effect so far, in its order."""
        while self.inbox.attempt_due():
            pass
        with self.database.transaction() as tx:
            return [int(row.data["name"]) for row in tx.execute(select(outbox.c.data).order_by(outbox.c.position))]

    def let_time_pass(self) -> None:
        """All waiting times are over."""
        with self.database.transaction() as tx:
            tx.execute(update(inbox).values(next_attempt_at=utc_now() - timedelta(seconds=1)).where(inbox.c.state == "pending"))

    def state(self, id: str) -> str:
        with self.database.transaction() as tx:
            return str(tx.execute(select(inbox.c.state).where(inbox.c.id == id)).scalar_one())


@dataclass(frozen=True)
class Done:
    """A command that ended."""

    status: int
    out: str
    err: str

    @property
    def rows(self) -> list[dict[str, Any]]:
        return json.loads(self.out)  # type: ignore[no-any-return]


@dataclass(frozen=True)
class Operator:
    run: Callable[..., Done]
    broker: Settings
    databases: dict[str, TestDatabase]
    environment: pytest.MonkeyPatch

    def publish(self, body: bytes, queue: str = "", exchange: str = "", routing_key: str = "", **properties: Any) -> None:
        """Publish a message, confirmed."""
        with channel(self.broker.broker) as bus:
            message = bus.prepare_message(body, headers={"ce-type": USED}, properties=properties)
            bus.basic_publish_confirm(message, exchange=exchange, routing_key=queue or routing_key)

    def taken(self, queue: str) -> list[Any]:
        """All messages of a queue, taken out of it."""
        with channel(self.broker.broker) as bus:
            bus.auto_decode = False
            return list(iter(lambda: bus.basic_get(queue, no_ack=True), None))

    def poison(self, body: bytes = b"\xffno event", service: str = "catalog", **properties: Any) -> None:
        """A message that the service's consumer refused."""
        self.publish(body, f"{service}.inbox", **properties)
        with channel(self.broker.broker) as bus:
            bus.basic_reject(bus.basic_get(f"{service}.inbox").delivery_tag, requeue=False)
            for _ in range(100):
                if bus.queue_declare(f"{service}.dead", passive=True).message_count:
                    return
                time.sleep(0.05)
        raise AssertionError("it never came to the dead letters")
