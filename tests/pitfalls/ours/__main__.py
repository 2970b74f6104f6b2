"""`python -m tests.pitfalls.ours`: the service of this folder, run as `tradelane run` runs one."""

from __future__ import annotations

import eventlet

eventlet.monkey_patch()

from tests.pitfalls.bus import SERVICE  # noqa: E402
from tests.pitfalls.ours.service import Ours  # noqa: E402
from tradelane import up  # noqa: E402

if __name__ == "__main__":
    up.service_class = lambda _service: Ours
    up.run([SERVICE])
