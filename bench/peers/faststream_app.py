"""FastStream on RabbitMQ, behind Starlette on uvicorn. `python -m bench.peers.faststream_app service|gateway BROKER [PORT]`."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import uvicorn
import uvloop
from faststream import FastStream
from faststream.rabbit import Channel, RabbitBroker
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

QUEUE = "faststream.echo"


def service(broker: RabbitBroker) -> FastStream:
    """Answers."""

    @broker.subscriber(QUEUE)
    async def echo(body: dict[str, str]) -> dict[str, str]:
        return {"text": body["text"]}

    return FastStream(broker)


def application(broker: RabbitBroker) -> Starlette:
    """The gateway."""

    @asynccontextmanager
    async def connected(_application: Starlette) -> AsyncIterator[None]:
        async with broker:
            await broker.start()
            yield

    async def echo(request: Request) -> JSONResponse:
        answer = await broker.request({"text": request.path_params["text"]}, QUEUE, timeout=10)
        return JSONResponse(await answer.decode())

    return Starlette(routes=[Route("/echo/{text}", echo)], lifespan=connected)


if __name__ == "__main__":
    role, address, *port = sys.argv[1:]
    bus = RabbitBroker(address, default_channel=Channel(prefetch_count=20), logger=None)
    if role == "service":
        uvloop.run(service(bus).run())
    else:
        uvicorn.run(application(bus), port=int(port[0]), log_level="warning", access_log=False)
