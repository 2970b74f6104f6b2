"""RPC out: `rpc = RpcClient()` lets a service's methods call operations of other services.

Requests are transient and mandatory (no such service is known at once) and carry a deadline; answers come back by RabbitMQ's
direct reply-to, or to a queue of our own on the in-memory transport. When the connection is lost, every waiting call fails at
once: reads may be asked again, commands too, since their command id makes them once.
"""

from __future__ import annotations

import itertools
import time
import uuid
from collections import Counter
from collections.abc import Mapping
from typing import Any

from eventlet.event import Event
from nameko.extensions import DependencyProvider, SharedExtension

from shared.contracts.operations import Operation
from shared.kit.actor import Actor
from shared.kit.errors import Unavailable
from shared.platform import context, wire
from shared.platform.calls import Call, actor_data, on_behalf_of, read_error
from shared.platform.link import Link
from shared.platform.rpc import PING
from shared.platform.settings import settings
from shared.platform.telemetry.metrics import RPC_CLIENT, Timed
from shared.platform.topology import rpc_queue

DIRECT_REPLY = "amq.rabbitmq.reply-to"

_LOST = {"kind": "unavailable", "code": "broker_unavailable", "message": "The message bus was lost; try again shortly.", "errors": {}, "data": {}}


class RpcBus(SharedExtension):
    """A container's one link for calls, and the calls that wait for their answer."""

    def setup(self) -> None:
        self.waiting: dict[str, tuple[str, Event]] = {}
        self.in_flight: Counter[str] = Counter()
        self.ids = itertools.count()
        self.prefix = uuid.uuid4().hex
        self.reply_to = f"reply.{self.prefix}" if settings().embedded else DIRECT_REPLY
        self.service = self.container.service_name
        self.link = Link(settings().broker_of(self.service), f"{self.service} calls", self._consume, self._fail_all, self._returned)

    def start(self) -> None:
        self.link.start(self.container.spawn_managed_thread)

    def stop(self) -> None:
        self.link.stop()

    def call(self, service: str, operation: str, body: Mapping[str, Any], timeout: float) -> Any:
        """The result; a TradeError as the service answered it, Unavailable on a timeout or where nobody serves it.

        The time runs from here: nothing on the way waits for the broker.
        """
        if self.link.blocked:
            raise Unavailable("broker_unavailable", "The message bus takes nothing at the moment; try again shortly.")
        key = f"{self.prefix}-{next(self.ids)}"
        answered = Event()
        request = wire.encode({**body, "until": time.time() + timeout})
        self.waiting[key] = (service, answered)
        try:
            self.link.publish(
                request,
                rpc_queue(service),
                headers={"operation": operation},
                mandatory=True,
                correlation_id=key,
                reply_to=self.reply_to,
                expiration=str(int(timeout * 1000)),
            )
            answer = answered.wait(timeout)
        finally:
            self.waiting.pop(key, None)
        if answer is None:
            raise Unavailable("service_timeout", f"The {service} service did not answer in time; try again shortly.")
        if error := answer.get("error"):
            raise read_error(error)
        return answer["result"]

    def bounded_call(self, service: str, operation: str, body: Mapping[str, Any], timeout: float) -> Any:
        """The same, but Unavailable at once while too many calls to the service are under way: so that what is accepted is still answered in time."""
        if self.in_flight[service] >= settings().rpc_in_flight:
            raise Unavailable("overloaded", f"The {service} service has all the work it can do; try again shortly.")
        self.in_flight[service] += 1
        try:
            return self.call(service, operation, body, timeout)
        finally:
            self.in_flight[service] -= 1

    def _consume(self, channel: Any) -> None:
        if settings().embedded:
            channel.channel.queue_declare(queue=self.reply_to, exclusive=True, auto_delete=True)
        self.link.consume(channel, self.reply_to, self._answered)

    def _answered(self, message: Any) -> None:
        if call := self.waiting.get(message.properties.get("correlation_id")):
            call[1].send(wire.decode(message.body))

    def _returned(self, message: Any) -> None:
        if call := self.waiting.get(message.properties.get("correlation_id")):
            service, answered = call
            answered.send({"error": _LOST | {"code": "service_unavailable", "message": f"The {service} service is not there; try again shortly."}})

    def _fail_all(self) -> None:
        waiting, self.waiting = self.waiting, {}
        for _service, answered in waiting.values():
            answered.send({"error": _LOST})


class Caller:
    """What a service's method calls others with."""

    def __init__(self, bus: RpcBus) -> None:
        self._bus = bus

    def call(
        self,
        operation: Operation,
        data: Mapping[str, Any],
        call: Call | None = None,
        *,
        actor: Actor | None = None,
        command_id: str = "",
        timeout: float | None = None,
    ) -> Any:
        """The operation's answer as JSON; its TradeErrors as they are.

        `data` is JSON. The actor is that of `call`, as `on_behalf_of`, or `actor`. A timeout is in seconds. Unavailable where there is no answer.
        """
        labels, name = (self._bus.service, operation.service, operation.name), f"{operation.service}.{operation.name}"
        traced = {"rpc.system": "tradelane", "rpc.service": operation.service, "rpc.method": operation.name}
        with Timed(RPC_CLIENT, labels, name, "client", context.current(), traced) as work:
            body = {
                "data": data,
                "actor": actor_data(on_behalf_of(call.actor) if call else actor),
                "command_id": command_id,
                "context": work.context.as_data(),
            }
            return self._bus.bounded_call(operation.service, operation.name, body, timeout or settings().rpc_timeout)

    def ping(self, service: str, timeout: float = 2.0) -> None:
        """Returns where the service and its database answer; Unavailable otherwise."""
        self._bus.call(service, PING, {}, timeout)


class RpcClient(DependencyProvider):
    bus = RpcBus()

    def get_dependency(self, worker_ctx: Any) -> Caller:
        return Caller(self.bus)
