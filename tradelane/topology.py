"""The operator's side of the broker's topology: apply it with its users, check it, write it as definitions.json."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote, unquote, urlsplit

import requests

from shared.kit.errors import Unavailable
from shared.platform import topology
from shared.platform.settings import SERVICES, Settings
from tradelane.broker import channel

OBSERVER = "observer"


def apply(settings: Settings) -> list[str]:
    """Declare exchanges and queues on the broker at `BROKER`; with `BROKER_MANAGEMENT` also the users named in `BROKER_<SERVICE>`.

    Answers what was done, a line each. A queue that stands with other arguments is an error that names it: nothing is deleted.
    """
    with channel(settings.broker) as broker:
        topology.declare(broker, settings.embedded)
    done = [f"topology version {topology.VERSION} declared"]
    if settings.broker_management:
        management = Management(settings)
        owned = {service: own for service in (*SERVICES, OBSERVER) if (own := settings.overrides.get(f"BROKER_{service.upper()}"))}
        users = {service: management.create_user(own, service) for service, own in owned.items()}
        done += [f"user {name} may do what {service} needs" for service, name in users.items() if name]
    return done


def check(settings: Settings) -> list[str]:
    """What is missing or stands differently on the broker, a line each; nothing where all is as described. Needs `BROKER_MANAGEMENT`."""
    if not settings.broker_management:
        raise ValueError("settings: BROKER_MANAGEMENT (http://user:password@host:15672) is needed to look at the broker")
    management = Management(settings)
    wanted = topology.definitions()
    found = {kind: {each["name"]: each for each in management.get(kind)} for kind in ("exchanges", "queues")}
    bindings = {(each["source"], each["destination"], each["routing_key"]) for each in management.get("bindings")}
    problems = []
    for kind, there in found.items():
        for each in wanted[kind]:
            actual = there.get(each["name"])
            if actual is None:
                problems.append(f"{kind[:-1]} {each['name']} is missing")
            elif differing := {key: value for key, value in each["arguments"].items() if actual["arguments"].get(key) != value}:
                problems.append(f"{kind[:-1]} {each['name']} stands without {differing}")
    missing = [each for each in wanted["bindings"] if (each["source"], each["destination"], each["routing_key"]) not in bindings]
    return problems + [f"binding {each['source']} → {each['destination']} ({each['routing_key']}) is missing" for each in missing]


class Management:
    """RabbitMQ's management API, as far as it is needed here."""

    def __init__(self, settings: Settings) -> None:
        self.url = settings.broker_management.rstrip("/")
        path = urlsplit(settings.broker).path[1:]
        self.vhost = quote(unquote(path) or "/", safe="")

    def get(self, kind: str) -> list[dict[str, Any]]:
        return self._ask("GET", f"{kind}/{self.vhost}")  # type: ignore[no-any-return]

    def create_user(self, address: str, service: str) -> str | None:
        """The user of a broker address, with the service's permissions; None where it is the administrator's own."""
        parts = urlsplit(address)
        name = unquote(parts.username or "")
        if name == urlsplit(self.url).username:
            return None
        self._ask("PUT", f"users/{quote(name, safe='')}", {"password": unquote(parts.password or ""), "tags": ""})
        self._ask("PUT", f"permissions/{self.vhost}/{quote(name, safe='')}", topology.permissions(service))
        return name

    def _ask(self, method: str, path: str, body: Any = None) -> Any:
        # The library's own words would show the address with its password.
        try:
            response = requests.request(method, f"{self.url}/api/{path}", json=body, timeout=10)
        except requests.RequestException as error:
            raise Unavailable("broker_unavailable", f"RabbitMQ's management API cannot be reached ({type(error).__name__}).") from error
        if not response.ok:
            raise Unavailable("broker_unavailable", f"RabbitMQ's management API answers {response.status_code} {response.reason} to {method} {path}.")
        return response.json() if response.content else None
