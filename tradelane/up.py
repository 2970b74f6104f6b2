"""Starts services: all in this process on the embedded default, or each in a process of its own on real servers."""

from __future__ import annotations

import eventlet

eventlet.monkey_patch()  # before anything that opens a socket or starts a thread

import fcntl  # noqa: E402
import gc  # noqa: E402
import logging  # noqa: E402
import os  # noqa: E402
import signal  # noqa: E402
import socket  # noqa: E402
import subprocess  # noqa: E402
import sys  # noqa: E402
import time  # noqa: E402
from collections.abc import Iterator, Sequence  # noqa: E402
from contextlib import contextmanager  # noqa: E402
from importlib import import_module  # noqa: E402
from pathlib import Path  # noqa: E402
from typing import Any  # noqa: E402

import nameko  # noqa: E402
from eventlet.event import Event  # noqa: E402
from nameko.containers import ServiceContainer  # noqa: E402

from shared.kit.errors import Conflict  # noqa: E402
from shared.platform.green import make_green  # noqa: E402
from shared.platform.settings import SERVICES, settings  # noqa: E402
from shared.platform.telemetry import set_up_logging, tracing  # noqa: E402
from shared.platform.topology import SUBSCRIPTIONS  # noqa: E402
from shared.platform.web import exposition  # noqa: E402
from tradelane import topology  # noqa: E402
from tradelane.databases import bring_up  # noqa: E402
from tradelane.provider.child import beside  # noqa: E402

log = logging.getLogger("tradelane")

WITH_DATABASE = tuple(SUBSCRIPTIONS)
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM)
ANSWER_MARGIN = 2.0  # seconds that the word of a statement that the server has ended has to arrive
RESTART_PAUSE = 2.0  # seconds a service must have run before it is started again


def service_class(service: str) -> Any:
    """The Nameko class of a service."""
    return getattr(import_module(f"services.{service}.service"), f"{service.capitalize()}Service")


def up() -> None:
    """The whole system: schemas, topology, then all services until SIGINT or SIGTERM. Conflict where one runs on the same port or data already."""
    _check_port("HTTP_PORT", settings().http_port)
    if settings().embedded:
        with _alone_on(settings().data), beside(settings()):
            bring_up(WITH_DATABASE, settings())
            run(SERVICES)
    else:
        for service in SERVICES:
            _check_port("METRICS_PORT", _metrics_port(service))
        with beside(settings()):
            bring_up(WITH_DATABASE, settings())
            topology.apply(settings())
            _supervise()


def _check_port(setting: str, port: int) -> None:
    """The listener would find out only when all the rest runs. Port 0 is always free."""
    host = settings().http_host
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            told = f"Cannot listen on {host}, port {port}: {error.strerror}. If a system runs there already, stop it, or give {setting} another port."
            raise Conflict("port_taken", told) from error


@contextmanager
def _alone_on(data: Path) -> Iterator[None]:
    """Of two embedded systems on the same files each would miss the messages in the other's memory. The lock goes with the process, however it ends."""
    data.mkdir(mode=0o700, parents=True, exist_ok=True)  # the key that tokens are signed with is in there
    with (data / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise Conflict("data_in_use", f"A system runs on the data in {data} already: stop it, or give DATA another folder.") from error
        yield


def run(services: Sequence[str]) -> None:
    """These services in this process, until SIGINT or SIGTERM."""
    name = services[0] if len(services) == 1 else "tradelane"
    set_up_logging(settings(), name)
    tracing.set_up()
    make_green(settings().statement_timeout + ANSWER_MARGIN)
    if settings().metrics_port:
        _check_port("METRICS_PORT", settings().metrics_port)
        exposition.serve(name, settings().http_host, settings().metrics_port)
    if settings().embedded:
        topology.apply(settings())  # the in-memory broker lives and dies with this process
    # Each consumer bounds itself by its prefetch; the pool only has to be large enough for all of them.
    nameko.config.setup({"max_workers": settings().rpc_workers + settings().event_workers + settings().http_connections + 10})
    stop: Event = Event()
    for number in STOP_SIGNALS:
        signal.signal(number, lambda *_: eventlet.spawn(_send_once, stop, None))
    containers = [ServiceContainer(service_class(service)) for service in services]
    for container in containers:
        container.start()
        eventlet.spawn(_watch, container, stop)
    gc.freeze()  # what stands by now stays: collections need not look at it again
    gc.set_threshold(20_000, 20, 20)  # nearly all goes by itself: seldom is often enough
    log.info("running: %s", ", ".join(services))
    died = stop.wait()
    for container in reversed(containers):  # the gateway first: it needs the others to finish what it began
        container.stop()
    tracing.shut_down()
    log.info("stopped")
    if died:
        raise SystemExit(f"stopped because {died} died")


def _send_once(event: Event, value: Any) -> None:
    if not event.ready():
        event.send(value)


def _watch(container: ServiceContainer, stop: Event) -> None:
    try:
        container.wait()
    except Exception:
        log.exception("%s died", container.service_name)
        _send_once(stop, container.service_name)


def _supervise() -> None:
    """Each service in a process of its own; one that ends is started again, with a pause that grows while it keeps ending."""
    set_up_logging(settings(), "supervisor")
    processes = {service: _spawn(service) for service in SERVICES}
    started = dict.fromkeys(SERVICES, time.monotonic())
    stopping: list[int] = []
    for number in STOP_SIGNALS:
        signal.signal(number, lambda number, _frame: stopping.append(number))
    while not stopping:
        eventlet.sleep(0.2)
        for service, process in processes.items():
            if process.poll() is not None and time.monotonic() - started[service] > RESTART_PAUSE:
                log.error("%s ended with status %s, starting it again", service, process.returncode)
                processes[service], started[service] = _spawn(service), time.monotonic()
    for service in reversed(SERVICES):
        if processes[service].poll() is None:
            processes[service].terminate()
            _wait(processes[service], service)


def _spawn(service: str) -> subprocess.Popen[bytes]:
    # A group of its own: Ctrl-C reaches this process alone, which then stops them in order.
    environment = os.environ | {"METRICS_PORT": str(_metrics_port(service))}
    return subprocess.Popen([sys.executable, "-m", "tradelane", "run", service], env=environment, process_group=0)


def _metrics_port(service: str) -> int:
    """On one machine the services tell their metrics at METRICS_PORT and the ports after it, in their order."""
    first = settings().metrics_port
    return first and first + SERVICES.index(service)


def _wait(process: subprocess.Popen[bytes], service: str) -> None:
    try:
        process.wait(timeout=settings().drain_timeout + 5)
    except subprocess.TimeoutExpired:
        log.error("%s did not stop in time and is killed", service)
        process.kill()
        process.wait()
