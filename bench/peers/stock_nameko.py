"""Nameko as it comes: its HTTP entrypoint, RPC proxy, RPC entrypoint and event dispatcher, run by `nameko run`."""

from __future__ import annotations

import json
import time
from typing import Any

from eventlet import GreenPool
from nameko.events import EventDispatcher
from nameko.rpc import ServiceRpc, rpc
from nameko.web.handlers import http


class Service:
    name = "echo"

    @rpc
    def echo(self, text: str) -> dict[str, str]:
        return {"text": text}


class Gateway:
    name = "gateway"
    service = ServiceRpc("echo")

    @http("GET", "/echo/<string:text>")
    def echo(self, _request: Any, text: str) -> tuple[int, dict[str, str], str]:
        return 200, {"Content-Type": "application/json"}, json.dumps(self.service.echo(text))


class Dispatcher:
    """Publishes events (persistent and confirmed, as it does by itself) from 20 greenlets for some seconds, and tells how many."""

    name = "dispatcher"
    dispatch = EventDispatcher()

    @http("POST", "/dispatch/<int:milliseconds>")
    def run(self, request: Any, milliseconds: int) -> str:
        event, pool, begun = json.loads(request.get_data()), GreenPool(20), time.perf_counter()
        end = begun + milliseconds / 1000

        def publish(_greenlet: int) -> int:
            count = 0
            while time.perf_counter() < end:
                self.dispatch("accounts.account_registered.v1", event)
                count += 1
            return count

        return json.dumps({"events": sum(pool.imap(publish, range(20))), "seconds": time.perf_counter() - begun})
