"""The result as a picture: a bar for each comparison, as many times better (right) or worse (left) than its peer, and the goal as a mark."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from bench.comparison import Comparison

_COLOURS = {True: "#2a7f62", False: "#c0492f", None: "#8a97a3"}
_MEANINGS = {True: "goal met", False: "goal missed", None: "told only"}
_INK, _FAINT = "#22303c", "#d9dfe4"
_TICKS = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100]


def draw(comparisons: Sequence[Comparison], caption: str, files: Sequence[Path]) -> None:
    """Writes the picture to each of the files, in the format that its name ends in."""
    rows = range(len(comparisons))
    values = [each.times_better(each.ratio) for each in comparisons]
    goals = [each.times_better(each.goal) for each in comparisons if each.goal]
    figure = Figure(figsize=(11, 1.6 + 0.62 * len(comparisons)), layout="constrained")
    axes = figure.add_subplot()
    axes.set_xscale("log")
    least, most = min([0.8, *values, *goals]), max([1.25, *values, *goals])
    axes.set_xlim(least / 1.3, most * (most / least) ** 0.45)  # room for the figures at the right
    axes.barh(rows, [value - 1 for value in values], left=1, height=0.5, color=[_COLOURS[each.met] for each in comparisons], zorder=2)
    for row, comparison, value in zip(rows, comparisons, values, strict=True):
        if comparison.goal:
            goal = comparison.times_better(comparison.goal)
            axes.plot([goal, goal], [row - 0.38, row + 0.38], color=_INK, linewidth=2, zorder=3)
        end = max(value, 1, comparison.times_better(comparison.goal or 1))
        figures = f"{value:.3g} ×    {_figure(comparison.ours)} / {_figure(comparison.peer)} {comparison.unit}"
        axes.annotate(figures, (end, row), (7, 0), textcoords="offset points", va="center", color=_INK, fontsize=9)
    axes.axvline(1, color=_INK, linewidth=0.8, zorder=3)
    axes.set_yticks(rows, [f"{each.name}\nagainst {each.against}" for each in comparisons], fontsize=9, color=_INK)
    axes.set_ylim(len(comparisons) - 0.4, -0.6)
    axes.xaxis.set_major_locator(FixedLocator(_TICKS))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda tick, _: f"{tick:g} ×"))
    axes.grid(axis="x", color=_FAINT, linewidth=0.8, zorder=0)
    axes.tick_params(length=0, colors=_INK)
    axes.spines[:].set_visible(False)
    axes.set_xlabel("times better than the peer; figures: ours / peer", color=_INK, fontsize=9)
    figure.suptitle(f"Tradelane beside its peers\n{caption}", fontsize=11, color=_INK)
    meanings = [Patch(color=_COLOURS[met], label=_MEANINGS[met]) for met in (True, False, None) if any(each.met is met for each in comparisons)]
    goal_mark = [Line2D([], [], color=_INK, linewidth=2, label="goal")] if goals else []
    figure.legend(handles=[*meanings, *goal_mark], loc="outside lower right", ncols=4, frameon=False, fontsize=9)
    for file in files:
        figure.savefig(file, dpi=150)


def _figure(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
