"""Starlette on uvicorn, and aiormq tuned by hand: one channel, direct reply-to, transient requests, nothing declared or confirmed for a call.

`python -m bench.peers.tuned_aiormq service|gateway BROKER [PORT]`.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiormq
import uvicorn
import uvloop
from aiormq.abc import DeliveredMessage
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

QUEUE = "aiormq.echo"
DIRECT_REPLY = "amq.rabbitmq.reply-to"
TIMEOUT = 10.0


async def serve(broker: str) -> None:
    """The service: answers, then acknowledges, as ours does."""
    connection = await aiormq.connect(broker)
    channel = await connection.channel(publisher_confirms=False)
    await channel.basic_qos(prefetch_count=20)
    await channel.queue_declare(QUEUE, durable=True)

    async def answer(message: DeliveredMessage) -> None:
        asked = json.loads(message.body)
        asker, properties = message.header.properties, aiormq.spec.Basic.Properties(correlation_id=message.header.properties.correlation_id)
        await channel.basic_publish(json.dumps({"text": asked["text"]}).encode(), routing_key=asker.reply_to, properties=properties, wait=False)
        await channel.basic_ack(message.delivery_tag, wait=False)

    await channel.basic_consume(QUEUE, answer)
    await asyncio.Event().wait()


class Caller:
    """One connection for all requests."""

    def __init__(self) -> None:
        self.waiting: dict[str, asyncio.Future[Any]] = {}
        self.ids = itertools.count()

    async def connect(self, broker: str) -> None:
        self.connection = await aiormq.connect(broker)
        self.channel = await self.connection.channel(publisher_confirms=False)
        await self.channel.basic_consume(DIRECT_REPLY, self.answered, no_ack=True)

    async def answered(self, message: DeliveredMessage) -> None:
        if waiting := self.waiting.get(str(message.header.properties.correlation_id)):
            waiting.set_result(json.loads(message.body))

    async def call(self, body: dict[str, str]) -> Any:
        key = str(next(self.ids))
        waiting = self.waiting[key] = asyncio.get_running_loop().create_future()
        properties = aiormq.spec.Basic.Properties(correlation_id=key, reply_to=DIRECT_REPLY, delivery_mode=1)
        try:
            await self.channel.basic_publish(json.dumps(body).encode(), routing_key=QUEUE, properties=properties, mandatory=True, wait=False)
            async with asyncio.timeout(TIMEOUT):
                return await waiting
        finally:
            del self.waiting[key]


def application(broker: str) -> Starlette:
    """The gateway."""
    caller = Caller()

    @asynccontextmanager
    async def connected(_application: Starlette) -> AsyncIterator[None]:
        await caller.connect(broker)
        yield

    async def echo(request: Request) -> JSONResponse:
        return JSONResponse(await caller.call({"text": request.path_params["text"]}))

    return Starlette(routes=[Route("/echo/{text}", echo)], lifespan=connected)


if __name__ == "__main__":
    role, address, *port = sys.argv[1:]
    if role == "service":
        uvloop.run(serve(address))
    else:
        uvicorn.run(application(address), port=int(port[0]), log_level="warning", access_log=False)
