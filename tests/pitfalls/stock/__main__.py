"""`python -m tests.pitfalls.stock SERVICE CONFIG`: one of the stock services, run as `nameko run` does it."""

from __future__ import annotations

import eventlet

eventlet.monkey_patch()

import json  # noqa: E402
import logging  # noqa: E402
import sys  # noqa: E402

import nameko  # noqa: E402
from nameko.cli.run import run  # noqa: E402

if __name__ == "__main__":
    nameko.config.setup(json.loads(sys.argv[2]))
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    logging.getLogger("nameko.runners").setLevel(logging.DEBUG)  # says when all services have started
    run([f"tests.pitfalls.stock.services:{sys.argv[1]}"])
