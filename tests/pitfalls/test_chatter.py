"""What a call costs on the wire."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest

from shared.platform.settings import Settings
from tests.pitfalls.bus import Bus
from tests.pitfalls.children import Children
from tests.pitfalls.wiretap import Wiretap

CALLS = 10


@pytest.fixture
def tap(broker: Settings, children: Children) -> Iterator[Wiretap]:
    """What the children send."""
    port = urlsplit(broker.broker).port or 5672
    tap = Wiretap(port)
    children.broker = broker.broker.replace(f":{port}/", f":{tap.port}/")
    yield tap
    tap.close()


def sent(tap: Wiretap, call: Callable[[str], Any]) -> Counter[str]:
    """What a service sends that answers so many calls, each with the help of another call."""
    call("the first")  # connects and declares
    before = tap.sent.copy()
    for number in range(CALLS):
        call(str(number))
    return tap.sent - before


def test_stock_declares_its_reply_queue_at_every_call_and_has_the_broker_confirm_every_message(bus: Bus, children: Children, tap: Wiretap) -> None:
    children.stock("Stock")
    counted = sent(tap, lambda word: bus.result(bus.ask_stock("nest", word)))
    assert (counted["queue.declare"], counted["basic.publish"]) == (CALLS, 3 * CALLS)
    assert abs(counted["confirm"] - 3 * CALLS) <= 1, "the last one may still be on its way"


def test_ours_declares_nothing_and_has_nothing_confirmed(bus: Bus, children: Children, tap: Wiretap) -> None:
    children.ours()
    counted = sent(tap, lambda word: bus.result(bus.ask("nest", word=word)))
    assert counted == {"basic.publish": 3 * CALLS}, "a call, its answer, and the answer to us"
