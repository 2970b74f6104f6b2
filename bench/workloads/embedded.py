"""The embedded system, which is what somebody sees who tries Tradelane: one process, in-memory broker, SQLite."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

from bench.comparison import Comparison
from bench.lab import ROOT, Lab, member
from bench.load import load, summary
from shared.platform.settings import UNLIMITED
from tests.builders.system import embedded_system

ANSWER_MS, IDLE_PERCENT, DEMO_SECONDS = 5.0, 1.0, 15.0
SETTLING = 2.0
"""Seconds after which a system that nobody asks anything is idle."""


def measure(lab: Lab) -> list[Comparison]:
    """Each figure beside its limit."""
    folder = lab.folder / "embedded"
    folder.mkdir()
    with embedded_system(folder, **UNLIMITED) as system:
        headers = {"Authorization": str(member(system.url, "buyer").session.headers["Authorization"])}
        load(f"{system.url}/v1/me", 1, headers=headers, connections=1)
        answered = lab.interleaved({"one caller": lambda: load(f"{system.url}/v1/me", lab.seconds, headers=headers, connections=1)})["one caller"]
        assert system.process is not None
        lab.tell("idle")
        time.sleep(SETTLING)
        idle = _busy(system.process.pid, max(10.0, lab.seconds * lab.rounds))
    lab.tell("the demonstration")
    demo = _demo(lab.folder / "demo")
    _, detail = summary(answered)
    limit = "the limit"
    return [
        Comparison("embedded: GET /v1/me, p50", detail.p50, ANSWER_MS, "ms", 1.0, limit, better="lower", ours_detail=detail),
        Comparison("embedded: idle", idle, IDLE_PERCENT, "% CPU", 1.0, limit, better="lower"),
        Comparison("embedded: tradelane demo", demo, DEMO_SECONDS, "s", 1.0, limit, better="lower"),
    ]


def _busy(pid: int, seconds: float) -> float:
    """Percent of one processor that the process takes."""
    before, begun = _processor_seconds(pid), time.monotonic()
    time.sleep(seconds)
    return 100 * (_processor_seconds(pid) - before) / (time.monotonic() - begun)


def _processor_seconds(pid: int) -> float:
    """As Linux counts them (proc(5)): user and system time, in clock ticks."""
    user, system = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def _demo(out: Path) -> float:
    """Seconds from the command to its end."""
    given = {"DATA", "BROKER", "DATABASE", "HTTP_PORT"}
    environment = {name: value for name, value in os.environ.items() if name not in given}
    begun = time.monotonic()
    command = [sys.executable, "-m", "tradelane", "demo", "--out", str(out)]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    took = time.monotonic() - begun
    if done.returncode:
        raise RuntimeError(f"the demonstration failed:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return took
