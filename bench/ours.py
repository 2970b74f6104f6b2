"""Small services of our own on the platform, run as `tradelane run` runs services: `python -m bench.ours echo|bare|gateway|accounts`.

`gateway` is the real one with one more route, which shows what it does for every request without a database behind it; `accounts` has that service's database, outbox and relay, and nothing to do but what it is asked to.
"""

from __future__ import annotations

from tradelane import up  # makes the process green, which has to come before anything else

# isort: split
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from marshmallow import fields, validate
from werkzeug.wrappers import Response

from services.gateway.application.handling import handle
from services.gateway.application.identity import Identity
from services.gateway.application.limiting import Limiting
from services.gateway.application.route import POST, Route
from services.gateway.application.routes import ROUTES
from shared.contracts.fields import Id, Money, Quantity, Shape, Text
from shared.contracts.operations import Empty, Operation
from shared.kit.ids import new_id
from shared.platform.calls import Call
from shared.platform.client import RpcClient
from shared.platform.database import Transaction
from shared.platform.rpc import rpc
from shared.platform.store import Store
from shared.platform.web import Request, http
from shared.platform.wire import encode


class Words(Shape):
    text = fields.String(required=True)


class Line(Shape):
    product_id = Id(required=True)
    quantity = Quantity(required=True)
    price = Money(required=True)


class Purchase(Shape):
    """As much to check as an order has."""

    buyer = Text(required=True)
    note = Text(longest=2000)
    lines = fields.List(fields.Nested(Line), required=True, validate=validate.Length(1, 100))


class Committed(Shape):
    at = fields.Float(required=True)  # seconds, by the machine's clock


ECHO = Operation("echo", "echo", Words, Words)
ECHO_PURCHASE = Operation("echo", "echo_purchase", Purchase, Purchase)
EMIT = Operation("accounts", "emit", Empty, Committed)


class EchoService:
    name = "echo"

    @rpc(ECHO)
    def echo(self, call: Call) -> Mapping[str, Any]:
        return call.data

    @rpc(ECHO_PURCHASE)
    def echo_purchase(self, call: Call) -> Mapping[str, Any]:
        return call.data


@dataclass(frozen=True, slots=True)
class Bare:
    method: str = "GET"
    rule: str = "/echo/<text>"
    body_limit: int | None = None


class BareService:
    """HTTP and RPC, nothing else."""

    name = "bare"
    rpc = RpcClient()

    @http(lambda: [Bare()])
    def answer(self, _endpoint: Bare, request: Request) -> Response:
        return Response(encode(self.rpc.call(ECHO, {"text": request.path_values["text"]})), content_type="application/json")


class GatewayService:
    """The gateway's own handling: who asks, is the request sound, what goes with it for tracing."""

    name = "gateway"
    rpc = RpcClient()
    identity = Identity()
    limits = Limiting()

    @http(lambda: (*ROUTES, Route(POST, "/v1/echo", ECHO_PURCHASE, "Echo")))
    def answer(self, endpoint: Route, request: Request) -> Response:
        return handle(endpoint, request, self.rpc, self.identity, self.limits)


class EventsService:
    """Publishes an event when asked, and tells when that was committed."""

    name = "accounts"
    store = Store()

    @rpc(EMIT)
    def emit(self, _call: Call) -> Mapping[str, Any]:
        self.store.run(_register)
        return {"at": time.time()}


def _register(tx: Transaction) -> None:
    account = new_id()
    tx.emit("accounts.account_registered.v1", account, {"account_id": account, "name": "A Buyer", "roles": ["buyer"], "country": "CH"})


SERVICES: dict[str, Any] = {each.name: each for each in (EchoService, BareService, GatewayService, EventsService)}

if __name__ == "__main__":
    up.service_class = lambda service: SERVICES[service]  # in all else it is the real thing
    up.run(sys.argv[1:])
