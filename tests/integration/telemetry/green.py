"""A process of green threads that records spans, as a service does; run by the tests. Tells how long its hub stood still, and how long it took to stop."""

from __future__ import annotations

import eventlet

eventlet.monkey_patch()

import json  # noqa: E402
import sys  # noqa: E402
import time  # noqa: E402

from shared.platform.context import Context  # noqa: E402
from shared.platform.telemetry import tracing  # noqa: E402
from shared.platform.telemetry.tracing import Span  # noqa: E402


def main(spans: int, seconds: float) -> None:
    """Record so many spans, then go on for so many seconds."""
    gaps: list[float] = []

    def tick() -> None:
        while True:
            before = time.monotonic()
            eventlet.sleep(0.01)
            gaps.append(time.monotonic() - before)

    tracing.set_up()
    eventlet.spawn(tick)
    for number in range(spans):
        with Span("green", f"work {number}", "server", Context("c"), {}):
            eventlet.sleep(0)
    eventlet.sleep(seconds)
    longest, begun = max(gaps, default=0.0), time.monotonic()
    tracing.shut_down()
    sys.stdout.write(json.dumps({"longest_gap": longest, "stopped_in": time.monotonic() - begun}))


if __name__ == "__main__":
    main(int(sys.argv[1]), float(sys.argv[2]))
