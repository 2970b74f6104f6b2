"""HTTP → RPC → back: ours bare and with all that the gateway does, beside stock Nameko, hand-tuned aiormq and FastStream."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from functools import partial

from bench.comparison import Comparison
from bench.lab import Lab, answers, member
from bench.load import Load, load, summary
from shared.platform.topology import rpc_queue
from tests.servers.processes import free_port
from tradelane.broker import channel

NAMEKO = "stock Nameko 3.0.0rc11"
AIORMQ = "Starlette, uvicorn, tuned aiormq"
FASTSTREAM = "FastStream behind Starlette"

PURCHASE = {
    "buyer": "Alpine Tools GmbH",
    "note": "Delivery before the fair, please.",
    "lines": [{"product_id": str(uuid.UUID(int=each)), "quantity": 40 + each, "price": {"amount": "12.34", "currency": "USD"}} for each in range(3)],
}


def measure(lab: Lab) -> list[Comparison]:
    """Requests per second from 20 connections, gateway and service as two processes of each."""
    subjects = {
        "ours": _bare(lab),
        "ours, full": _full(lab),
        NAMEKO: _nameko(lab),
        AIORMQ: _peer(lab, "tuned_aiormq"),
        FASTSTREAM: _peer(lab, "faststream_app"),
    }
    for warm in subjects.values():
        warm(1)
    measured = lab.interleaved({name: partial(subject, lab.seconds) for name, subject in subjects.items()})
    figures = {name: summary(loads) for name, loads in measured.items()}

    def compare(name: str, ours: str, peer: str, goal: float | None) -> Comparison:
        (ours_figure, ours_detail), (peer_figure, peer_detail) = figures[ours], figures[peer]
        return Comparison(name, ours_figure, peer_figure, "req/s", goal, peer, ours_detail=ours_detail, peer_detail=peer_detail)

    return [
        compare("echo", "ours", NAMEKO, 5.0),
        compare("echo", "ours", AIORMQ, 1.2),
        compare("echo", "ours", FASTSTREAM, None),
        compare("echo, full", "ours, full", NAMEKO, 3.0),
    ]


Subject = Callable[[float], Load]


def _get(port: int) -> Subject:
    return lambda seconds: load(f"http://127.0.0.1:{port}/echo/hello", seconds)


def _echo_service(lab: Lab, environment: dict[str, str]) -> None:
    """With the broker's topology, and the queue of the service that is ours alone."""
    lab.command("topology", "apply", environment=environment)
    with channel(environment["BROKER"]) as bus:
        bus.queue_declare(queue=rpc_queue("echo"), durable=True, auto_delete=False)
    lab.python("-m", "bench.ours", "echo", environment=environment)


def _bare(lab: Lab) -> Subject:
    environment = {"BROKER": lab.new_broker(), "DATABASE": lab.new_database(), "LOG_LEVEL": "WARNING"}  # no access log: the peers write none
    _echo_service(lab, environment)
    port = free_port()
    lab.python("-m", "bench.ours", "bare", environment=environment | {"HTTP_PORT": str(port)}, ready=partial(answers, f"http://127.0.0.1:{port}/echo/hello"))
    return _get(port)


def _full(lab: Lab) -> Subject:
    environment = {"BROKER": lab.new_broker(), "DATABASE": lab.new_database()}
    _echo_service(lab, environment)
    lab.command("migrate", "accounts", environment=environment)
    lab.python("-m", "tradelane", "run", "accounts", environment=environment)
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    lab.python("-m", "bench.ours", "gateway", environment=environment | {"HTTP_PORT": str(port)}, ready=partial(member, url, "buyer"))
    headers = {"Authorization": str(member(url, "buyer").session.headers["Authorization"])}
    return lambda seconds: load(f"{url}/v1/echo", seconds, method="POST", headers=headers, body=PURCHASE)


def _nameko(lab: Lab) -> Subject:
    port, module = free_port(), "bench.peers.stock_nameko"
    broker = ("--define", f"AMQP_URI={lab.new_broker()}")
    lab.python("-m", "nameko", "run", *broker, f"{module}:Service")
    gateway = ("-m", "nameko", "run", *broker, "--define", f"WEB_SERVER_ADDRESS=127.0.0.1:{port}", f"{module}:Gateway")
    lab.python(*gateway, ready=partial(answers, f"http://127.0.0.1:{port}/echo/hello"))
    return _get(port)


def _peer(lab: Lab, name: str) -> Subject:
    port, broker, module = free_port(), lab.new_broker(), f"bench.peers.{name}"
    lab.python("-m", module, "service", broker)
    lab.python("-m", module, "gateway", broker, str(port), ready=partial(answers, f"http://127.0.0.1:{port}/echo/hello"))
    return _get(port)
