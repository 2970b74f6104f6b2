from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from services.accounts.domain.lockout import FORGOTTEN, FREE, KEPT, LONGEST, count

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def waits(kind: str, times: int) -> list[float]:
    """The wait in seconds after each of so many failures, one as soon as the wait before it is over."""
    failures, at, told = 0, NOW, []
    for _ in range(times):
        failures, until = count(kind, failures, at, at)
        told.append((until - at).total_seconds())
    return told


@pytest.mark.parametrize("kind", FREE)
def test_a_few_failures_are_free_and_each_further_one_doubles_the_wait_up_to_its_longest(kind: str) -> None:
    told = waits(kind, FREE[kind] + 14)
    assert told[: FREE[kind]] == [0] * FREE[kind]
    assert told[FREE[kind] :] == [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900, 900]


def test_a_failure_is_forgotten_by_and_by_and_all_of_them_after_long_enough() -> None:
    failures, _ = count("name", 10, NOW, NOW + 3 * FORGOTTEN)
    assert failures == 8
    most = 0
    for _ in range(FREE["address"] + 50):
        most, _ = count("address", most, NOW, NOW)
    assert count("address", most, NOW, NOW + KEPT) == (1, NOW + KEPT)


def test_who_comes_again_at_the_end_of_each_wait_waits_the_longest_each_time_and_no_longer() -> None:
    failures, at, until = 0, NOW, NOW
    for _ in range(50):
        failures, until = count("name", failures, at, at := until)
    assert until - at == LONGEST == timedelta(minutes=15)
