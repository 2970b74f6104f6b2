"""Our frames beside py-amqp's own: what one side writes the other reads, however it is cut; what is broken is an error, never a wrong message."""

from __future__ import annotations

from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import pytest
from amqp import spec
from amqp.basic_message import Message
from amqp.exceptions import UnexpectedFrame
from amqp.method_framing import frame_handler, frame_writer
from amqp.serialization import dumps, loads
from hypothesis import given, settings, strategies as st

from shared.platform import frames
from shared.platform.frames import Content, Reader

FRAME_MAX = 4096
CHANNEL: Any = SimpleNamespace(channel_id=1)

texts = st.text(max_size=60)
names = st.text(st.characters(codec="ascii", min_codepoint=33), min_size=1, max_size=40)
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | texts, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3)
)
tables = st.dictionaries(names, values, max_size=4)
bodies = st.binary(max_size=3 * FRAME_MAX)
properties = st.fixed_dictionaries(
    {},
    optional={
        "content_type": texts,
        "content_encoding": texts,
        "delivery_mode": st.integers(0, 255),
        "priority": st.integers(0, 255),
        "correlation_id": texts,
        "reply_to": texts,
        "expiration": texts,
        "message_id": texts,
        "type": texts,
        "user_id": texts,
        "app_id": texts,
        "cluster_id": texts,
        "headers": tables,
    },
)


class Peer:
    """py-amqp's own end of a connection, without a socket."""

    def __init__(self) -> None:
        self.frame_max, self.bytes_sent, self.bytes_recv = FRAME_MAX, 0, 0
        self.sent = b""
        self.received: list[tuple[Any, ...]] = []
        self._write = frame_writer(self, SimpleNamespace(write=self._keep))
        self._take = frame_handler(self, lambda *method: self.received.append(method), content_methods=(spec.Basic.Publish,))

    def _keep(self, data: Any) -> None:
        self.sent += bytes(data)

    def deliver(self, tag: int, consumer: str, body: bytes, given: dict[str, Any]) -> None:
        message = Message(body, **{"application_headers" if name == "headers" else name: value for name, value in given.items()})
        self._write(1, 1, spec.Basic.Deliver, dumps("sLbss", (consumer, tag, False, "an exchange", "a key")), message)

    def give_back(self, body: bytes, given: dict[str, Any]) -> None:
        self._write(1, 1, spec.Basic.Return, dumps("Bsss", (312, "NO_ROUTE", "", "nobody.rpc")), Message(body, **given))

    def read(self, data: bytes) -> None:
        """Takes whole frames, as py-amqp's transport cuts them out."""
        at = 0
        while at < len(data):
            kind, channel, size = frames._FRAME.unpack_from(data, at)
            assert size <= FRAME_MAX - 8
            assert data[at + 7 + size] == 0xCE
            self._take((kind, channel, data[at + 7 : at + 7 + size]))
            at += 8 + size


def read(data: bytes, *cuts: int) -> tuple[list[Content], list[Any]]:
    """The messages and other frames in `data`, received in pieces."""
    contents: list[Content] = []
    others: list[Any] = []
    reader = Reader(CHANNEL, FRAME_MAX, contents.append, others.append)
    edges = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    for start, end in pairwise(edges):
        reader.feed(data[start:end])
    return contents, others


@settings(deadline=None, max_examples=50)
@given(st.lists(st.tuples(st.integers(0, 2**64 - 1), texts, bodies, properties), max_size=3), st.lists(st.integers(0, 2**20), max_size=6))
def test_what_py_amqp_writes_is_read_as_it_was_meant_wherever_it_is_cut(messages: list[tuple[int, str, bytes, dict[str, Any]]], cuts: list[int]) -> None:
    peer = Peer()
    for message in messages:
        peer.deliver(*message)
        peer.sent += frames.HEARTBEAT
    contents, others = read(peer.sent, *cuts)
    assert [(each.tag, each.consumer, each.body, each.properties) for each in contents] == messages
    assert others == [(8, 0, b"")] * len(messages)


@settings(deadline=None, max_examples=50)
@given(bodies, texts)
def test_what_is_given_back_has_no_consumer(body: bytes, correlation_id: str) -> None:
    peer = Peer()
    peer.give_back(body, {"correlation_id": correlation_id})
    ((content,), _) = read(peer.sent)
    assert (content.consumer, content.body, content.properties) == ("", body, {"correlation_id": correlation_id})


@settings(deadline=None, max_examples=50)
@given(
    bodies, texts, texts, st.booleans(), st.dictionaries(names, texts, max_size=12), st.booleans(),
    st.fixed_dictionaries({}, optional=dict.fromkeys(("correlation_id", "reply_to", "expiration", "message_id"), texts)),
)  # fmt: skip
def test_what_is_published_is_read_by_py_amqp_as_it_was_meant(
    body: bytes, exchange: str, key: str, mandatory: bool, headers: dict[str, str], persistent: bool, given: dict[str, str]
) -> None:
    peer = Peer()
    peer.read(frames.publish(7, FRAME_MAX, body, exchange, key, mandatory, tuple(headers.items()), persistent, **given))
    ((channel, method, arguments, message),) = peer.received
    assert (channel, method) == (7, spec.Basic.Publish)
    assert loads("Bssbb", arguments, 4)[0] == [0, exchange, key, mandatory, False]
    expected = {"application_headers": headers, "delivery_mode": 2 if persistent else None, **given}
    assert (message.body or b"") == body
    assert message.properties == {"content_type": "application/json", "content_encoding": "utf-8", **{k: v for k, v in expected.items() if v}}


@given(st.integers(0, 2**64 - 1), st.booleans())
def test_an_acknowledgement_is_read_by_py_amqp_as_it_was_meant(tag: int, multiple: bool) -> None:
    peer = Peer()
    peer.read(frames.ack(7, tag, multiple))
    ((channel, method, payload, content),) = peer.received
    assert (channel, method, content) == (7, spec.Basic.Ack, None)
    assert loads("Lb", payload, 4)[0] == [tag, multiple]


def delivered(body: bytes = b"body") -> bytes:
    peer = Peer()
    peer.deliver(1, "me", body, {"headers": {"a": "b"}})
    return peer.sent


METHOD, HEADER, BODY = (each + b"\xce" for each in delivered().split(b"\xce")[:-1])


@pytest.mark.parametrize(
    "data",
    [
        METHOD[:-1] + b"\0" + HEADER + BODY,
        b"\1\0\1\xff\xff\xff\xff" + METHOD,
        METHOD + BODY,
        METHOD + METHOD,
        METHOD + HEADER + HEADER,
        METHOD + HEADER + BODY.replace(b"\4body", b"\5body!"),
    ],
    ids=("no end", "too large", "no header", "no content", "two headers", "too much body"),
)
def test_frames_out_of_order_are_an_error(data: bytes) -> None:
    with pytest.raises(UnexpectedFrame):
        read(data)


@pytest.mark.parametrize(
    "header", [b"\0\x3c" + bytes(10) + b"\x80\0\x10application", b"\0\x3c" + bytes(10) + b"\0\1", b"\0\x3c" + bytes(10) + b"\x20\0\0\0\0\5\1aQ"]
)
def test_properties_that_cannot_be_read_are_an_error_of_their_message_alone(header: bytes) -> None:
    content = Content(CHANNEL, METHOD[7:-1], header, b"")
    with pytest.raises(Exception):  # noqa: B017, PT011  (whatever py-amqp's own reading of a table raises)
        _ = content.properties


def test_a_text_too_long_for_amqp_is_an_error() -> None:
    with pytest.raises(ValueError, match="longer"):
        frames.publish(1, FRAME_MAX, b"", "", "a" * 256)
