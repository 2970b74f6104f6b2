from __future__ import annotations

import eventlet
import pytest

from shared.platform.timer import Bell


def test_a_bell_that_is_rung_ends_the_pause_at_once() -> None:
    bell = Bell()
    eventlet.spawn_after(0.01, bell.ring)
    with eventlet.Timeout(30):
        bell.wait(3600)


def test_a_bell_that_rang_meanwhile_ends_the_next_pause_and_only_that() -> None:
    bell = Bell()
    bell.ring()
    bell.ring()
    with eventlet.Timeout(30):
        bell.wait(3600)
    with pytest.raises(eventlet.Timeout), eventlet.Timeout(0.05):
        bell.wait(3600)


def test_without_a_ring_the_pause_ends_in_its_time() -> None:
    with eventlet.Timeout(30):
        Bell().wait(0.01)
