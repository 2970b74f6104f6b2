"""What keeps the hub from turning keeps every greenlet of the process waiting: other requests, heartbeats, deadlines."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.builders.database import TestDatabase


def run(what: str, database: TestDatabase, number: int = 1) -> subprocess.CompletedProcess[str]:
    address = {"BROKER": "amqp://not-used", "DATABASE": database.engine.url.render_as_string(hide_password=False), "PYTHONWARNINGS": "ignore"}
    command = [sys.executable, "-m", "tests.pitfalls.hub", what, str(number)]
    return subprocess.run(command, cwd=Path(__file__).parents[2], env=os.environ | address, capture_output=True, text=True, timeout=60, check=False)


def measured(what: str, database: TestDatabase, number: int = 1) -> tuple[float, int]:
    """Seconds it took, and turns of the hub meanwhile (a hundred a second where it is free)."""
    done = run(what, database, number)
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout)
    return seen["seconds"], seen["turns"]


def test_with_psycopg_3_queries_run_one_after_another_and_nothing_else_runs(database: TestDatabase) -> None:
    seconds, turns = measured("stock_driver", database, 2)
    assert seconds >= 2
    assert turns < 10


def test_with_our_driver_ten_queries_of_a_second_take_about_one(database: TestDatabase) -> None:
    seconds, turns = measured("our_driver", database, 10)
    assert seconds < 8
    assert turns > 20


def test_a_service_whose_driver_would_block_does_not_start(database: TestDatabase) -> None:
    done = run("unguarded", database)
    assert done.returncode == 1
    assert "psycopg2 would block" in done.stderr


def test_a_password_hashed_on_the_hub_stops_everybody(database: TestDatabase) -> None:
    assert measured("hash_on_the_hub", database)[1] <= 1


def test_a_password_hashed_by_offload_stops_nobody(database: TestDatabase) -> None:
    assert measured("hash_offloaded", database)[1] > 5
