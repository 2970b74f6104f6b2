"""The process that holds one server for its owner: prints the server's address as a line of JSON, waits until standard input
ends (the owner let go, or died), then takes the server down."""

from __future__ import annotations

import dataclasses
import json
import signal
import sys

from tests.servers import ServerUnavailable
from tests.servers.sources import SOURCES


def main(kind: str) -> int:
    """Holds a server of the kind (`rabbitmq` or `postgresql`); the exit status is 1 where none could be had."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    try:
        with SOURCES[kind]() as address:
            print(json.dumps(dataclasses.asdict(address)), flush=True)
            sys.stdin.read()
    except ServerUnavailable as error:
        print(f"{kind}: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
