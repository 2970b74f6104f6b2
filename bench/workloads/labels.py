"""Labels: how many one core prints, and a batch of 1,000 orders through one process of the logistics service: how fast, and in how much memory."""

from __future__ import annotations

import time
from base64 import b64decode
from functools import partial
from io import BytesIO
from pathlib import Path
from statistics import median

from pypdf import PdfReader
from sqlalchemy import create_engine, insert

from bench.calls import Bus, bus
from bench.comparison import Comparison
from bench.lab import Lab
from services.logistics.application.label import Consignment, labels
from services.logistics.application.label_batches import ORDERS_AT_ONCE
from services.logistics.application.label_printing import pdf
from services.logistics.models import logistics_orders, shipments
from shared.contracts.labels import GET_LABEL_BATCH, GET_LABEL_BATCH_DOCUMENT, MAKE_LABEL_BATCH
from shared.kit.actor import Actor
from shared.kit.clock import utc_now
from shared.kit.ids import new_id
from shared.platform.database import address
from tests.unit.logistics.parcels import consignment, logistics_order, small_order

ORDERS = 1000
LEAST = 100.0
"""Labels a second: a supplier's batch of a thousand in ten."""
MOST_MIB = 128.0

SUPPLIER = Actor(small_order()["supplier"]["id"], frozenset({"supplier"}))


def measure(lab: Lab) -> list[Comparison]:
    """Printing alone in this process; then batches through the real service, its progress asked for five times a second as a page would."""
    settings = {"BROKER": lab.new_broker(), "DATABASE": lab.new_database(), "LOG_LEVEL": "WARNING", "TRADELANE_MODE": "production"}
    lab.command("topology", "apply", environment=settings)
    lab.command("migrate", "logistics", environment=settings)
    numbers = _write(settings["DATABASE"])
    service = lab.python("-m", "tradelane", "run", "logistics", environment=settings)
    with bus(settings["BROKER"]) as calls:
        _batch(calls, numbers[:50])
        before = _peak_mib(service.pid)
        measured = lab.interleaved({"printing": partial(_print, consignment(), lab.seconds), "batch": partial(_batch, calls, numbers)})
        grown = _peak_mib(service.pid) - before
    alone = median(measured["printing"])
    return [
        Comparison("labels, one core", alone, LEAST, "labels/s", 1.0, "limit"),
        Comparison("labels, batch of 1,000", median(measured["batch"]), alone, "labels/s", None, "printing alone"),
        Comparison("memory that it takes", grown, MOST_MIB, "MiB", 1.0, "limit", better="lower"),
    ]


def _print(of: Consignment, seconds: float) -> float:
    """Labels per second of processor time, as many in a document as the service puts there."""
    begun, printed = time.process_time(), 0
    while time.process_time() < begun + seconds:
        pdf(label for _ in range(ORDERS_AT_ONCE) for label in labels(of))
        printed += ORDERS_AT_ONCE
    return printed / (time.process_time() - begun)


def _batch(calls: Bus, numbers: list[str]) -> float:
    """Labels per second from the asking to the document, whose pages are counted."""
    begun = time.perf_counter()
    batch = calls.call(MAKE_LABEL_BATCH, [(SUPPLIER, {"order_numbers": numbers})]).answer
    mine = [(SUPPLIER, {"id": batch["id"]})]
    while batch["awaiting"]:
        time.sleep(0.2)
        batch = calls.call(GET_LABEL_BATCH, mine).answer
    document = calls.call(GET_LABEL_BATCH_DOCUMENT, mine).answer
    taken = time.perf_counter() - begun
    pages = len(PdfReader(BytesIO(b64decode(document["content"]))).pages)
    if batch["failed"] or pages != len(numbers):
        raise RuntimeError(f"{len(batch['failed'])} orders failed, {pages} pages of {len(numbers)} came")
    return pages / taken


def _write(database: str) -> list[str]:
    """Orders that wait for their labels, straight into logistics' tables; their numbers."""
    engine, now = create_engine(address(database), connect_args={"options": "-c search_path=logistics"}), utc_now()
    planned, booked, numbers = [], [], []
    for serial in range(1, ORDERS + 1):
        order = small_order(number=f"TO-{serial:05d}")
        row = {"order_id": new_id(), "number": f"SH-{serial:05d}", "order_number": order["number"], "facts": order, "channel": "postal_parcel"}
        planned.append(row | {"buyer_id": order["buyer"]["id"], "supplier_id": SUPPLIER.id, "state": "planned", "created_at": now, "updated_at": now})
        booked.append(logistics_order(row["order_id"], SUPPLIER.id, serial, now))
        numbers.append(order["number"])
    with engine.begin() as connection:
        connection.execute(insert(shipments), planned)
        connection.execute(insert(logistics_orders), booked)
    engine.dispose()
    return numbers


def _peak_mib(pid: int) -> float:
    """The most memory that the process has held so far."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1]) / 1024
