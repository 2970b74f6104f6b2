"""A process of green threads that takes messages over a link, as a service does; run by the tests. Tells each attempt to consume and each message."""

from __future__ import annotations

import eventlet

eventlet.monkey_patch()

import sys  # noqa: E402
from typing import Any  # noqa: E402

from shared.platform.link import Link  # noqa: E402


def main(url: str, queue: str) -> None:
    """Until it is killed."""

    def receive(message: Any) -> None:
        tell(f"message {message.body.decode()}")
        link.settle(message)

    def consume(channel: Any) -> None:
        tell("attempt")
        link.consume(channel, queue, receive, prefetch=1)

    link = Link(url, "test", consume)
    link.start(lambda work, _name: eventlet.spawn(work))
    while True:
        eventlet.sleep(1)


def tell(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
