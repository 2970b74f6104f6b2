"""A supplier's labels over HTTP, and a batch of them in a system that is killed meanwhile."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest
from pypdf import PdfReader
from sqlalchemy import create_engine, insert

from services.logistics.models import logistics_orders, shipments
from shared.kit.clock import utc_now
from shared.kit.ids import new_id
from tests.builders.system import System, embedded_system
from tests.unit.logistics.parcels import logistics_order, small_order
from tradelane.client import Client, Refused

ORDERS = 200
FIRST = new_id()


@pytest.fixture
def system(tmp_path: Path) -> Iterator[System]:
    with embedded_system(tmp_path) as running:
        yield running


def booked(system: System, supplier_id: str) -> dict[str, str]:
    """Orders that wait for their labels, straight into the tables: the waybill by the order's number. The first has the id `FIRST`."""
    engine, now, waybills = create_engine(f"sqlite:///{system.environment['DATA']}/logistics.sqlite3", connect_args={"timeout": 30}), utc_now(), {}
    with engine.begin() as connection:
        for serial in range(ORDERS):
            order = small_order(number=f"TO-{serial:05d}")
            row = {"order_id": FIRST if serial == 0 else new_id(), "number": f"SH-{serial:05d}", "order_number": order["number"], "facts": order}
            row |= {"buyer_id": order["buyer"]["id"], "supplier_id": supplier_id, "channel": "postal_parcel", "state": "planned"}
            connection.execute(insert(shipments).values(row | {"created_at": now, "updated_at": now}))
            parcel = logistics_order(row["order_id"], supplier_id, serial, now)
            connection.execute(insert(logistics_orders).values(parcel))
            waybills[order["number"]] = parcel["waybill_number"]
    engine.dispose()
    return waybills


def pages(client: Client, path: str) -> list[str]:
    answer = client.request("GET", path)
    assert answer.headers["Content-Type"] == "application/pdf"
    return [page.extract_text() for page in PdfReader(BytesIO(answer.content)).pages]


def test_labels_are_printed_singly_and_by_the_hundred_and_a_crash_loses_and_doubles_none(system: System) -> None:
    supplier = Client(system.url)
    name = {"role": "supplier", "name": "Ningbo Haitian Tools", "country": "CN"}
    email, password = f"{secrets.token_hex(5)}@supplier.example", secrets.token_urlsafe(16)
    account = supplier.register(**name, email=email, password=password)
    waybills = booked(system, account["id"])

    (label,) = pages(supplier, f"/v1/orders/{FIRST}/label")
    assert waybills["TO-00000"] in label

    few = supplier.post("/v1/label-batches", {"order_numbers": ["TO-00003", "TO-NOBODYS", "TO-00001"]}, wait=30)
    assert (few["awaiting"], few["total"], few["done"]) == ([], 3, 2)
    assert [(each["order_number"], each["reason"]) for each in few["failed"]] == [("TO-NOBODYS", "order_not_found")]
    third, first = pages(supplier, f"/v1/label-batches/{few['id']}/document")
    assert waybills["TO-00003"] in third
    assert waybills["TO-00001"] in first

    with pytest.raises(Refused) as refused:
        supplier.post("/v1/label-batches", {"order_numbers": ["TO-00001", "TO-00001"]})
    assert refused.value.problem["errors"] == {"order_numbers": ["Named more than once: TO-00001."]}

    many = supplier.post("/v1/label-batches", {"order_numbers": list(waybills)})
    assert many["awaiting"] == ["printing"]
    with pytest.raises(Refused, match="409"):
        supplier.get(f"/v1/label-batches/{many['id']}/document")
    assert system.process is not None
    system.process.kill()
    system.process.wait()
    system.start()
    supplier.sign_in(email, password)
    deadline = time.monotonic() + 90
    while (seen := supplier.get(f"/v1/label-batches/{many['id']}"))["awaiting"] and time.monotonic() < deadline:
        time.sleep(0.2)
    assert (seen["awaiting"], seen["done"], seen["failed"]) == ([], ORDERS, [])
    printed = pages(supplier, f"/v1/label-batches/{many['id']}/document")
    assert [waybill in page for waybill, page in zip(waybills.values(), printed, strict=True)] == [True] * ORDERS
