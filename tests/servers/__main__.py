"""Both servers for a trial: `python -m tests.servers` starts them, prints what to export, and takes them down at Ctrl-C."""

from __future__ import annotations

import contextlib
import signal
import threading

from tests.servers import Server


def main() -> None:
    """Runs until Ctrl-C or SIGTERM."""
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    servers = [Server("rabbitmq"), Server("postgresql")]
    with contextlib.ExitStack() as stack:
        for server in servers:
            stack.callback(server.stop)
        broker, database = (server.address() for server in servers)
        print(f"export BROKER={broker.amqp_url} BROKER_MANAGEMENT={broker.management_url} DATABASE={database.url}")
        print("Ctrl-C takes both down.", flush=True)
        stop.wait()


if __name__ == "__main__":
    main()
