"""Nameko as it comes: its HTTP entrypoint, RPC proxy, RPC entrypoint and event dispatcher, run by `nameko run`."""

from __future__ import annotations

import json
from typing import Any

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
