"""RPC in: `@rpc(operation)` makes a service's method answer calls from the bus.

A message names the operation in its headers and carries data, actor and command id; the answer goes to its `reply_to`. A message
is acknowledged once its answer is on its way, so that a killed worker's call is done by another. What cannot be answered
(no reply address, not JSON, past its caller's deadline) is dropped with a log line: nobody waits for it, and a command is safe to send again.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from functools import wraps
from typing import Any

import eventlet
from nameko.extensions import Entrypoint, SharedExtension, register_entrypoint

from shared.contracts.dumping import dump
from shared.contracts.operations import Operation
from shared.contracts.validation import arriving, load
from shared.kit.errors import NotFound
from shared.platform import context, crashpoints, wire, workers
from shared.platform.calls import Call, check_key, error_data, fingerprint, read_actor
from shared.platform.commands import Answer
from shared.platform.link import Link
from shared.platform.settings import settings
from shared.platform.store_base import Base
from shared.platform.telemetry.metrics import RPC_SERVER, Timed
from shared.platform.telemetry.tracing import outcome_of
from shared.platform.topology import rpc_queue

log = logging.getLogger(__name__)

PING = "ping"
CLOCKS_DIFFER = 2.0
"""Seconds that the clocks of two machines may differ without a call being taken for late."""


class RpcServer(SharedExtension):
    """A container's one consumer of its RPC queue."""

    base = Base()

    def __init__(self) -> None:
        super().__init__()
        self.begun = False
        self.entrypoints: dict[str, Rpc] = {}  # here, since extensions are set up in no order

    def setup(self) -> None:
        self.working = 0
        self.draining = False
        self.link = Link(settings().broker_of(self.container.service_name), f"{self.container.service_name} rpc", self._consume)

    def begin(self) -> None:
        """Called by each entrypoint when the container starts; the first call starts the link."""
        if not self.begun:  # said before anything that yields: all entrypoints start at the same time
            self.begun = True
            self.link.start(self.container.spawn_managed_thread)

    def drain(self) -> None:
        """Take no more calls, wait for those at work, close. Called by each entrypoint on stop; all return when it is done."""
        if not self.draining:
            self.draining = True
            self.link.cancel()
        deadline = eventlet.Timeout(settings().drain_timeout, False)
        with deadline:
            while self.working:
                eventlet.sleep(0.01)
        self.link.stop()

    def _consume(self, channel: Any) -> None:
        self.link.consume(channel, rpc_queue(self.container.service_name), self._receive, prefetch=settings().rpc_workers)

    def _receive(self, message: Any) -> None:
        if self.draining:
            return  # not acknowledged: it goes to another replica when the connection closes
        name, reply_to = message.headers.get("operation"), message.properties.get("reply_to")
        try:
            body = wire.decode(message.body)
        except ValueError as error:
            log.error("rpc message dropped: %s", error)
            self.link.settle(message)
            return
        if not reply_to:
            log.error("rpc message dropped: it has no reply address (operation %s)", name)
            self.link.settle(message)
            return
        if _is_late(body):
            log.warning("call of %s skipped: its caller waits no longer", name)
            self.link.settle(message)
            return
        self.working += 1
        self.container.spawn_managed_thread(lambda: self._work(message, name, body, reply_to), "call")

    def _work(self, message: Any, name: Any, body: dict[str, Any], reply_to: str) -> None:
        try:
            answer = self._answer(name, body)
            crashpoints.reach("before_reply")
            self.link.publish(answer, reply_to, correlation_id=message.properties.get("correlation_id", ""))
            crashpoints.reach("after_reply")
        except Exception:
            log.exception("an answer could not be sent; its caller will ask again")
        finally:
            self.working -= 1
        # Also where it could not be sent: kept, the message would take a place of the prefetch window for good.
        self.link.settle(message)

    def _answer(self, name: Any, body: dict[str, Any]) -> bytes:
        try:
            entrypoint = self.entrypoints.get(name)
            answer = workers.run(entrypoint, body) if entrypoint else self._without_entrypoint(name)
            result = answer.get("result")
            return b'{"result":%s}' % result.encoded if isinstance(result, Answer) else wire.encode(answer)
        except Exception as error:  # a dependency that cannot be had, an answer that is no JSON
            return wire.encode({"error": error_data(error)})

    def _without_entrypoint(self, name: Any) -> dict[str, Any]:
        if name != PING:
            raise NotFound("no_such_operation", f"{self.container.service_name} has no operation {name}.")
        self.base.ping()
        return {"result": {"service": self.container.service_name}}


def _is_late(body: dict[str, Any]) -> bool:
    """Whether whoever asked has given up by now. A command that is skipped is safe to send again."""
    until = body.get("until")
    return isinstance(until, float) and until + CLOCKS_DIFFER < time.time()


class Rpc(Entrypoint):
    server = RpcServer()

    def __init__(self, operation: Operation) -> None:
        super().__init__()
        self.operation = operation

    def setup(self) -> None:
        workers.check(self.container)
        self.server.entrypoints[self.operation.name] = self

    def start(self) -> None:
        self.server.begin()

    def stop(self) -> None:
        self.server.drain()


def rpc(operation: Operation) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """The decorated method takes a `Call` and returns what the operation's answer schema dumps. Its errors become the answer, too."""
    labels, name = (operation.service, operation.name), f"{operation.service}.{operation.name}"
    traced = {"rpc.system": "tradelane", "rpc.service": operation.service, "rpc.method": operation.name}

    def decorate(method: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(method)
        def answer(service: Any, body: dict[str, Any]) -> dict[str, Any]:
            with Timed(RPC_SERVER, labels, name, "server", context.Context(**body.get("context") or {}), traced) as work:
                try:
                    result = method(service, read_call(operation, body))
                    return {"result": result if isinstance(result, Answer) else dump(operation.answer, result)}
                except Exception as error:
                    work.outcome = outcome_of(error)
                    return {"error": error_data(error)}

        register_entrypoint(answer, Rpc(operation))
        return answer

    return decorate


def read_call(operation: Operation, body: dict[str, Any]) -> Call:
    """The call in a message's body; Forbidden as for `check_key`, Invalid with the fields that do not fit the operation's request schema."""
    actor, data = read_actor(body.get("actor")), body.get("data")
    check_key(operation, actor)
    asked = fingerprint(operation, actor, data) if operation.writes else ""
    return Call(operation, actor, load(arriving(operation.request), data), body.get("command_id") or "", asked)
