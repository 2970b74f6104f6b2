"""Dead letters that RabbitMQ keeps: what could not even reach a consumer's inbox (`<service>.dead`), and what no queue was bound for (`unrouted`).

Whatever ends the command, nothing is lost: what is looked at is taken without acknowledgement, so that the broker puts it back, and what is
replayed leaves its queue only when the broker has confirmed it elsewhere.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection
from datetime import UTC
from functools import partial
from itertools import islice
from typing import Any

from shared.platform.topology import UNROUTED, dead_letter_queue, inbox_queue
from tradelane.tables import Row

CONFIRM_TIMEOUT = 10.0
WORN = 10
"""A quorum queue throws away what it has handed out too often (20 times by RabbitMQ 4's default), looking included: before that it is put in anew."""

_HANDED_OUT = ("x-delivery-count", "x-acquired-count")


def find(channel: Any, service: str | None, ids: Collection[str], limit: int | None) -> list[Row]:
    """The letters of the service's dead-letter queue, or without a service of `unrouted`: the first `limit`, or whole those with one of the `ids`."""
    rows: list[Row] = []

    def look(message: Any) -> bool:
        if not ids:
            rows.append(_row(service, message))
        elif _id(message) in ids:
            rows.append(_row(service, message) | {"content": _content(message)})
        return False

    _go_through(channel, _queue(service), look, limit)
    return rows


def replay(channel: Any, service: str | None, ids: Collection[str]) -> set[str]:
    """Put these letters into the service's inbox queue again, or publish unrouted ones once more; the ids of those that found a queue."""

    def again(message: Any) -> None:
        sent = message.delivery_info
        exchange, key = ("", inbox_queue(service)) if service else (sent["exchange"], sent["routing_key"])
        _move(channel, message, exchange, key)

    replayed = _settle(channel, service, ids, again)
    return replayed if service else replayed - {row["id"] for row in find(channel, None, replayed, None)}


def drop(channel: Any, service: str | None, ids: Collection[str]) -> set[str]:
    """Throw these letters away; the ids of those that were there."""
    return _settle(channel, service, ids, lambda message: channel.basic_ack(message.delivery_tag))


def _settle(channel: Any, service: str | None, ids: Collection[str], how: Callable[[Any], None]) -> set[str]:
    done = set()

    def visit(message: Any) -> bool:
        if wanted := _id(message) in ids:
            how(message)
            done.add(_id(message))
        return wanted

    _go_through(channel, _queue(service), visit)
    return done


def _go_through(channel: Any, queue: str, visit: Callable[[Any], bool], limit: int | None = None) -> None:
    """Have each message that is there visited: `visit` says whether it has settled it. Others stay, by the end of the connection at the latest."""
    channel.auto_decode = False  # bodies go on byte for byte
    taken = list(islice(iter(partial(channel.basic_get, queue), None), limit))  # all of them before any can come back
    for message in taken:
        if not visit(message) and (message.headers or {}).get("x-delivery-count", 0) >= WORN:
            _move(channel, message, "", queue)


def _move(channel: Any, message: Any, exchange: str, routing_key: str) -> None:
    """Publish it there, and only when the broker has confirmed that it is in a queue take it out of this one."""
    message.properties["application_headers"] = {name: value for name, value in (message.headers or {}).items() if name not in _HANDED_OUT}
    channel.basic_publish_confirm(message, exchange=exchange, routing_key=routing_key, mandatory=True, confirm_timeout=CONFIRM_TIMEOUT)
    channel.basic_ack(message.delivery_tag)


def _queue(service: str | None) -> str:
    return dead_letter_queue(service) if service else UNROUTED


def _id(message: Any) -> str:
    """The event's id; where a foreign message has none, a digest by which it is found again."""
    return str(message.properties.get("message_id") or hashlib.sha256(message.body).hexdigest()[:16])


def _row(service: str | None, message: Any) -> dict[str, Any]:
    headers = message.headers or {}
    death = (headers.get("x-death") or [{}])[0]
    died, version = death.get("time"), str(headers.get("ce-aggregateversion"))
    return {
        "service": service,
        "place": _queue(service),
        "id": _id(message),
        "type": headers.get("ce-type") or message.delivery_info["routing_key"],
        "subject": headers.get("ce-subject"),
        "version": int(version) if version.isdecimal() else None,
        "state": "dead",
        "attempts": death.get("count"),
        "waiting": None,
        "since": died and died.replace(tzinfo=UTC),
        "next_attempt_at": None,
        "error": death.get("reason") or f"no queue was bound to {message.delivery_info['exchange']}",
        "ok": False,
    }


def _content(message: Any) -> dict[str, Any]:
    return {"headers": message.headers, "body": message.body.decode(errors="replace")}
