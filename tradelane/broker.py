"""RabbitMQ as the operators' commands reach it: whatever goes wrong is told in a sentence."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from kombu.transport.pyamqp import Transport

from shared.kit.errors import Unavailable
from shared.platform.link import connect

_ERRORS = (*Transport.recoverable_connection_errors, *Transport.connection_errors, *Transport.channel_errors)


@contextmanager
def broker_errors() -> Iterator[None]:
    """Make Unavailable of the many errors that the client libraries raise."""
    try:
        yield
    except _ERRORS as error:
        raise Unavailable("broker_unavailable", f"The broker does not answer as it should: {error}") from error


@contextmanager
def channel(url: str) -> Iterator[Any]:
    """A channel of its own connection. What was taken on it and not acknowledged goes back when it closes, however that comes."""
    with broker_errors(), connect(url) as connection:
        yield connection.channel()
