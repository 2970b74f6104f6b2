"""One line of the result: a figure of ours beside a peer's, and what was asked for."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal


@dataclass(frozen=True, slots=True)
class Detail:
    """Response times in milliseconds."""

    p50: float
    p99: float


@dataclass(frozen=True, slots=True)
class Comparison:
    """`ours` and `peer` are in `unit`; `against` says who the peer is: another library, ourselves in a smaller setting, or a limit.

    `goal` is what the ratio ours/peer has to be: at least that where higher is better, at most that where lower is. Without one it is only told.
    """

    name: str
    ours: float
    peer: float
    unit: str
    goal: float | None
    against: str
    better: Literal["higher", "lower"] = "higher"
    ours_detail: Detail | None = None
    peer_detail: Detail | None = None

    @property
    def ratio(self) -> float:
        """ours/peer, whichever is better."""
        return self.ours / self.peer

    @property
    def met(self) -> bool | None:
        """Whether the goal is reached; None where there is none."""
        if self.goal is None:
            return None
        return self.ratio >= self.goal if self.better == "higher" else self.ratio <= self.goal

    def times_better(self, ratio: float) -> float:
        """A ratio turned so that more is better."""
        return ratio if self.better == "higher" else 1 / ratio

    def as_data(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self) | {"ratio": self.ratio, "met": self.met}

    def as_text(self) -> str:
        """A line of the table that the command prints."""
        sign = "≥" if self.better == "higher" else "≤"
        goal = "" if self.goal is None else f"goal {sign} {self.goal:g} ×: {'met' if self.met else 'MISSED'}"
        ours, peer = (f"{_figure(value)}{_percentiles(detail)}" for value, detail in ((self.ours, self.ours_detail), (self.peer, self.peer_detail)))
        return f"{self.name:<26} {ours:>20} {self.unit:<10} {_figure(self.ratio):>7} × {self.against:<44} {peer:>20}  {goal}".rstrip()


def _figure(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _percentiles(detail: Detail | None) -> str:
    return f" ({_figure(detail.p50)}/{_figure(detail.p99)} ms)" if detail else ""
