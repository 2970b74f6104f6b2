"""A run: the system is set up, clients trade, faults come by the schedule, all is healed, and the books are looked at."""

from __future__ import annotations

import secrets
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import requests
from sqlalchemy import create_engine, text

from shared.platform import database
from shared.platform.settings import Settings, read
from shared.platform.topology import SUBSCRIPTIONS
from tests.builders.provider import ProviderProcess
from tests.faults.books import Books
from tests.faults.checker import check, settle
from tests.faults.clients import Clients
from tests.faults.cluster import Cluster
from tests.faults.faults import applicable
from tests.faults.fleet import Fleet
from tests.faults.market import open_account, open_market
from tests.faults.proxy import Proxy
from tests.faults.report import Report, make_report
from tests.faults.servers import Server
from tests.faults.stage import BROKER, DATABASE, PROVIDER, Stage, schedule
from tests.faults.tally import Tally
from tests.faults.web import Account, GaveUp, Web
from tradelane import topology
from tradelane.databases import bring_up
from tradelane.provider.child import CALLBACK_PATH

FAULTS_AT_A_TIME = 3
LAST_DAYS = 16
"""Longer than every deadline: the test clock goes so far forward twice at the end, for what was left to it, and for what follows on that."""

# Shorter than in production, so that a run has time for many faults; the mechanisms are the same.
_SETTINGS = {"RPC_TIMEOUT": "5", "STATEMENT_TIMEOUT": "5", "DRAIN_TIMEOUT": "5"}


@dataclass(frozen=True)
class Plan:
    """`faults`: how many, of these `kinds` (all that apply, if none is named); `pace` scales how long each lasts; `command` starts a service: `… run SERVICE`.

    `patience`: seconds without any answer after which a run is given up, and that what is under way at the end has to come to its own.
    """

    orders: int
    seed: str
    faults: int
    kinds: tuple[str, ...] = ()
    replicas: int = 2
    clients: int = 12
    pace: float = 1.0
    patience: float = 180.0
    command: tuple[str, ...] = (sys.executable, "-m", "tradelane")


@contextmanager
def servers(cluster: bool = False) -> Iterator[dict[str, Server]]:
    """A broker (or a cluster of them) and a database of one's own. ServerUnavailable where they cannot be had."""
    with ExitStack() as stack:
        started = {BROKER: Cluster() if cluster else Server("rabbitmq"), DATABASE: Server("postgresql")}
        for server in started.values():
            stack.callback(server.stop)
        for server in started.values():
            server.address()
        yield started


def run(plan: Plan, own: dict[str, Server], folder: Path, say: Callable[[str], None]) -> Report:
    """The whole of it, on a fresh virtual host and database of these servers. The services' logs go to the folder, `say` hears how it goes."""
    begun = time.monotonic()
    tally = Tally()
    folder.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        settings = stack.enter_context(premises(own))
        provider = ProviderProcess(folder)
        proxy = Proxy({name: server.ports for name, server in own.items()} | {PROVIDER: [provider.port]})
        stack.callback(proxy.stop)
        fleet = Fleet(plan.replicas, plan.command, _environment(settings, provider, proxy), folder, tally)
        stack.callback(fleet.stop)
        provider.options = ("--webhook-url", fleet.gateways[0] + CALLBACK_PATH)  # it knows one address, whatever else there is
        stack.callback(provider.stop)
        provider.start()
        accounts = partial(open_account, settings)
        operator = accounts("operator", "An operator")
        fleet.wait_until_running()
        tally.begun = time.monotonic()
        say(f"{len(fleet.replicas)} processes run after {time.monotonic() - begun:.0f} s")

        web = lambda: Web(fleet.gateways, tally, lambda: tally.silence < plan.patience)  # noqa: E731
        market = open_market(web(), accounts, operator, plan.orders)
        clients = Clients(plan.orders, plan.clients, plan.seed, web, market, tally)
        stage = Stage(own, provider, proxy, fleet, tally, settings.broker, web(), operator, clients.crowd, plan.pace)
        _break(plan, stage, clients, lambda: say(_progress(tally, begun)))
        fleet.disarm()
        while clients.busy:
            time.sleep(1)
            say(_progress(tally, begun))
        say("All is healed and every trade has ended, or is left to the clock.")
        for _ in range(2):
            fleet.wait_until_running()
            _put_the_clock_forward(Web(fleet.gateways, tally, _for_seconds(plan.patience)), operator, tally)
            clients.call_off()
            settle(settings, plan.patience)
        seconds = time.monotonic() - begun
        return make_report(tally, check(settings, tally, market, provider.ledger()), Books(settings), plan.seed, seconds, len(own[BROKER].ports))


def _break(plan: Plan, stage: Stage, clients: Clients, look: Callable[[], None]) -> None:
    """Have the faults come, evenly over the run, as many at a time as there are hands; returns when the last of them has passed."""
    course = schedule(plan.seed, plan.faults, plan.kinds or applicable(len(stage.servers[BROKER].ports)))
    tally, every = stage.tally, 2 * plan.orders / (len(course) + 1)  # of trades that begin and of trades that end
    with ThreadPoolExecutor(FAULTS_AT_A_TIME) as hands:
        doing = []
        for place, (name, draw) in enumerate(course, 1):
            while clients.busy and tally.began + tally.finished < place * every:
                time.sleep(0.2)
                look()
            if clients.busy:
                doing.append(hands.submit(stage.do, name, draw))
        for each in doing:
            each.result()


def _put_the_clock_forward(web: Web, operator: Account, tally: Tally) -> None:
    try:
        web.command(operator, "/v1/test-clock", {"seconds": LAST_DAYS * 86_400})
    except GaveUp:
        tally.trouble("the clock could not be put forward")


def _for_seconds(seconds: float) -> Callable[[], bool]:
    until = time.monotonic() + seconds
    return lambda: time.monotonic() < until


def _progress(tally: Tally, begun: float) -> str:
    faults = [name for _, name, _ in tally.faults]
    restarts = f"{faults.count('kill_the_broker')} + {faults.count('kill_the_database')} restarts of broker + database"
    return (
        f"{time.monotonic() - begun:5.0f} s: {tally.finished:,} of {tally.began:,} trades walked, {len(tally.answers):,} commands answered, "
        f"{len(faults)} faults, {sum(tally.kills.values())} kills, {restarts}, {sum(tally.troubles.values())} troubles"
    )


@contextmanager
def premises(own: dict[str, Server]) -> Iterator[Settings]:
    """A virtual host and a database with everything declared, past the proxy."""
    name = f"faults_{secrets.token_hex(4)}"
    broker, server = own[BROKER].address(), own[DATABASE].address()
    api, parts = broker.management_url + "/api", urlsplit(broker.amqp_url)
    _put(f"{api}/vhosts/{name}", dict(own[BROKER].virtual_host))
    _put(f"{api}/permissions/{name}/{parts.username}", {"configure": ".*", "write": ".*", "read": ".*"})
    engine = create_engine(database.address(server.url), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f'CREATE DATABASE "{name}"'))
    engine.dispose()
    url = database.address(server.url).set(drivername="postgresql", database=name).render_as_string(hide_password=False)
    settings = replace(read(), broker=f"{parts.scheme}://{parts.netloc}/{name}", database=url, overrides={}, broker_management=broker.management_url)
    bring_up(SUBSCRIPTIONS, settings)
    topology.apply(settings)
    yield settings
    requests.delete(f"{api}/vhosts/{name}", timeout=60)


def _put(url: str, body: dict[str, str]) -> None:
    """Asked again where no answer comes, as happens on a cluster that has only just come up."""
    for last in (False, False, True):
        try:
            requests.put(url, json=body, timeout=20).raise_for_status()
            return
        except requests.Timeout:
            if last:
                raise


def _environment(settings: Settings, provider: ProviderProcess, proxy: Proxy) -> dict[str, str]:
    """A service's settings: its servers and the provider by way of the proxy."""
    through = {name: url.replace(f":{_port(url)}/", f":{proxy.ports[name]}/") for name, url in ((BROKER, settings.broker), (DATABASE, settings.database))}
    servers = {"BROKER": through[BROKER], "DATABASE": through[DATABASE]}
    return _SETTINGS | servers | provider.environment | {"PROVIDER_URL": f"http://127.0.0.1:{proxy.ports[PROVIDER]}", "PROVIDER_PUBLIC_URL": provider.url}


def _port(url: str) -> int:
    port = urlsplit(url).port
    assert port
    return port
