"""`GET /v1/events`: the caller's events as server-sent events, for as long as they listen and may.

Nothing is kept for a stream: it reads on in its owner's tables when its client has taken what was sent before, from where that client is.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from services.gateway.application.identity import Keys, caller
from services.gateway.application.limiting import Limits, known
from services.gateway.application.reading import read_data
from services.gateway.application.route import Route
from services.gateway.application.streams import Seat, Streams
from shared.kit.errors import Malformed, TradeError, Unavailable
from shared.platform.client import Caller
from shared.platform.web import Ongoing, Request
from shared.platform.wire import encode

KEEP_ALIVE = 15.0
"""Seconds of silence after which a comment is sent, so that nobody on the way takes the connection for dead, and who may listen is looked at again."""
PAUSE = 1.0
"""Seconds until what could not be asked is asked again."""
PATIENCE = 5.0
"""Seconds in which it must be known where new events begin."""
RECONNECT = 2000
"""Milliseconds after which a client that lost us is to come back."""

COMMENT = b":\n\n"

_POSITION = re.compile(r"\d{1,18}", re.ASCII)

Ask = Callable[[int, int], Any]
"""The caller's `TradeEvents` behind a position and up to another."""


def follow(route: Route, request: Request, rpc: Caller, keys: Keys, limits: Limits, streams: Streams) -> Ongoing:
    """The stream from `Last-Event-ID` on, or of what happens from now on. What can be refused is refused before it begins."""
    actor, check = known(route, request, rpc, keys, limits), partial(caller, request, keys, rpc)
    assert actor  # the route is not public
    last, chosen = request.headers.get("Last-Event-ID", ""), read_data(route, request)
    if last and not _POSITION.fullmatch(last):
        raise Malformed("last_event_id_malformed", "Last-Event-ID takes the id of an event of this stream, a number.")

    def ask(after: int, until: int) -> Any:
        return rpc.call(route.operation, {**chosen, "after": after, "until": until}, actor=check())

    answer = Ongoing(content_type="text/event-stream; charset=utf-8", headers={"X-Accel-Buffering": "no"})  # nginx would keep it until it has much of it
    seat = streams.take(actor, answer.bell.ring, rpc)
    answer.call_on_close(partial(streams.leave, seat))
    try:
        horizon = _horizon(seat, answer)
        first = ask(int(last) if last else horizon, horizon)
    except BaseException:
        answer.close()
        raise
    answer.response = _parts(answer, seat, ask, check, first)
    return answer


def _horizon(seat: Seat, answer: Ongoing) -> int:
    if seat.horizon is None:
        answer.bell.wait(PATIENCE)
    if seat.horizon is None:
        raise Unavailable("events_unavailable", "Events cannot be told at the moment; try again shortly.")
    return seat.horizon


def _parts(answer: Ongoing, seat: Seat, ask: Ask, check: Callable[[], Any], page: Any) -> Iterator[bytes]:
    """Ends when nobody listens any more, or whoever does may not. Services that are away are waited for."""
    yield f"retry: {RECONNECT}\n\n".encode() + _told(page)
    after, spoken = page["position"], time.monotonic()
    while not answer.over:
        part = b""
        try:
            if seat.horizon is not None and seat.horizon > after:
                page = ask(after, seat.horizon)
                after, part = page["position"], _told(page)
            else:
                answer.bell.wait(max(0.001, spoken + KEEP_ALIVE - time.monotonic()))
                check()
        except Unavailable:
            answer.bell.wait(PAUSE)
        except TradeError:
            return
        if part or time.monotonic() >= spoken + KEEP_ALIVE:
            yield part or COMMENT
            spoken = time.monotonic()


def _told(page: Any) -> bytes:
    """Each event as the CloudEvent in JSON, its position as the id to go on behind."""
    return b"".join(b"id: %d\ndata: %s\n\n" % (event.pop("position"), encode(event)) for event in page["items"])
