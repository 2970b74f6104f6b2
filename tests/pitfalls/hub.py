"""A green process that does one kind of work and tells how long it took and how often its hub turned meanwhile; run by the tests."""

from __future__ import annotations

import sys

import eventlet

eventlet.monkey_patch(all=True, psycopg=sys.argv[1] != "unguarded")

import json  # noqa: E402
import time  # noqa: E402
from collections.abc import Callable  # noqa: E402

import psycopg  # noqa: E402
from argon2 import PasswordHasher  # noqa: E402
from sqlalchemy import text  # noqa: E402

from shared.platform.cpu import offload  # noqa: E402
from shared.platform.database import make_engine  # noqa: E402
from shared.platform.green import make_green  # noqa: E402
from shared.platform.settings import settings  # noqa: E402

HASHER = PasswordHasher(time_cost=10)  # some tenths of a second of a processor


def stock_driver(number: int) -> None:
    """psycopg 3, as a service on Nameko would use it."""

    def sleep(_: int) -> None:
        with psycopg.connect(settings().database.replace("+psycopg2", "")) as connection:
            connection.execute("SELECT pg_sleep(1)")

    _all_at_once(sleep, number)


def our_driver(number: int) -> None:
    make_green(answer_seconds=30)
    engine = make_engine("catalog", settings())

    def sleep(_: int) -> None:
        with engine.begin() as connection:
            connection.execute(text("SELECT pg_sleep(1)"))

    _all_at_once(sleep, number)


def unguarded(_: int) -> None:
    """Our driver, had it not been made green."""
    make_engine("catalog", settings())


def hash_on_the_hub(_: int) -> None:
    HASHER.hash("password")


def hash_offloaded(_: int) -> None:
    offload(HASHER.hash, "password")


def _all_at_once(work: Callable[[int], None], number: int) -> None:
    pool = eventlet.GreenPool()
    list(pool.imap(work, range(number)))


def main(work: Callable[[int], None], number: int) -> None:
    turns = 0

    def turn() -> None:
        nonlocal turns
        while True:
            eventlet.sleep(0.01)
            turns += 1

    eventlet.spawn(turn)
    eventlet.sleep(0.05)
    turns, begun = 0, time.monotonic()
    work(number)
    sys.stdout.write(json.dumps({"seconds": time.monotonic() - begun, "turns": turns}))


if __name__ == "__main__":
    main(globals()[sys.argv[1]], int(sys.argv[2]))
