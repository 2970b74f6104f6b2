"""The AMQP 0-9-1 frames in which messages travel, written and read directly: publish and acknowledge out, deliveries and returns in.

All else on a connection (opening, consuming, closing, errors) stays py-amqp's: its frames are handed on as they are. Why: `docs/adr/0008-the-request-path.md`.
Nothing here knows of sockets.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from struct import Struct
from typing import Any

from amqp.exceptions import UnexpectedFrame
from amqp.serialization import loads

METHOD, HEADER, BODY = 1, 2, 3
END = b"\xce"
HEARTBEAT = b"\x08\0\0\0\0\0\0" + END
DELIVER, RETURN, CLOSE_OK = b"\0\x3c\0\x3c", b"\0\x3c\0\x32", b"\0\x0a\0\x33"

_FRAME = Struct(">BHI")  # type, channel, size; then the payload and END
_CONTENT = Struct(">HHQH")  # class, weight, body size, flags; then the properties
_PUBLISH, _ACK = b"\0\x3c\0\x28\0\0", Struct(">BHIIQBB")
_SIZE, _TAG = Struct(">I"), Struct(">Q")

_CONTENT_TYPE, _ENCODING, _HEADERS = 0x8000, 0x4000, 0x2000
_DELIVERY_MODE, _CORRELATION_ID, _REPLY_TO, _EXPIRATION, _MESSAGE_ID = 0x1000, 0x0400, 0x0200, 0x0100, 0x0080
_PROPERTIES = (
    ("content_type", _CONTENT_TYPE, "s"),
    ("content_encoding", _ENCODING, "s"),
    ("headers", _HEADERS, "F"),
    ("delivery_mode", _DELIVERY_MODE, "o"),
    ("priority", 0x0800, "o"),
    ("correlation_id", _CORRELATION_ID, "s"),
    ("reply_to", _REPLY_TO, "s"),
    ("expiration", _EXPIRATION, "s"),
    ("message_id", _MESSAGE_ID, "s"),
    ("timestamp", 0x0040, "L"),
    ("type", 0x0020, "s"),
    ("user_id", 0x0010, "s"),
    ("app_id", 0x0008, "s"),
    ("cluster_id", 0x0004, "s"),
)
"""In the order of the wire: name, flag, and the kind as py-amqp names it."""


def publish(
    channel: int,
    frame_max: int,
    body: bytes,
    exchange: str,
    routing_key: str,
    mandatory: bool = False,
    headers: tuple[tuple[str, str], ...] = (),
    persistent: bool = False,
    correlation_id: str = "",
    reply_to: str = "",
    expiration: str = "",
    message_id: str = "",
) -> bytes:
    """A JSON message's frames, none larger than `frame_max`. What is empty is left out."""
    flags, properties = _CONTENT_TYPE | _ENCODING, b"\x10application/json\x05utf-8"
    if headers:
        flags |= _HEADERS
        properties += _table(headers)
    if persistent:
        flags |= _DELIVERY_MODE
        properties += b"\2"
    for flag, value in ((_CORRELATION_ID, correlation_id), (_REPLY_TO, reply_to), (_EXPIRATION, expiration), (_MESSAGE_ID, message_id)):
        if value:
            flags |= flag
            properties += _short(value)
    size, most = len(body), frame_max - 8
    head = (_publish(channel, exchange, routing_key, mandatory), _FRAME.pack(HEADER, channel, 14 + len(properties)), _CONTENT.pack(60, 0, size, flags))
    if 0 < size <= most:
        return b"".join((*head, properties, END, _FRAME.pack(BODY, channel, size), body, END))
    parts = (body[start : start + most] for start in range(0, size, most))
    return b"".join((*head, properties, END, *(_FRAME.pack(BODY, channel, len(part)) + part + END for part in parts)))


def ack(channel: int, tag: int, multiple: bool = False) -> bytes:
    """Acknowledges one delivery, or all up to it."""
    return _ACK.pack(METHOD, channel, 13, 0x3C0050, tag, multiple, 0xCE)


@lru_cache(1024)
def _publish(channel: int, exchange: str, routing_key: str, mandatory: bool) -> bytes:
    payload = _PUBLISH + _short(exchange) + _short(routing_key) + (b"\1" if mandatory else b"\0")
    return _FRAME.pack(METHOD, channel, len(payload)) + payload + END


def _table(items: tuple[tuple[str, str], ...]) -> bytes:
    """A table of texts."""
    parts: list[bytes] = []
    for name, text in items:
        value = text.encode()
        parts += (_name(name), _SIZE.pack(len(value)), value)
    table = b"".join(parts)
    return _SIZE.pack(len(table)) + table


@lru_cache(256)
def _name(name: str) -> bytes:
    """The name of a text in a table; the same few are sent all day."""
    return _short(name) + b"S"


def _short(text: str) -> bytes:
    data = text.encode()
    if len(data) > 255:
        raise ValueError("longer than AMQP's short strings may be")
    return bytes((len(data),)) + data


class Content:
    """A message that came: delivered (to `consumer`, as `tag`), or given back to its publisher (`consumer` is empty)."""

    __slots__ = ("_header", "_properties", "acknowledged", "body", "channel", "consumer", "tag")

    def __init__(self, channel: Any, method: bytes, header: bytes, body: bytes) -> None:
        self.channel, self.body, self.acknowledged = channel, body, False
        self._header = header
        self._properties: dict[str, Any] | None = None
        self.consumer, self.tag = "", 0
        if method[:4] == DELIVER:
            end = 5 + method[4]
            self.consumer, self.tag = method[5:end].decode(), _TAG.unpack_from(method, end)[0]

    @property
    def properties(self) -> dict[str, Any]:
        """Read when first asked for; whatever is raised by rubbish."""
        if self._properties is None:
            self._properties = properties(self._header)
        return self._properties

    @property
    def headers(self) -> dict[str, Any]:
        return self.properties.get("headers") or {}

    @property
    def content_type(self) -> str | None:
        return self.properties.get("content_type")


def properties(header: bytes) -> dict[str, Any]:
    """The properties in a content header's payload. Text that is no UTF-8 comes with replacements."""
    flags, at = (header[12] << 8) | header[13], 14
    if flags & 1:
        raise ValueError("properties that AMQP 0-9-1 does not have")
    found: dict[str, Any] = {}
    for name, flag, kind in _PROPERTIES:
        if flags & flag:
            if kind == "s":
                end = at + 1 + header[at]
                found[name] = header[at + 1 : end].decode(errors="replace")
            elif kind == "F":
                end = at + 4 + _SIZE.unpack_from(header, at)[0]
                found[name] = dict(_read_table(header[at:end]))
            else:
                values, end = loads(kind, header, at)
                found[name] = values[0]
            at = end
    if at > len(header):
        raise ValueError("properties that are cut off")
    return found


@lru_cache(256)
def _read_table(data: bytes) -> dict[str, Any]:
    return loads("F", data, 0)[0][0]  # type: ignore[no-any-return]


class Reader:
    """Turns what is received into messages of one channel (to `content`) and frames that are py-amqp's (to `other`)."""

    def __init__(self, channel: Any, frame_max: int, content: Callable[[Content], None], other: Callable[[tuple[int, int, bytes]], Any]) -> None:
        self._channel, self._id, self._most = channel, channel.channel_id, frame_max - 8
        self._content, self._other = content, other
        self._left = b""
        self._method, self._header, self._missing = b"", b"", 0
        self._parts: list[bytes] = []

    def feed(self, data: bytes) -> None:
        """Takes bytes as they come, cut anywhere."""
        if self._left:
            data = self._left + data
        at, length, unpack = 0, len(data), _FRAME.unpack_from
        while length - at >= 8:
            kind, channel, size = unpack(data, at)
            if size > self._most:
                raise UnexpectedFrame("larger than was agreed")
            end = at + 7 + size
            if end >= length:
                break
            if data[end] != 0xCE:
                raise UnexpectedFrame("a frame without its end")
            payload = data[at + 7 : end]
            at = end + 1
            if channel == self._id and (self._method or (kind == METHOD and payload[:4] in (DELIVER, RETURN))):
                self._take(kind, payload)
            else:
                self._other((kind, channel, payload))
        self._left = data[at:]

    def _take(self, kind: int, payload: bytes) -> None:
        if kind == METHOD and not self._method:
            self._method = payload
            return
        if kind == HEADER and not self._header:
            self._header, self._missing = payload, _TAG.unpack_from(payload, 4)[0]
        elif kind == BODY and self._header and len(payload) <= self._missing:
            self._parts.append(payload)
            self._missing -= len(payload)
        else:
            raise UnexpectedFrame(f"a frame of type {kind} within a message")
        if not self._missing:
            content = Content(self._channel, self._method, self._header, b"".join(self._parts))
            self._method, self._header, self._parts = b"", b"", []
            self._content(content)
