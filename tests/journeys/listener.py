"""A client of the stream of events: reads in a thread of its own, and comes back where it was."""

from __future__ import annotations

import json
import threading
import time
from typing import Any

import requests

from tradelane.client import Client
from tradelane.demo.trade import Json


class Listener:
    """`told` are the events with their ids, as they came. `url` may be another gateway's; `last` goes on behind that id."""

    def __init__(self, client: Client, url: str = "", last: int | None = None, **query: str) -> None:
        self.told: list[tuple[int, Json]] = []
        headers = {"Authorization": client.session.headers["Authorization"]} | ({} if last is None else {"Last-Event-ID": str(last)})
        self.answer: Any = requests.get(f"{url or client.url}/v1/events", params=query, headers=headers, stream=True, timeout=60)
        assert self.answer.status_code == 200, self.answer.text
        self.thread = threading.Thread(target=self._read, daemon=True)
        self.thread.start()

    @property
    def last(self) -> int:
        return self.told[-1][0]

    @property
    def types(self) -> list[str]:
        return [event["type"] for _, event in self.told]

    def hears(self, type: str, times: int = 1, seconds: float = 20) -> None:
        """Wait until it has heard of such an event so often."""
        deadline = time.monotonic() + seconds
        while self.types.count(type) < times:
            assert time.monotonic() < deadline, f"not told of {type}: {self.types}"
            time.sleep(0.02)

    def ended(self, seconds: float = 20) -> bool:
        """Whether the stream ends by itself within the time."""
        self.thread.join(seconds)
        return not self.thread.is_alive()

    def leave(self) -> None:
        self.answer.raw._fp.fp.raw._sock.shutdown(2)  # requests has no other way to end a read that another thread waits in
        self.thread.join(10)

    def _read(self) -> None:
        position = 0
        try:
            for line in self.answer.iter_lines(chunk_size=1):
                name, _, value = line.decode().partition(": ")
                if name == "id":
                    position = int(value)
                elif name == "data":
                    self.told.append((position, json.loads(value)))
        except requests.RequestException:
            return
