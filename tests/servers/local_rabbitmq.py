"""RabbitMQ from binaries on this machine: node name, folders, ports, cookie and even Erlang's port mapper are its own, so that it
neither meets nor disturbs another node here."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import amqp
import requests

from tests.servers import Broker
from tests.servers.processes import Home, free_port, home

# Debian's command on the path insists on its own account and log folder; the script it wraps does not.
_DEBIAN = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")

# Schedulers that do not spin when idle, and a distribution port open to this machine only.
_ERLANG = "+sbwt none +sbwtdcpu none +sbwtdio none -kernel inet_dist_use_interface {127,0,0,1}"


def find() -> Path | None:
    """The start script of a RabbitMQ installed here."""
    found = _DEBIAN if _DEBIAN.exists() else shutil.which("rabbitmq-server")
    return Path(found) if found else None


@contextmanager
def running(script: Path) -> Iterator[Broker]:
    """A new node with the management plugin, in a folder of its own."""
    with home("rabbitmq") as folder:
        broker, environment = configure(folder)
        with port_mapper(folder, environment), folder.running([script], environment) as node:
            folder.wait_for("RabbitMQ", node, lambda: connect(broker))
            yield broker


def configure(folder: Home, settings: Mapping[str, object] | None = None, variables: Mapping[str, object] | None = None) -> tuple[Broker, dict[str, str]]:
    """A node's address, and the environment in which RabbitMQ's commands start it or speak to it; its files are in the folder.

    `settings` of its configuration file and `variables` of its environment go before its own.
    """
    settings = settings or {}
    password, port, management = settings.get("default_pass", secrets.token_hex(16)), free_port(), free_port()
    configuration = {
        "listeners.tcp.1": f"127.0.0.1:{port}",
        "management.tcp.ip": "127.0.0.1",
        "management.tcp.port": management,
        "default_user": "tradelane",
        "default_pass": password,
        "log.file": "false",
        "log.console": "true",
        **settings,
    }
    environment = {
        "RABBITMQ_NODENAME": f"tradelane-{secrets.token_hex(4)}@localhost",
        "RABBITMQ_CONF_ENV_FILE": folder.write("rabbitmq-env.conf"),
        "RABBITMQ_CONFIG_FILE": folder.write("rabbitmq.conf", "".join(f"{name} = {value}\n" for name, value in configuration.items())),
        "RABBITMQ_CONFIG_FILES": folder.path / "none",
        "RABBITMQ_ADVANCED_CONFIG_FILE": folder.path / "none.config",
        "RABBITMQ_ENABLED_PLUGINS_FILE": folder.write("enabled_plugins", "[rabbitmq_management].\n"),
        "RABBITMQ_MNESIA_BASE": folder.path / "data",
        "RABBITMQ_GENERATED_CONFIG_DIR": folder.path / "generated",
        "RABBITMQ_LOG_BASE": folder.path / "logs",
        "RABBITMQ_PID_FILE": folder.path / "pid",
        "RABBITMQ_DIST_PORT": free_port(),
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": _ERLANG,
        "ERL_EPMD_PORT": free_port(),
        "ERL_EPMD_ADDRESS": "127.0.0.1",
        **(variables or {}),
    }
    broker = Broker(f"amqp://tradelane:{password}@127.0.0.1:{port}//", f"http://tradelane:{password}@127.0.0.1:{management}")
    return broker, {name: str(value) for name, value in environment.items()}


def port_mapper(folder: Home, environment: dict[str, str]) -> AbstractContextManager[object]:
    """Erlang's port mapper, for the length of the block: a node would start one that outlives it."""
    return folder.running(["epmd"], environment)


def connect(broker: Broker) -> None:
    """Proves that both the broker and its management answer; an exception where they do not."""
    with requests.Session() as session:
        session.trust_env = False  # no proxy stands between this machine and itself
        session.get(f"{broker.management_url}/api/overview", timeout=5).raise_for_status()
    address = urlsplit(broker.amqp_url)
    with amqp.Connection(f"{address.hostname}:{address.port}", address.username, address.password, connect_timeout=5, read_timeout=5, write_timeout=5):
        pass
