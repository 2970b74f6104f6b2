"""Transitions of orders through one process of the orders service, beside pgbench doing their update and three inserts on the same tables."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from functools import partial
from itertools import islice
from pathlib import Path
from statistics import median
from typing import Any

from sqlalchemy import create_engine, text

from bench.bulk import buyer, id_of, order_id, unpaid, write_orders
from bench.calls import Asked, Bus, Calls, bus
from bench.comparison import Comparison, Detail
from bench.lab import Lab
from shared.contracts.orders import ACT_ON_ORDER, GET_ORDER
from shared.platform.database import address
from tests.servers import local_postgresql
from tradelane.demo.placeholders import Facts
from tradelane.demo.trade import Json
from tradelane.demo.trade_file import DEFAULT, load as read_trade

ORDERS = 50_000
IN_FLIGHT = 16
PEER = "pgbench, update + three inserts"


def measure(lab: Lab) -> list[Comparison]:
    """Buyers pay: the form is checked, the order, its history, the event and the answer are written; the relay, in the same process, sends the event."""
    settings = {"BROKER": lab.new_broker(), "DATABASE": lab.new_database(), "LOG_LEVEL": "WARNING", "TRADELANE_MODE": "production"}
    other = lab.new_database()
    lab.command("topology", "apply", environment=settings)
    for database in (settings["DATABASE"], other):
        lab.command("migrate", "orders", environment=settings | {"DATABASE": database})
        write_orders(database, ORDERS)
    lab.python("-m", "tradelane", "run", "orders", environment=settings)
    with bus(settings["BROKER"]) as calls:
        payments = pay(calls, unpaid(ORDERS))
        calls.call(ACT_ON_ORDER, islice(payments, 200), IN_FLIGHT)
        script = lab.folder / "transition.sql"
        script.write_text(_script(settings["DATABASE"]))
        subjects: dict[str, Callable[[], Any]] = {
            "ours": partial(calls.call, ACT_ON_ORDER, payments, IN_FLIGHT, lab.seconds),
            PEER: partial(_pgbench, other, script, lab.seconds),
        }
        measured = lab.interleaved(subjects)
    ours: list[Calls] = measured["ours"]
    detail = Detail(median(each.percentile(0.5) for each in ours), median(each.percentile(0.99) for each in ours))
    return [Comparison("order transitions", median(each.per_second for each in ours), median(measured[PEER]), "tx/s", 0.3, PEER, ours_detail=detail)]


def pay(calls: Bus, numbers: Iterable[int]) -> Iterator[Asked]:
    """Each order's buyer pays it; the form is the same for all, since the orders are alike."""
    order = calls.call(GET_ORDER, [(buyer(0), {"id": order_id(0)})]).answer
    form: Json = Facts(datetime.now(UTC).date(), {}, order).fill(read_trade(DEFAULT).steps["payment"]["form"])
    return ((buyer(number), {"id": order_id(number), "action": "pay", "form": form}) for number in numbers)


def _script(database: str) -> str:
    """What our transitions wrote, as pgbench's script."""
    engine = create_engine(address(database), connect_args={"options": "-c search_path=orders"})
    with engine.connect() as connection:
        written = connection.execute(text(_WRITTEN)).one()
    engine.dispose()
    values = {name: "'" + value.replace("'", "''") + "'" for name, value in written._asdict().items()}
    return _SCRIPT.format(last=ORDERS - 1, order=id_of(1, ":n"), **values)


def _pgbench(database: str, script: Path, seconds: float) -> float:
    """Transactions per second, from one thread with as many connections as we have calls in flight."""
    binaries = local_postgresql.find()
    if binaries is None:
        raise RuntimeError("pgbench is not installed: it comes with PostgreSQL's binaries")
    options = ["--no-vacuum", "--file", str(script), "--client", str(IN_FLIGHT), "--jobs", "1", "--time", str(max(1, round(seconds)))]
    done = subprocess.run(
        [binaries / "pgbench", *options, database], env=os.environ | {"PGOPTIONS": "-c search_path=orders"}, capture_output=True, text=True, check=False
    )
    told = re.search(r"tps = ([\d.]+)", done.stdout)
    if done.returncode or told is None:
        raise RuntimeError(f"pgbench failed: {done.stdout}{done.stderr}")
    return float(told[1])


_WRITTEN = """
    SELECT CAST(form AS text) AS form, CAST(data AS text) AS event, CAST(answer AS text) AS answer
    FROM outbox JOIN order_history ON CAST(order_id AS text) = subject AND order_history.version = 3 CROSS JOIN commands LIMIT 1
"""
_SCRIPT = r"""
\set n random(0, {last})
BEGIN;
UPDATE orders SET awaiting = '["payments.payment_recorded.v1"]', version = version + 1, updated_at = now() WHERE id = {order} RETURNING version \gset
INSERT INTO order_history (order_id, version, at, actor_id, actor_role, step, action, label, from_state, to_state, form)
VALUES ({order}, :version, now(), 'buyer', 'buyer', 'payment', 'pay', 'Payment', 'awaiting_payment', 'awaiting_payment', {form});
INSERT INTO outbox (id, type, subject, version, time, context, data)
VALUES (gen_random_uuid(), 'orders.payment_submitted.v1', CAST({order} AS text), :version, now(), '{{}}', {event});
INSERT INTO commands (id, fingerprint, answer, created_at) VALUES (CAST(gen_random_uuid() AS text), repeat('0', 64), {answer}, now());
COMMIT;
"""
