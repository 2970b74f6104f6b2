"""One request, whatever its route: who asks, for what; the operation is called, and its answer awaited as long as the caller prefers."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import eventlet
from werkzeug.wrappers import Response

from services.gateway.application.identity import Keys
from services.gateway.application.limiting import Limits, known
from services.gateway.application.reading import command_id, read_data, wait_seconds
from services.gateway.application.rendering import render
from services.gateway.application.route import Route
from services.gateway.application.routes import READERS
from shared.contracts.accounts import CHECK_PASSWORD
from shared.contracts.operations import Operation
from shared.contracts.orders import SAVE_DRAFT
from shared.kit.actor import Actor
from shared.kit.errors import Forbidden, Invalid, Unavailable
from shared.platform.client import Caller
from shared.platform.settings import settings
from shared.platform.web import Request

SHORTEST_PAUSE, LONGEST_PAUSE = 0.02, 0.2
"""Seconds between two looks at what is awaited."""
MOST_HELD = 50
"""Answers that are held for one account at a time. A further one is given as it stands, which a preference allows."""
MOST_HELD_TOGETHER = 2 / 5
"""Of the connections, so that however many accounts together do not hold all; streams of events may have as many."""

_held: Counter[str] = Counter()


def handle(route: Route, request: Request, rpc: Caller, keys: Keys, limits: Limits) -> Response:
    """The response to a request for the route; every error is a TradeError or one of Werkzeug's."""
    actor = known(route, request, rpc, keys, limits)
    data = read_data(route, request)
    said = data[route.body_as] if route.body_as else data
    if actor is not None and "password" in said:
        limits.count_password(request, actor)
        actor = _take_password(route, said, actor, rpc)
    command = command_id(request, actor) if route.operation.writes else ""
    try:
        answer = rpc.call(route.operation, data, actor=actor, command_id=command)
    except Forbidden as error:
        if error.code == "password_required":  # the password is a field of our form, and it is missing
            raise Invalid(error.code, error.message, error.errors) from error
        raise
    reader = READERS.get(route.operation.answer)
    seconds = wait_seconds(request) if reader and actor and _may_hold(actor) else None
    if reader and actor and seconds is not None:
        with _holding(actor):
            answer = _awaited(reader, answer, actor, rpc, request, seconds)
    response = render(route, request, answer)
    if seconds is not None:
        response.headers["Preference-Applied"] = f"wait={seconds}"
    return response


def _take_password(route: Route, said: dict[str, Any], actor: Actor, rpc: Caller) -> Actor:
    """The caller's own password goes no further than here, unless it is for its owner: it is checked (not for a draft), and the actor counts as asked again."""
    if not (route.body_as or route.asks_password):
        return actor
    password = said.pop("password")
    if route.operation is SAVE_DRAFT:
        return actor
    rpc.call(CHECK_PASSWORD, {"password": password}, actor=actor)
    return replace(actor, reauthenticated=True)


def _may_hold(actor: Actor) -> bool:
    return _held[actor.id] < MOST_HELD and _held.total() < settings().http_connections * MOST_HELD_TOGETHER


@contextmanager
def _holding(actor: Actor) -> Iterator[None]:
    _held[actor.id] += 1
    try:
        yield
    finally:
        _held[actor.id] -= 1
        if not _held[actor.id]:
            del _held[actor.id]


def _awaited(reader: Operation, answer: dict[str, Any], actor: Actor, rpc: Caller, request: Request, seconds: int) -> dict[str, Any]:
    """The answer once it awaits nothing more, or as it stands when the time is over, the server stops or it cannot be read again."""
    deadline, pause = time.monotonic() + seconds, SHORTEST_PAUSE
    while answer["awaiting"] and (left := deadline - time.monotonic()) > 0 and not request.stopping():
        eventlet.sleep(min(pause, left))
        pause = min(pause * 1.5, LONGEST_PAUSE)
        try:
            answer = rpc.call(reader, {"id": answer["id"]} if "id" in reader.request._declared_fields else {}, actor=actor)
        except Unavailable:
            return answer
    return answer
