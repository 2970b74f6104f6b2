"""`python -m bench`: runs the workloads, prints their comparisons as they come, and writes them to build/ as JSON and as a picture."""

from __future__ import annotations

import argparse
import json
import os
import platform
import time
from pathlib import Path

from bench.comparison import Comparison
from bench.lab import Lab
from bench.plot import draw
from bench.workloads import WORKLOADS

OUT = Path("build")


def main() -> None:
    """The figures go to standard output, progress to standard error. A missed goal is told, and is no error."""
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measure ours and its peers in turns in one run.")
    parser.add_argument("--only", nargs="+", choices=WORKLOADS, default=list(WORKLOADS), help="these workloads (default: all)")
    parser.add_argument("--rounds", type=int, default=3, help="turns each subject gets (default: %(default)s)")
    parser.add_argument("--seconds", type=float, default=3, help="length of a turn (default: %(default)s)")
    asked = parser.parse_args()
    begun, comparisons = time.monotonic(), list[Comparison]()
    machine = f"{os.cpu_count()} processors, Python {platform.python_version()}, {asked.rounds} rounds of {asked.seconds:g} s"
    print(machine, flush=True)
    with Lab(asked.rounds, asked.seconds) as lab:
        for name in asked.only:
            with lab.scene(name):
                for comparison in WORKLOADS[name](lab):
                    print(comparison.as_text(), flush=True)
                    comparisons.append(comparison)
    OUT.mkdir(exist_ok=True)
    (OUT / "bench.json").write_text(json.dumps([each.as_data() | {"machine": machine} for each in comparisons], indent=2) + "\n")
    pictures = [OUT / "bench.svg", OUT / "bench.png"]
    draw(comparisons, machine, pictures)
    print(f"{time.monotonic() - begun:.0f} s; written: {OUT / 'bench.json'}, {', '.join(map(str, pictures))}")


if __name__ == "__main__":
    main()
