"""Events out: the relay emptying an outbox, confirmed and in order, beside Nameko's dispatcher; and how soon an event follows its commit."""

from __future__ import annotations

import time
from collections import defaultdict
from functools import partial
from statistics import median
from typing import Any

import requests
from sqlalchemy import Engine, create_engine, func, insert, select

from bench.comparison import Comparison, Detail
from bench.lab import Lab
from shared.kit.clock import utc_now
from shared.kit.ids import new_id
from shared.platform import wire
from shared.platform.client import DIRECT_REPLY
from shared.platform.database import address
from shared.platform.records import outbox
from shared.platform.relay import SETTLED
from shared.platform.topology import EVENT_LOG, event_exchange, rpc_queue
from tests.servers.processes import free_port
from tradelane.broker import channel

EVENTS, AGGREGATES = 10_000, 500
SAMPLES, PAUSE = 100, 0.03
"""Events whose way is timed, and seconds between two of them."""
LIMIT = 15.0
"""Milliseconds from commit to consumer, at the most."""
PATIENCE = 120
WARM_UP = 3.0
"""Seconds in which the relay finds its first event and connects, and once more finds it."""

QUEUE = "bench.events"
TYPE = "accounts.account_registered.v1"
DATA = {"account_id": new_id(), "name": "A Buyer", "roles": ["buyer"], "country": "CH"}


def measure(lab: Lab) -> list[Comparison]:
    """Both publish the same events to the same queues: a quorum queue, as an inbox is, and the event log."""
    environment = {"BROKER": lab.new_broker(), "DATABASE": lab.new_database()}
    lab.command("migrate", "accounts", environment=environment)
    lab.command("topology", "apply", environment=environment)
    port = free_port()
    stock = ("--define", f"AMQP_URI={environment['BROKER']}", "--define", f"WEB_SERVER_ADDRESS=127.0.0.1:{port}")
    url = f"http://127.0.0.1:{port}/dispatch"
    lab.python("-m", "nameko", "run", *stock, "bench.peers.stock_nameko:Dispatcher", ready=partial(_dispatch, url, 0))
    lab.python("-m", "bench.ours", "accounts", environment=environment)
    engine = create_engine(address(environment["DATABASE"]), connect_args={"options": "-c search_path=accounts"})
    with channel(environment["BROKER"]) as bus:
        bus.queue_declare(QUEUE, durable=True, auto_delete=False, arguments={"x-queue-type": "quorum"})
        for exchange in (event_exchange("accounts"), event_exchange("dispatcher")):
            for queue in (QUEUE, EVENT_LOG):
                bus.queue_bind(queue, exchange, "#")

        def ours() -> float:
            bus.queue_purge(QUEUE)
            return _drain(engine)

        def peer() -> float:
            bus.queue_purge(QUEUE)
            return _dispatch(url, lab.seconds)

        # The relay sends what it sent first on a connection once more; that is over before anything is timed.
        _write_down(engine, 1)
        time.sleep(SETTLED + WARM_UP)
        rates = lab.interleaved({"stock EventDispatcher, 20 greenlets": peer, "ours": ours})
        lab.tell("is all there, and in order?")
        _check_order(bus, EVENTS)
        lab.tell("from commit to consumer")
        delays = sorted(_delays(bus))
    engine.dispose()
    (against, theirs), (_, own) = rates.items()
    told = Detail(median(delays), delays[int(len(delays) * 0.99)])
    return [
        Comparison("events out", median(own), median(theirs), "events/s", 4.0, against),
        Comparison("commit to consumer, p50", told.p50, LIMIT, "ms", 1.0, "the limit", better="lower", ours_detail=told),
    ]


def _dispatch(url: str, seconds: float) -> float:
    """Events per second."""
    answer = requests.post(f"{url}/{round(seconds * 1000)}", json=DATA, timeout=PATIENCE)
    answer.raise_for_status()
    told = answer.json()
    return float(told["events"] / told["seconds"])


def _drain(engine: Engine) -> float:
    """Events per second, from the first batch that the relay has marked as sent to the last: all were committed at once beforehand."""
    new = outbox.c.position > _write_down(engine, EVENTS)
    unsent = select(func.count()).where(new, outbox.c.sent_at.is_(None))
    deadline = time.monotonic() + PATIENCE
    while True:
        with engine.connect() as connection:
            if not connection.execute(unsent).scalar_one():
                break
        if time.monotonic() > deadline:
            raise RuntimeError(f"the relay did not send {EVENTS} events in {PATIENCE} s")
        time.sleep(0.2)
    with engine.connect() as connection:
        first, last = connection.execute(select(func.min(outbox.c.sent_at), func.max(outbox.c.sent_at)).where(new)).one()
        later = connection.execute(select(func.count()).where(new, outbox.c.sent_at > first)).scalar_one()
    return float(later / (last - first).total_seconds())


def _write_down(engine: Engine, events: int) -> int:
    """So many events in the outbox, in one transaction; the position they follow."""
    now, subjects = utc_now(), [new_id() for _ in range(AGGREGATES)]
    rows = [
        {"id": new_id(), "type": TYPE, "subject": subjects[each % AGGREGATES], "version": each // AGGREGATES + 1, "time": now, "context": {}, "data": DATA}
        for each in range(events)
    ]
    with engine.begin() as connection:
        begun: int = connection.execute(select(func.coalesce(func.max(outbox.c.position), 0))).scalar_one()
        connection.execute(insert(outbox), rows)
    return begun


def _check_order(bus: Any, expected: int) -> None:
    """RuntimeError unless the queue holds every event of the last round once, each aggregate's versions counting up."""
    versions: dict[str, list[int]] = defaultdict(list)

    def take(message: Any) -> None:
        versions[message.headers["ce-subject"]].append(int(message.headers["ce-aggregateversion"]))

    bus.basic_qos(0, 1000, False)
    bus.basic_consume(QUEUE, no_ack=True, callback=take, consumer_tag="check")
    while sum(map(len, versions.values())) < expected:
        bus.connection.drain_events(timeout=10)
    bus.basic_cancel("check")
    if any(seen != list(range(1, EVENTS // AGGREGATES + 1)) for seen in versions.values()):
        raise RuntimeError("events were lost, doubled or out of order")


def _delays(bus: Any) -> list[float]:
    """Milliseconds from each commit, one at a time, until the event is here."""
    arrived: list[float] = []
    committed: list[float] = []
    bus.basic_consume(QUEUE, no_ack=True, callback=lambda _message: arrived.append(time.time()))
    bus.basic_consume(DIRECT_REPLY, no_ack=True, callback=lambda message: committed.append(wire.decode(message.body)["result"]["at"]))
    for number in range(1, SAMPLES + 1):
        request = bus.prepare_message(b'{"data": {}}', content_type="application/json", headers={"operation": "emit"}, properties={"reply_to": DIRECT_REPLY})
        bus.basic_publish(request, exchange="", routing_key=rpc_queue("accounts"))
        while not len(arrived) == len(committed) == number:
            bus.connection.drain_events(timeout=10)
        time.sleep(PAUSE)
    return [(after - before) * 1000 for before, after in zip(committed, arrived, strict=True)]
