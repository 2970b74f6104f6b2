"""What the benchmarks make of their measurements; that they run at all is `make bench`'s to show."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from bench.comparison import Comparison, Detail
from bench.lab import Lab
from bench.load import Load, read, summary
from bench.plot import draw

PNG = b"\x89PNG\r\n"


def comparison(ours: float, peer: float, goal: float | None, better: Any = "higher") -> Comparison:
    return Comparison("echo", ours, peer, "req/s", goal, "a peer", better, Detail(10, 20))


def told(**others: Any) -> str:
    return "wrk's own words\n" + json.dumps({"requests": 300, "seconds": 3.0, "p50": 7.5, "p99": 21.0, "failed": 0} | others)


@pytest.mark.parametrize(
    ("ours", "peer", "goal", "better", "ratio", "met"),
    [
        (500, 100, 5.0, "higher", 5.0, True),
        (499, 100, 5.0, "higher", 4.99, False),
        (3, 15, 1.0, "lower", 0.2, True),
        (15, 10, 1.5, "lower", 1.5, True),
        (16, 10, 1.5, "lower", 1.6, False),
        (1, 2, None, "higher", 0.5, None),
    ],
)
def test_the_ratio_is_ours_to_the_peers_and_the_goal_its_bound(
    ours: float, peer: float, goal: float | None, better: str, ratio: float, met: bool | None
) -> None:
    seen = comparison(ours, peer, goal, better)
    assert (seen.ratio, seen.met) == (ratio, met)


def test_where_lower_is_better_a_smaller_ratio_is_more_times_better() -> None:
    assert comparison(5, 15, 1.0, "lower").times_better(1 / 3) == 3
    assert comparison(15, 5, 1.0).times_better(3) == 3


def test_a_comparison_is_json() -> None:
    data = json.loads(json.dumps(comparison(500, 100, 5.0).as_data()))
    assert data["ours_detail"] == {"p50": 10, "p99": 20}
    assert {name: data[name] for name in ("name", "ours", "peer", "unit", "ratio", "goal", "met")} == {
        "name": "echo", "ours": 500, "peer": 100, "unit": "req/s", "ratio": 5, "goal": 5, "met": True,
    }  # fmt: skip


def test_a_line_of_the_table_says_whether_the_goal_is_met() -> None:
    assert comparison(500, 100, 5.0).as_text().endswith("goal ≥ 5 ×: met")
    assert comparison(20, 10, 1.5, "lower").as_text().endswith("goal ≤ 1.5 ×: MISSED")
    assert "goal" not in comparison(20, 10, None).as_text()


def test_a_load_is_read_from_the_last_line() -> None:
    assert read(told(), "http://here") == Load(300, 100.0, 7.5, 21.0)


@pytest.mark.parametrize("wrong", [{"failed": 1}, {"requests": 0}])
def test_a_load_with_errors_or_without_answers_is_no_figure(wrong: dict[str, int]) -> None:
    with pytest.raises(RuntimeError, match="http://here: "):
        read(told(**wrong), "http://here")


def test_rounds_are_summed_up_by_their_medians() -> None:
    rounds = [Load(1, 100, 5, 50), Load(1, 300, 7, 20), Load(1, 200, 6, 30)]
    assert summary(rounds) == (200, Detail(6, 30))


def test_subjects_take_turns() -> None:
    turns: list[str] = []
    measured = Lab(rounds=2, seconds=1).interleaved({name: lambda name=name: turns.append(name) or len(turns) for name in ("ours", "peer")})  # type: ignore[misc]
    assert turns == ["ours", "peer", "ours", "peer"]
    assert measured == {"ours": [1, 3], "peer": [2, 4]}


def test_the_picture_is_written_in_each_format(tmp_path: Path) -> None:
    files = [tmp_path / "bench.svg", tmp_path / "bench.png"]
    draw([comparison(500, 100, 5.0), comparison(20, 10, 1.5, "lower"), comparison(1, 2, None)], "2 processors", files)
    svg, png = (file.read_bytes() for file in files)
    assert b"<svg" in svg
    assert png.startswith(PNG)
