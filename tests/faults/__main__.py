"""`make faults ORDERS=… SEED=…`: a run of the fault harness, its table, and its figures in `build/faults.json`."""

from __future__ import annotations

import argparse
import json
import shutil
import signal
import sys
import time
from dataclasses import replace
from pathlib import Path

from rich.console import Console

from tests.faults.faults import applicable
from tests.faults.harness import Plan, run, servers
from tests.faults.report import tables
from tests.faults.stage import FAULTS
from tests.servers import ServerUnavailable

BUILD = Path("build")
REPORT_EVERY = 5.0  # seconds
ORDERS_A_FAULT = 20


def main() -> int:
    """The exit status: 0 where everything adds up, 1 where not, 2 where there are no servers to be had."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--orders", type=int, default=400)
    parser.add_argument("--seed", default="1")
    parser.add_argument("--faults", type=int, help="how many; one for every 20 orders, and one of each kind, by default")
    parser.add_argument("--kinds", nargs="*", default=[], choices=sorted(FAULTS), metavar="KIND", help=f"only these: {', '.join(sorted(FAULTS))}")
    parser.add_argument("--cluster", action="store_true", help="three broker nodes: any one is killed, or cut off from the others")
    parser.add_argument("--replicas", type=int, default=2, help="of each service")
    parser.add_argument("--clients", type=int, default=12)
    parser.add_argument("--pace", type=float, default=1.0, help="how long faults last, times this")
    parser.add_argument("--mutant", help="services without one safety (tests/faults/mutants.py): the run is to find fault with them")
    given = parser.parse_args()
    faults = given.faults if given.faults is not None else max(len(given.kinds or applicable(3 if given.cluster else 1)), given.orders // ORDERS_A_FAULT)
    plan = Plan(given.orders, given.seed, faults, tuple(given.kinds), given.replicas, given.clients, given.pace)
    if given.mutant:
        plan = replace(plan, command=(sys.executable, "-m", "tests.faults.mutants", given.mutant))
    console, told = Console(width=None if sys.stdout.isatty() else 160), [0.0]

    def say(words: str) -> None:
        if not words.startswith(" ") or time.monotonic() - told[0] > REPORT_EVERY:
            told[0] = time.monotonic()
            console.print(words, highlight=False)

    for number in (signal.SIGINT, signal.SIGTERM):  # what is started is taken down, in the background too, where a shell has SIGINT ignored
        signal.signal(number, signal.default_int_handler)
    logs = BUILD / "faults"
    shutil.rmtree(logs, ignore_errors=True)
    try:
        with servers(given.cluster) as own:
            report = run(plan, own, logs, say)
    except ServerUnavailable as error:
        console.print(str(error))
        return 2
    for table in tables(report):
        console.print(table)
    for example in report.examples:
        console.print(example, style="red", highlight=False, markup=False)
    (BUILD / "faults.json").write_text(json.dumps(report.figures, indent=2) + "\n")
    return 0 if report.sound else 1


if __name__ == "__main__":
    sys.exit(main())
