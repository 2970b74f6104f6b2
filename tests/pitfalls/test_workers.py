"""More work than workers: two of each kind, and two long jobs."""

from __future__ import annotations

import json
from pathlib import Path

from tests.pitfalls.bus import Bus
from tests.pitfalls.children import Children

TWO = {"RPC_WORKERS": "2", "EVENT_WORKERS": "2"}
LONG = 3.0  # seconds; an answer comes at once or not before


def test_stock_calls_that_wait_for_calls_lock_their_service_up(bus: Bus, children: Children, tmp_path: Path) -> None:
    both_began = tmp_path / "both began"
    service = children.stock("Stock", max_workers=2)
    assert bus.result(bus.ask_stock("nest", "alone")) == "alone"
    calls = [bus.ask_stock("nest", word, str(both_began)) for word in ("one", "other")]
    for word in ("one", "other"):
        service.wait_for(f"began {word}")
    both_began.touch()  # had one asked at once, the other's worker might have been free to answer
    assert bus.answer(bus.ask_stock("work", "a third"), LONG) is None
    assert [bus.answer(call, 0) for call in calls] == [None, None]


def test_ours_is_free_again_when_their_deadline_is_over(bus: Bus, children: Children) -> None:
    """A service that calls itself breaks a rule (no cycles of calls); it costs the calls, not the service."""
    calls = [bus.ask("nest", word=word) for word in ("one", "other")]  # before there is a service, so that it begins both at once
    children.ours(**TWO, RPC_TIMEOUT="2")
    for call in calls:
        answer = bus.answer(call)
        assert answer
        assert answer["error"]["code"] == "service_timeout"
    assert bus.result(bus.ask("work", word="a third")) == {"value": "a third"}


def test_stock_events_keep_calls_waiting(bus: Bus, children: Children) -> None:
    service = children.stock("Stock", max_workers=2)
    for word in ("one", "other"):
        bus.send("shop.events", "placed", json.dumps({"word": word, "seconds": LONG}).encode())
    for word in ("one", "other"):
        service.wait_for(f"began {word}")
    call = bus.ask_stock("work", "a call")
    assert bus.result(call) == "a call"
    assert "did one" in service.told[: service.told.index("began a call")]


def test_ours_has_workers_for_calls_and_workers_for_events(bus: Bus, children: Children, tmp_path: Path) -> None:
    service = children.ours(**TWO)
    for word in ("one", "other"):
        bus.emit(word, word=word, after=str(tmp_path / "never"))
    for word in ("one", "other"):
        service.wait_for(f"began {word}")
    assert bus.result(bus.ask("work", word="a call")) == {"value": "a call"}
    assert not service.count("did one")
