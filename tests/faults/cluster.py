"""A RabbitMQ cluster of three nodes on this machine, any of which can be killed or cut off from the others, and brought back.

The nodes share a cookie and a port mapper of their own; names, ports and folders are each node's. They belong to a keeper (this module
run as a script), as a single server does.
"""

from __future__ import annotations

import random
import secrets
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import MappingProxyType
from urllib.parse import urlsplit

import requests

from tests.faults.servers import Held, Server, hold
from tests.servers import Broker, ServerUnavailable, local_rabbitmq
from tests.servers.processes import free_port, home

SIZE = 3

_PATIENCE = 60.0
"""Seconds that a node has to notice that it is alone, or that it is no more."""

# A node that is cut off with the fewer stops serving; one whose peers fall silent notices within seconds; leaders are spread over the nodes.
_SETTINGS = {
    "cluster_partition_handling": "pause_minority",
    "net_ticktime": 5,
    "queue_leader_locator": "balanced",
}


@dataclass(frozen=True)
class Nodes(Broker):
    """The cluster by its first node's addresses; `amqp_urls` are all nodes'."""

    amqp_urls: tuple[str, ...]


class Cluster(Server):
    """The owner's side. Nodes go by their number; `kill` and `start` take it, too."""

    keeper, addresses = "tests.faults.cluster", {"cluster": Nodes}
    # Of calls, too, no node may be the only one to have the queue. RabbitMQ 3.10 spells it in another way than all later ones.
    virtual_host = MappingProxyType({"default_queue_type": "quorum", "defaultqueuetype": "quorum"})

    def __init__(self) -> None:
        super().__init__("cluster")

    @property
    def ports(self) -> list[int]:
        return [urlsplit(url).port or 0 for url in self.address().amqp_urls]

    def part(self, draw: random.Random) -> tuple[int, ...]:
        return (draw.randrange(SIZE),)

    def partition(self, node: int) -> None:
        """Cut the node off from the others, not from its clients. When this returns it has noticed, and serves nobody."""
        self._ask("partition", node)

    def heal(self, node: int) -> None:
        """After a partition: the cluster is whole again when this returns."""
        self._ask("heal", node)


@dataclass(frozen=True)
class Node:
    name: str
    broker: Broker
    held: Held

    def answers(self) -> None:
        """That it serves its clients, and sees all others; an exception where not."""
        local_rabbitmq.connect(self.broker)
        with requests.Session() as session:
            session.trust_env = False
            nodes = session.get(f"{self.broker.management_url}/api/nodes", timeout=5).json()
        if [node["running"] for node in nodes] != [True] * SIZE or any(node.get("partitions") for node in nodes):
            raise ServerUnavailable(f"{self.name} does not see the whole cluster")


class HeldNodes:
    """The keeper's side: what its owner asks for."""

    def __init__(self, nodes: list[Node]) -> None:
        self._nodes = nodes
        self._whole()

    def kill(self, *numbers: int) -> None:
        """These nodes, or all."""
        for number in numbers or range(SIZE):
            self._nodes[number].held.kill()

    def start(self, number: int) -> None:
        self._nodes[number].held.start()
        self._whole()

    def control(self, *words: str) -> None:
        self._nodes[0].held.control(*words)

    def partition(self, number: int) -> None:
        # Erlang's own means: with different cookies two nodes let each other in no more, from whichever side they try.
        peers = self._peers(number)
        self._nodes[number].held.control("eval", f"[erlang:set_cookie(Node, other) || Node <- {peers}], [erlang:disconnect_node(Node) || Node <- {peers}].")
        _wait(lambda: not _holds(lambda: local_rabbitmq.connect(self._nodes[number].broker)), f"node {number} did not notice that it is alone")

    def heal(self, number: int) -> None:
        self._nodes[number].held.control("eval", f"[erlang:set_cookie(Node, erlang:get_cookie()) || Node <- {self._peers(number)}].")
        self._whole()

    def _peers(self, number: int) -> str:
        return "[" + ", ".join(f"'{node.name}'" for node in self._nodes if node is not self._nodes[number]) + "]"

    def _whole(self) -> None:
        for node in self._nodes:
            _wait(partial(_holds, node.answers), f"{node.name} is not back in the cluster")


def _holds(proof: Callable[[], None]) -> bool:
    try:
        proof()
    except Exception:  # noqa: BLE001 - whatever it is that a server under way, or on its way out, raises
        return False
    return True


def _wait(reached: Callable[[], bool], otherwise: str) -> None:
    deadline = time.monotonic() + _PATIENCE
    while not reached():
        if time.monotonic() > deadline:
            raise ServerUnavailable(otherwise)
        time.sleep(0.1)


@contextmanager
def _cluster(script: Path) -> Iterator[tuple[Nodes, HeldNodes]]:
    names = [f"tradelane-{secrets.token_hex(4)}-{number}@localhost" for number in range(SIZE)]
    cookie, password, mapper = secrets.token_hex(16), secrets.token_hex(16), free_port()
    nodes: list[Node] = []
    with ExitStack() as stack:
        for name in names:
            folder = stack.enter_context(home("rabbitmq"))
            folder.write(".erlang.cookie", cookie)
            # The first begins the cluster, the others find it there.
            known = {f"cluster_formation.classic_config.nodes.{place}": each for place, each in enumerate((names[0], name))} if nodes else {}
            broker, environment = local_rabbitmq.configure(
                folder, _SETTINGS | known | {"default_pass": password}, {"RABBITMQ_NODENAME": name, "ERL_EPMD_PORT": mapper}
            )
            if not nodes:
                stack.enter_context(local_rabbitmq.port_mapper(folder, environment))
            held = Held(folder, [script], environment, partial(local_rabbitmq.connect, broker), script.with_name("rabbitmqctl"))
            stack.callback(held.kill)
            nodes.append(Node(name, broker, held))
        first = nodes[0].broker
        yield Nodes(first.amqp_url, first.management_url, tuple(node.broker.amqp_url for node in nodes)), HeldNodes(nodes)


if __name__ == "__main__":
    sys.exit(hold("cluster", "rabbitmq-server", local_rabbitmq, _cluster))
