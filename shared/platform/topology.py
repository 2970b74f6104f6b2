"""The broker's topology as one description: what is declared, what a service's broker user may touch, and `definitions.json`.

Services declare nothing at run time. `tradelane topology apply` (and `tradelane up` for the embedded default) does it beforehand.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

VERSION = 1

SUBSCRIPTIONS: dict[str, tuple[str, ...]] = {
    "accounts": (),
    "catalog": ("orders", "accounts"),
    "orders": ("catalog", "payments", "logistics"),
    "payments": ("orders", "logistics"),
    "logistics": ("orders", "payments"),
}
"""Which services' events each service takes. A service takes all events of a source, so that it can tell a gap from a type it has no use for."""

UNROUTED = "unrouted"
DEAD_LETTERS = "dead-letters"
EVENT_LOG = "event-log"

_SAFE = {"x-queue-type": "quorum"}
# What is kept for an operator may be looked at as often as they like; RabbitMQ 4 would drop it after 20 returns.
_KEPT = _SAFE | {"x-delivery-limit": 1_000_000}
_DELIVERY_LIMIT = 10


def event_exchange(service: str) -> str:
    """Where the service publishes."""
    return f"{service}.events"


def inbox_queue(service: str) -> str:
    """Where it takes events."""
    return f"{service}.inbox"


def dead_letter_queue(service: str) -> str:
    """Where what it cannot take ends."""
    return f"{service}.dead"


def rpc_queue(service: str) -> str:
    """Where it takes calls."""
    return f"{service}.rpc"


@dataclass(frozen=True, slots=True)
class Exchange:
    name: str
    type: str
    arguments: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Queue:
    name: str
    arguments: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Binding:
    exchange: str
    queue: str
    routing_key: str = "#"


@dataclass(frozen=True, slots=True)
class Topology:
    exchanges: tuple[Exchange, ...]
    queues: tuple[Queue, ...]
    bindings: tuple[Binding, ...]


def _inbox(service: str) -> Queue:
    # What cannot even reach the consumer's database (undecodable, or killing its consumer) ends in its dead-letter queue.
    limits = {
        "x-delivery-limit": _DELIVERY_LIMIT,
        "x-dead-letter-exchange": DEAD_LETTERS,
        "x-dead-letter-routing-key": service,
        "x-dead-letter-strategy": "at-least-once",
        "x-overflow": "reject-publish",
    }
    return Queue(inbox_queue(service), _SAFE | limits)


def describe(embedded: bool) -> Topology:
    """Everything that is declared. Embedded, only what the services consume: the rest leans on features of RabbitMQ."""
    publishers = tuple(SUBSCRIPTIONS)
    subscribers = tuple(service for service, sources in SUBSCRIPTIONS.items() if sources)
    kept = {} if embedded else {"alternate-exchange": UNROUTED}
    exchanges = tuple(Exchange(event_exchange(service), "topic", kept) for service in publishers)
    # Requests are transient and bounded by their deadline: what type their queue is, the virtual host's default may say. A single broker's
    # is classic, the fastest; a cluster's should be quorum, or a service is away as long as its queue's node. The limit bounds its memory.
    queues = tuple(Queue(rpc_queue(service), {"x-max-length": 10_000, "x-overflow": "reject-publish"}) for service in publishers)
    queues += tuple(_inbox(service) for service in subscribers)
    bindings = tuple(Binding(event_exchange(source), inbox_queue(service)) for service in subscribers for source in SUBSCRIPTIONS[service])
    if not embedded:
        exchanges = (Exchange(UNROUTED, "fanout"), Exchange(DEAD_LETTERS, "direct"), *exchanges)
        queues += (Queue(UNROUTED, _KEPT), Queue(EVENT_LOG, {"x-queue-type": "stream", "x-max-age": "30D"}))
        queues += tuple(Queue(dead_letter_queue(service), _KEPT) for service in subscribers)
        bindings += (Binding(UNROUTED, UNROUTED, ""),)
        bindings += tuple(Binding(event_exchange(service), EVENT_LOG) for service in publishers)
        bindings += tuple(Binding(DEAD_LETTERS, dead_letter_queue(service), service) for service in subscribers)
    return Topology(exchanges, queues, bindings)


def declare(channel: Any, embedded: bool) -> None:
    """Declare all of it on a kombu channel; harmless where it stands already, a channel error where it stands differently."""
    topology = describe(embedded)
    for exchange in topology.exchanges:
        channel.exchange_declare(exchange=exchange.name, type=exchange.type, durable=True, auto_delete=False, arguments=exchange.arguments)
    for queue in topology.queues:
        channel.queue_declare(queue=queue.name, durable=True, exclusive=False, auto_delete=False, arguments=queue.arguments)
    for binding in topology.bindings:
        channel.queue_bind(queue=binding.queue, exchange=binding.exchange, routing_key=binding.routing_key)


def permissions(service: str) -> dict[str, str]:
    """What the service's broker user may do, as RabbitMQ's three patterns. The gateway publishes requests only; observers read the event log."""
    if service == "gateway":
        return {"configure": "^$", "write": r"^amq\.default$", "read": r"^amq\.rabbitmq\.reply-to.*$"}
    if service == "observer":
        return {"configure": "^$", "write": "^$", "read": f"^{EVENT_LOG}$"}
    own = [rpc_queue(service)] + ([inbox_queue(service)] if SUBSCRIPTIONS[service] else [])
    names = "|".join(name.replace(".", r"\.") for name in own)
    return {"configure": "^$", "write": rf"^({service}\.events|amq\.default)$", "read": f"^({names})$"}


def definitions() -> dict[str, Any]:
    """The same as RabbitMQ's importable definitions (no users: passwords are the operator's)."""
    topology = describe(embedded=False)
    return {
        "vhosts": [{"name": "/"}],
        "exchanges": [
            {"name": each.name, "vhost": "/", "type": each.type, "durable": True, "auto_delete": False, "internal": False, "arguments": each.arguments}
            for each in topology.exchanges
        ],
        "queues": [{"name": each.name, "vhost": "/", "durable": True, "auto_delete": False, "arguments": each.arguments} for each in topology.queues],
        "bindings": [
            {"source": each.exchange, "vhost": "/", "destination": each.queue, "destination_type": "queue", "routing_key": each.routing_key, "arguments": {}}
            for each in topology.bindings
        ],
    }
