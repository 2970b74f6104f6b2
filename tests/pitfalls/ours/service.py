"""The service. It goes by a name that the topology knows."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from marshmallow import fields

from shared.contracts.fields import Shape
from shared.contracts.operations import Empty, Operation
from shared.kit.errors import Unavailable
from shared.platform.calls import Call
from shared.platform.client import RpcClient
from shared.platform.consumer import consumes
from shared.platform.database import Transaction
from shared.platform.rpc import rpc
from shared.platform.store import Store
from shared.platform.wire import Event
from tests.pitfalls.bus import EVENT, SERVICE
from tests.pitfalls.children import tell, wait_for_file


class Work(Shape):
    word = fields.String()
    seconds = fields.Float(load_default=0)
    after = fields.String(load_default="")


class Ask(Shape):
    service = fields.String()
    timeout = fields.Float()
    after = fields.String(load_default="")


class Answer(Shape):
    value = fields.Raw()


WORK = Operation(SERVICE, "work", Work, Answer)
FAIL = Operation(SERVICE, "fail", Empty, Answer)
NEST = Operation(SERVICE, "nest", Work, Answer)
ASK = Operation(SERVICE, "ask", Ask, Answer)
WHO = Operation(SERVICE, "who", Empty, Answer)
EMIT = Operation(SERVICE, "emit", Empty, Answer, writes=True)


def work(word: str, seconds: float = 0, after: str = "") -> None:
    tell("began", word)
    wait_for_file(after)
    time.sleep(seconds)
    tell("did", word)


def emit(tx: Transaction, call: Call) -> Mapping[str, Any]:
    tx.emit("accounts.account_registered.v1", "account-1", {"account_id": "0" * 32, "name": "A", "roles": [], "country": "DE"})
    return {"value": "emitted"}


class Ours:
    name = SERVICE
    store = Store()
    bus = RpcClient()

    @rpc(WORK)
    def work(self, call: Call) -> Mapping[str, Any]:
        work(**call.data)
        return {"value": call.data["word"]}

    @rpc(FAIL)
    def fail(self, call: Call) -> Mapping[str, Any]:
        raise ConnectionError("could not connect to database.internal:5432")

    @rpc(NEST)
    def nest(self, call: Call) -> Mapping[str, Any]:
        tell("began", call.data["word"])
        answer: Mapping[str, Any] = self.bus.call(WORK, {"word": call.data["word"]})
        return answer

    @rpc(ASK)
    def ask(self, call: Call) -> Mapping[str, Any]:
        """Call a service that does not answer, with a deadline."""
        tell("began to ask")
        wait_for_file(call.data["after"])
        tell("asks", call.data["service"])
        try:
            self.bus.call(Operation(call.data["service"], "anything", Empty, Empty), {}, timeout=call.data["timeout"])
        except Unavailable as error:
            tell("told", error.code)
            raise
        return {}

    @rpc(WHO)
    def who(self, call: Call) -> Mapping[str, Any]:
        return {"value": call.actor and call.actor.id}

    @rpc(EMIT)
    def emit(self, call: Call) -> Mapping[str, Any]:
        return self.store.write(call, emit)

    @consumes([EVENT])
    def react(self, tx: Transaction, event: Event) -> None:
        work(**event.raw)
        if event.raw["word"] == "poison":
            raise RuntimeError("the handler failed")
