"""The stock services, each with no more than the pitfalls need."""

from __future__ import annotations

import os
import signal
import time
from decimal import Decimal
from typing import Any

import nameko
from nameko.contextdata import UserId
from nameko.events import EventDispatcher, event_handler
from nameko.extensions import DependencyProvider
from nameko.rpc import ServiceRpc, rpc
from nameko.web.handlers import http
from sqlalchemy import create_engine, text
from werkzeug import Request

from tests.pitfalls.children import tell, wait_for_file

ADDRESS = "database.internal:5432"


class Stock:
    name = "stock"
    user_id = UserId()
    dispatch = EventDispatcher()
    me = ServiceRpc("stock")
    payments = ServiceRpc("payments")

    @rpc
    def work(self, word: str, seconds: float = 0, after: str = "") -> str:
        tell("began", word)
        wait_for_file(after)
        time.sleep(seconds)
        tell("did", word)
        return word

    @rpc
    def fail(self) -> None:
        raise ConnectionError(f"could not connect to {ADDRESS}")

    @rpc
    def nest(self, word: str, after: str = "") -> str:
        """Answered by a call to another method of the same service."""
        tell("began", word)
        wait_for_file(after)
        return str(self.me.work(word))

    @rpc
    def ask_payments(self) -> None:
        tell("asks payments")
        self.payments.anything()

    @rpc
    def who(self) -> Any:
        return self.user_id

    @rpc
    def price(self) -> dict[str, Any]:
        return {"amount": Decimal("12.30")}

    @rpc
    def emit(self, word: str, after: str = "") -> None:
        tell("began", word)
        wait_for_file(after)
        tell("emits", word)
        self.dispatch("placed", word)
        tell("emitted", word)

    @event_handler("shop", "placed")
    def take(self, data: Any) -> None:
        self.work(**data)


class Fragile:
    """One of its dependencies cannot be set up, say since its server is away."""

    name = "stock"

    class Away(DependencyProvider):
        def worker_setup(self, worker_ctx: Any) -> None:
            raise ConnectionError(f"could not connect to {ADDRESS}")

    away = Away()

    @rpc
    def work(self, word: str) -> str:
        return word


class Forgetful:
    name = "stock"

    @event_handler("shop", "placed")
    def take(self, data: Any) -> None:
        tell("took", data)
        raise RuntimeError("the handler failed")


class Stubborn:
    name = "stock"

    @event_handler("shop", "placed", requeue_on_error=True)
    def take(self, data: Any) -> None:
        tell("took", data)
        raise RuntimeError("the handler failed")


class Listener:
    name = "listener"

    @event_handler("stock", "placed")
    def take(self, word: str) -> None:
        tell("took", word)


class Till:
    """Commits, then publishes; the first process to do it dies in between where it is told to."""

    name = "stock"
    dispatch = EventDispatcher()

    @rpc
    def pay(self) -> None:
        engine = create_engine(nameko.config["database"])
        with engine.begin() as connection:
            connection.execute(text("INSERT INTO till DEFAULT VALUES"))
        if nameko.config["dies"]:
            os.kill(os.getpid(), signal.SIGKILL)
        self.dispatch("paid", {})
        tell("paid")


class Web:
    name = "web"
    payments = ServiceRpc("payments")

    @http("GET", "/pause/<float:seconds>")
    def pause(self, request: Request, seconds: float) -> str:
        tell("began", seconds)
        time.sleep(seconds)
        return "done"

    @http("GET", "/ask-payments")
    def ask_payments(self, request: Request) -> str:
        tell("asks payments")
        return str(self.payments.anything())

    @http("POST", "/length")
    def length(self, request: Request) -> str:
        return str(len(request.get_data()))

    @http("GET", "/fail")
    def fail(self, request: Request) -> str:
        raise ConnectionError(f"could not connect to {ADDRESS}")
