"""A run's outcome: as a table for people, as figures for `build/faults.json`."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from rich.table import Table

from tests.faults.books import Books
from tests.faults.checker import Findings
from tests.faults.tally import Tally, percentile


@dataclass(frozen=True)
class Report:
    """`figures` are as they go into the file; `examples` of what is wrong, if anything is."""

    figures: dict[str, Any]
    findings: Findings

    @property
    def sound(self) -> bool:
        """Nothing is lost, double or uneven, and there were duplicates to tell: without them the run proved nothing."""
        return not self.findings.any and self.figures["duplicates_absorbed"] > 0

    @property
    def examples(self) -> list[str]:
        found = self.findings
        return [f"{kind}: {words}" for kind in ("lost", "duplicates", "illegal", "other") for words in getattr(found, kind)[:10]]


def make_report(tally: Tally, findings: Findings, books: Books, seed: str, seconds: float, broker_nodes: int) -> Report:
    recoveries = tally.recoveries()
    times = [each for _, each in recoveries]
    by_fault: dict[str, list[float]] = defaultdict(list)
    for name, each in recoveries:
        by_fault[name].append(each)
    done = Counter(name for _, name, _ in tally.faults)
    figures = {
        "seed": seed,
        "seconds": round(seconds),
        "broker_nodes": broker_nodes,
        "trades": tally.began,
        "acknowledged": len(tally.placed),
        "completed": books.number("orders", "SELECT count(*) FROM orders WHERE state = 'completed'"),
        "cancelled": books.number("orders", "SELECT count(*) FROM orders WHERE state = 'cancelled'"),
        "rejected": books.number("orders", "SELECT count(*) FROM orders WHERE state = 'rejected'"),
        "commands": tally.attempts,
        "commands_acknowledged": len(tally.answers),
        "events": books.everywhere("SELECT count(*) FROM outbox"),
        "kills": sum(tally.kills.values()),
        "broker_restarts": done["kill_the_broker"],
        "database_restarts": done["kill_the_database"],
        "provider_restarts": done["kill_the_provider"],
        "partitions": done["partition_a_node"],
        "paid_through_provider": books.number("payments", "SELECT count(*) FROM transfers WHERE kind = 'escrow_captured'"),
        "returned_through_provider": books.number("payments", "SELECT count(*) FROM transfers WHERE kind = 'escrow_returned'"),
        "booked_online": books.number("logistics", "SELECT count(*) FROM logistics_orders"),
        "lost": len(findings.lost),
        "duplicate_effects": len(findings.duplicates),
        "duplicates_absorbed": books.everywhere("SELECT sum(duplicates) FROM inbox"),
        "ledger_difference": findings.ledger_difference,
        "negative_balances": findings.negative_balances,
        "stock_difference": findings.stock_difference,
        "illegal_states": len(findings.illegal),
        "history_difference": findings.history_difference,
        "troubles": len(findings.other),
        "recovery_p50_s": round(percentile(times, 0.5), 2),
        "recovery_p99_s": round(percentile(times, 0.99), 2),
        "slowest_answer_s": round(max((answered - sent for sent, answered in tally.answers), default=0), 1),
        "faults": {name: {"times": done[name], **_recovery(by_fault[name])} for name in sorted(done)},
        "killed": dict(sorted(tally.kills.items())),
    }
    return Report(figures, findings)


def _recovery(times: list[float]) -> dict[str, float]:
    return {"recovery_p50_s": round(percentile(times, 0.5), 2), "recovery_max_s": round(max(times), 2)} if times else {}


def tables(report: Report) -> Iterator[Table]:
    """What came of it, and what was done to it."""
    figures = report.figures
    broker = "a single broker" if figures["broker_nodes"] == 1 else f"a cluster of {figures['broker_nodes']} brokers"
    title = f"Seed {figures['seed']}: {figures['trades']:,} trades in {figures['seconds']:,} s on {broker}"
    result = Table("", "", title=title, title_justify="left")
    for name in _SHOWN:
        wrong = figures[name] == 0 if name == "duplicates_absorbed" else name in _NOTHING and figures[name] != 0
        result.add_row(name.replace("_", " ").removesuffix(" s"), f"[{'red' if wrong else 'default'}]{figures[name]:,}{' s' if name.endswith('_s') else ''}[/]")
    yield result
    faults = Table("fault", "times", "answers again after (median)", "at the latest")
    for name, each in figures["faults"].items():
        seconds = [f"{each[key]:.2f} s" if key in each else "" for key in ("recovery_p50_s", "recovery_max_s")]
        faults.add_row(name.replace("_", " "), str(each["times"]), *seconds)
    yield faults


_NOTHING = (
    "lost", "duplicate_effects", "ledger_difference", "negative_balances", "stock_difference", "illegal_states", "history_difference", "troubles",
)  # fmt: skip
_SHOWN = (
    "trades", "acknowledged", "completed", "cancelled", "rejected", "commands", "commands_acknowledged", "events", "kills", "broker_restarts",
    "database_restarts", "provider_restarts", "partitions", "paid_through_provider", "returned_through_provider", "booked_online", *_NOTHING[:2], "duplicates_absorbed", *_NOTHING[2:], "recovery_p50_s", "recovery_p99_s", "slowest_answer_s",
)  # fmt: skip
