"""What is broken and how: each fault is a function that does it and, where it passes, undoes it."""

from __future__ import annotations

import random
import signal
import time
from collections.abc import Callable
from typing import Any

import amqp

from shared.platform.crashpoints import POINTS
from shared.platform.topology import EVENT_LOG, SUBSCRIPTIONS, inbox_queue, rpc_queue
from tests.faults.cluster import Cluster
from tests.faults.stage import BROKER, DATABASE, FAULTS, PROVIDER, Stage, fault

_QUEUES_SECONDS = 60
CONSUMERS = tuple(service for service, sources in SUBSCRIPTIONS.items() if sources)


def applicable(nodes: int) -> list[str]:
    """The kinds of faults there are for so many broker nodes."""
    return sorted(FAULTS if nodes > 1 else FAULTS.keys() - {partition_a_node.__name__})


@fault(10)
def kill_a_service(stage: Stage, draw: random.Random) -> None:
    stage.fleet.choose(draw).kill("SIGKILL")


@fault(12, outage=False)  # told when it dies
def crash_at_a_point(stage: Stage, draw: random.Random) -> None:
    """Come back armed, and die where messages and commits meet."""
    point = draw.choice(POINTS)
    services = CONSUMERS if point.endswith("ack") else tuple(SUBSCRIPTIONS)
    replica = draw.choice(stage.fleet.of(draw.choice(services)))
    replica.crash_point = f"{point}:{draw.choice((0.5, 0.2, 0.05))}:{draw.randrange(10**6)}"
    replica.kill("SIGKILL")


@fault(6)
def freeze_a_service(stage: Stage, draw: random.Random) -> None:
    """It stops for a while and knows nothing of it: its leases run out, its connections are given up, and then it goes on."""
    replica = stage.fleet.choose(draw)
    process = replica.process
    process.send_signal(signal.SIGSTOP)
    stage.last(1, 15, draw)
    process.send_signal(signal.SIGCONT)


@fault(1)
def restart_all_services_in_turn(stage: Stage, draw: random.Random) -> None:
    for replica in draw.sample(stage.fleet.replicas, len(stage.fleet.replicas)):
        stage.fleet.restart(replica)


@fault(3, BROKER)
def kill_the_broker(stage: Stage, draw: random.Random) -> None:
    _kill_and_start(stage, BROKER, draw)


@fault(3, DATABASE)
def kill_the_database(stage: Stage, draw: random.Random) -> None:
    _kill_and_start(stage, DATABASE, draw)


def _kill_and_start(stage: Stage, target: str, draw: random.Random) -> None:
    server = stage.servers[target]
    part = server.part(draw)
    server.kill(*part)
    stage.last(0, 4, draw)
    server.start(*part)
    if target == BROKER:
        _wait_for_the_queues(stage)


def _wait_for_the_queues(stage: Stage) -> None:
    names = [EVENT_LOG, *(inbox_queue(service) for service in CONSUMERS)]
    _look(stage, lambda channel: [channel.queue_declare(name, passive=True) for name in names])


def _look(stage: Stage, look: Callable[[Any], list[Any]]) -> list[Any]:
    """A broker takes connections before all its queues are there, and a cluster's node before it has its copy of the log. Services have to live with
    that; those who look into queues here would only err."""
    deadline = time.monotonic() + _QUEUES_SECONDS
    while True:
        try:
            with stage.channel() as channel:
                return look(channel)
        except (OSError, amqp.AMQPError):
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)


@fault(3, BROKER)
def partition_a_node(stage: Stage, draw: random.Random) -> None:
    """It sees the others no more, nor they it, while its clients see all of them."""
    cluster = stage.servers[BROKER]
    assert isinstance(cluster, Cluster)
    (node,) = cluster.part(draw)
    cluster.partition(node)
    stage.last(0, 8, draw)
    cluster.heal(node)


@fault(2)
def cut_connections_to_the_broker(stage: Stage, draw: random.Random) -> None:
    stage.proxy.cut(BROKER, draw.uniform(0.2, 1), draw.randrange(10**6))


@fault(2)
def cut_connections_to_the_database(stage: Stage, draw: random.Random) -> None:
    stage.proxy.cut(DATABASE, draw.uniform(0.2, 1), draw.randrange(10**6))


@fault(1)
def slow_connections(stage: Stage, draw: random.Random) -> None:
    target = draw.choice((BROKER, DATABASE))
    stage.proxy.delay(target, draw.uniform(0.01, 0.3))
    stage.last(3, 8, draw)
    stage.proxy.delay(target, 0)


@fault(2)
def half_open_connections_to_the_broker(stage: Stage, draw: random.Random) -> None:
    _freeze(stage, BROKER, draw)


@fault(2)
def half_open_connections_to_the_database(stage: Stage, draw: random.Random) -> None:
    _freeze(stage, DATABASE, draw)


def _freeze(stage: Stage, target: str, draw: random.Random) -> None:
    """Nothing comes over some connections, or over all and new ones; in the end they live again, or are found dead."""
    stage.proxy.freeze(target, draw.choice((0.3, 0.6, 1.0)), draw.randrange(10**6))
    stage.last(5, 45, draw)
    if draw.random() < 0.5:
        stage.proxy.cut(target, 1, 0)
    stage.proxy.thaw(target)


@fault(4, PROVIDER, outage=False)  # of what clients ask only the binding of a card waits for the provider
def kill_the_provider(stage: Stage, draw: random.Random) -> None:
    """At any moment, between what it did and its answer more often than by chance; back on the same data."""
    stage.provider.mischief(slow_s=draw.choice((0, 2)))
    stage.last(1, 4, draw)
    stage.provider.kill()
    stage.last(0, 10, draw)
    stage.provider.start()
    stage.provider.mischief()


@fault(3, PROVIDER, outage=False)
def have_the_provider_misbehave(stage: Stage, draw: random.Random) -> None:
    """It declines, fails before and after doing what it is asked, and calls back late, twice, in another order or never."""
    share = {name: draw.uniform(0, most) for name, most in _MISCHIEF.items()}
    stage.provider.mischief(seed=draw.randrange(10**6), **share)
    stage.last(5, 20, draw)
    stage.provider.mischief()


_MISCHIEF = {"decline": 0.2, "delay_s": 3, "duplicate": 0.5, "reorder": 0.5, "lose": 0.5, "error_before": 0.2, "error_after": 0.4}


@fault(2, PROVIDER, outage=False)
def cut_connections_to_the_provider(stage: Stage, draw: random.Random) -> None:
    """What it has done is not heard of: each time it takes so long to answer that there is something to cut."""
    stage.provider.mischief(slow_s=1)
    for _ in range(draw.randint(1, 4)):
        stage.last(0.5, 3, draw)
        stage.proxy.cut(PROVIDER, 1, 0)
    stage.provider.mischief()


@fault(2, PROVIDER, outage=False)
def half_open_connections_to_the_provider(stage: Stage, draw: random.Random) -> None:
    _freeze(stage, PROVIDER, draw)


@fault(4, BROKER, outage=False)
def deliver_again(stage: Stage, draw: random.Random) -> None:
    """Copies of events of the log, newest or long past, go to all who take them, in any order."""
    events = _look(stage, lambda channel: _from_the_log(channel, draw))
    with stage.channel() as channel:
        for event in draw.sample(events, len(events)):
            source = event.delivery_info["routing_key"].partition(".")[0]
            for service in (each for each, sources in SUBSCRIPTIONS.items() if source in sources):
                channel.basic_publish_confirm(amqp.Message(event.body, **event.properties), routing_key=inbox_queue(service))


def _from_the_log(channel: Any, draw: random.Random) -> list[Any]:
    length = channel.queue_declare(EVENT_LOG, passive=True).message_count
    start, wanted = draw.randrange(max(1, length)), draw.randint(20, 200)
    if draw.random() < 0.5:
        start = max(0, length - wanted)
    events: list[Any] = []

    def take(message: Any) -> None:
        events.append(message)
        channel.basic_ack(message.delivery_tag)

    channel.basic_qos(0, wanted, False)
    channel.basic_consume(EVENT_LOG, callback=take, arguments={"x-stream-offset": start})
    try:
        while len(events) < min(wanted, length - start):
            channel.connection.drain_events(timeout=1)
    except TimeoutError:  # fewer than it seemed
        pass
    return events


@fault(3, BROKER)
def reorder_deliveries(stage: Stage, draw: random.Random) -> None:
    """While a service's replicas stand still, what waits for them is put into another order."""
    service = draw.choice(CONSUMERS)
    processes = [replica.process for replica in stage.fleet.of(service)]
    for process in processes:
        process.send_signal(signal.SIGSTOP)
    try:
        stage.last(1, 4, draw)
        with stage.channel() as channel:
            waiting = iter(lambda: channel.basic_get(inbox_queue(service)), None)
            taken = [message for message, _ in zip(waiting, range(200))]  # noqa: B905 - as many as there are, 200 at most
            for message in draw.sample(taken, len(taken)):
                channel.basic_publish_confirm(amqp.Message(message.body, **message.properties), routing_key=inbox_queue(service))
            for message in taken:
                channel.basic_ack(message.delivery_tag)
    finally:
        for process in processes:
            process.send_signal(signal.SIGCONT)


_POISON: tuple[tuple[bytes, dict[str, Any]], ...] = (
    (b"", {}),
    (b"not JSON", {"content_type": "application/json"}),
    (b"cos\nsystem\n(S'true'\ntR.", {"content_type": "application/x-python-serialize"}),
    (b"\xff\xfe\x00", {"content_type": "text/plain", "content_encoding": "utf-8"}),
    (b'{"order_id": 1}', {"content_type": "application/json", "application_headers": {"cloudEvents:id": "1", "cloudEvents:type": "orders.order_placed.v1"}}),
    (b"[" * 10_000, {"content_type": "application/json", "application_headers": {"operation": "get_order"}, "reply_to": "nobody"}),
)


@fault(2, BROKER, outage=False)
def poison(stage: Stage, draw: random.Random) -> None:
    """Garbage for those who take events and for those who take calls."""
    with stage.channel() as channel:
        for _ in range(draw.randint(3, 12)):
            (body, properties), service = draw.choice(_POISON), draw.choice(CONSUMERS)
            channel.basic_publish_confirm(amqp.Message(body, **properties), routing_key=inbox_queue(service))
            stage.tally.poisoned[service] += 1
            channel.basic_publish_confirm(amqp.Message(body, **properties), routing_key=rpc_queue(draw.choice(tuple(SUBSCRIPTIONS))))


@fault(2, BROKER)
def raise_an_alarm(stage: Stage, draw: random.Random) -> None:
    """Out of memory, or of disk, as the broker thinks: it takes nothing from those who publish until that passes."""
    alarm, end = draw.choice(
        (
            (("set_vm_memory_high_watermark", "0"), ("set_vm_memory_high_watermark", "0.4")),
            (("set_disk_free_limit", "900000GB"), ("set_disk_free_limit", "50MB")),
        )
    )
    stage.servers[BROKER].control(*alarm)
    stage.last(3, 20, draw)
    stage.servers[BROKER].control(*end)


@fault(1, outage=False)
def put_the_clock_forward(stage: Stage, draw: random.Random) -> None:
    """What is due by then happens now."""
    stage.web.command(stage.operator, "/v1/test-clock", {"seconds": draw.choice((3_600, 4 * 86_400, 16 * 86_400))})


@fault(1, outage=False)
def crowd_the_gateways(stage: Stage, draw: random.Random) -> None:
    """Three times the clients."""
    stage.crowd(stage.pace * draw.uniform(10, 25))
