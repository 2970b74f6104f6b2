"""An order's labels, and those of many orders in one document, against both databases."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from io import BytesIO
from typing import Any

import pytest
from pypdf import PdfReader
from sqlalchemy import insert, select, update

from services.logistics.application import label_batches, label_orders, label_printing
from services.logistics.domain.waybills import issue
from services.logistics.models import label_batch_parts, label_batches as batches, logistics_orders
from shared.contracts import labels as contract
from shared.kit.actor import Actor
from shared.kit.errors import Conflict, Forbidden, NotFound
from shared.kit.ids import new_id, new_number
from shared.platform import commands
from tests.builders.database import call
from tests.integration.logistics.parcels import add_tariff, parcel
from tests.integration.logistics.scene import OPERATOR, Scene, Trade
from tests.unit.logistics.parcels import logistics_order, package, small_order

SUPPLIER = Actor(small_order()["supplier"]["id"], frozenset({"supplier"}))


def booked(scene: Scene, serial: int = 1, **changes: Any) -> Trade:
    """An order with a logistics order; their numbers tell the serial."""
    trade = Trade(small_order(number=f"TO-{serial:05d}"))
    scene.happen(trade.placed())
    scene.database.run(lambda tx: tx.execute(insert(logistics_orders).values(logistics_order(trade.order_id, SUPPLIER.id, serial, tx.now) | changes)))
    return trade


def waybill(serial: int) -> str:
    return issue("post", "postal_parcel", serial, "CN")


class Desk:
    """Where a supplier has labels printed."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene

    def ask(self, operation: Any, handler: Callable[..., Any], data: dict[str, Any], actor: Actor | None = SUPPLIER) -> Any:
        asked = call(operation, actor, data)
        return self.scene.database.run(lambda tx: handler(tx, asked))

    def label(self, trade: Trade, actor: Actor | None = SUPPLIER) -> list[str]:
        """The label's pages as text."""
        return pages(label_printing.printed(self.ask(contract.GET_LABEL, label_orders.get_labels, {"id": trade.order_id}, actor)))

    def make(self, *numbers: str, actor: Actor = SUPPLIER) -> dict[str, Any]:
        return contract.LabelBatch().dump(self.ask(contract.MAKE_LABEL_BATCH, label_batches.make, {"order_numbers": list(numbers)}, actor))  # type: ignore[no-any-return]

    def batch(self, id: str, actor: Actor = SUPPLIER) -> dict[str, Any]:
        return contract.LabelBatch().dump(self.ask(contract.GET_LABEL_BATCH, label_batches.get, {"id": id}, actor))  # type: ignore[no-any-return]

    def document(self, id: str, actor: Actor = SUPPLIER) -> list[str]:
        return pages(label_batches.joined(self.ask(contract.GET_LABEL_BATCH_DOCUMENT, label_batches.get_parts, {"id": id}, actor)))

    def claim(self, later: timedelta = timedelta(0)) -> label_batches.Work | None:
        with self.scene.database.transaction(later) as tx:
            return label_batches.claim(tx)

    def keep(self, work: label_batches.Work) -> None:
        self.scene.database.run(lambda tx: label_batches.keep(tx, work, label_batches.print_work(work)))

    def work(self) -> int:
        """As the service does by the clock; how many turns it took."""
        turns = 0
        while work := self.claim():
            self.keep(work)
            turns += 1
        return turns

    def printed(self, *numbers: str) -> dict[str, Any]:
        made = self.make(*numbers)
        self.work()
        return self.batch(made["id"])


def pages(document: dict[str, str]) -> list[str]:
    reader = PdfReader(BytesIO(base64.b64decode(document["content"])))
    return [" ".join(page.extract_text().split()) for page in reader.pages]


@pytest.fixture
def desk(scene: Scene) -> Desk:
    return Desk(scene)


def test_an_orders_label_is_printed_once_its_waybill_is_issued(desk: Desk) -> None:
    (page,) = desk.label(booked(desk.scene))
    assert all(word in page for word in (waybill(1), "TO-00001", "Jörg Müller", "Postal parcel", "CN22"))


def test_a_parcel_booked_online_has_a_label_for_each_of_its_packages(desk: Desk) -> None:
    add_tariff(desk.scene)
    trade = parcel(desk.scene, booked=True)
    one, two = desk.label(trade, trade.supplier)
    assert all(word in one for word in (trade.booked()["waybill_number"], "DHL", "1 / 2", "Li Na", "7 Fuhua Road", "3.000 kg", "Return to sender", "117.00"))
    assert "2 / 2" in two


@pytest.mark.parametrize(("state", "number"), [("awaiting_freight", None), ("refused", None), ("voided", "CP000000001CN")])
def test_without_a_valid_waybill_there_is_no_label(desk: Desk, state: str, number: str | None) -> None:
    with pytest.raises(NotFound, match="before the waybill is issued") as error:
        desk.label(booked(desk.scene, state=state, waybill_number=number, waybill_key=number))
    assert error.value.code == "label_not_found"


def test_an_order_that_was_booked_again_has_the_label_of_the_booking_that_stands(desk: Desk) -> None:
    trade = booked(desk.scene, state="voided")
    with desk.scene.database.transaction() as tx:
        again = dict(tx.execute(select(logistics_orders)).one()._mapping)
        again |= {
            "id": new_id(),
            "number": new_number("LO"),
            "charge_id": new_id(),
            "state": "ready",
            "waybill_number": "CP222222222CN",
            "waybill_key": "cp222",
        }
        tx.execute(insert(logistics_orders).values(again))
    (page,) = desk.label(trade)
    assert "CP222222222CN" in page


@pytest.mark.parametrize("actor", [Actor(new_id(), frozenset({"supplier"})), Actor(small_order()["buyer"]["id"], frozenset({"buyer"}))])
def test_a_label_is_for_the_orders_supplier_and_for_operators(desk: Desk, actor: Actor) -> None:
    trade = booked(desk.scene)
    with pytest.raises(NotFound, match="label"):
        desk.label(trade, actor)
    assert len(desk.label(trade, OPERATOR)) == 1


def test_more_packages_than_anybody_labels_are_refused_before_any_is_made(desk: Desk) -> None:
    with pytest.raises(Conflict, match="1,000,000,000 packages"):
        desk.label(booked(desk.scene, packages=[package(count=10**9)]))


def test_labels_of_many_orders_come_in_one_document_in_the_order_they_were_asked_for(desk: Desk) -> None:
    for serial in range(60):
        booked(desk.scene, serial)
    wanted = [f"TO-{serial:05d}" for serial in reversed(range(60))]
    made = desk.make(*wanted)
    assert (made["awaiting"], made["total"], made["done"], made["failed"]) == (["printing"], 60, 0, [])
    with pytest.raises(Conflict, match="still being printed"):
        desk.document(made["id"])
    assert desk.work() == 3
    done = desk.batch(made["id"])
    assert (done["awaiting"], done["total"], done["done"], done["failed"]) == ([], 60, 60, [])
    assert [next(number for number in wanted if number in page) for page in desk.document(made["id"])] == wanted


def test_progress_is_told_while_it_is_printed(desk: Desk) -> None:
    for serial in range(30):
        booked(desk.scene, serial)
    made = desk.make(*(f"TO-{serial:05d}" for serial in range(30)))
    work = desk.claim()
    assert work is not None
    desk.keep(work)
    assert (desk.batch(made["id"])["done"], desk.batch(made["id"])["awaiting"]) == (25, ["printing"])


def test_many_packages_are_printed_fewer_orders_at_a_time(desk: Desk) -> None:
    for serial in range(3):
        booked(desk.scene, serial, packages=[package(count=30)])
    made = desk.make("TO-00000", "TO-00001", "TO-00002")
    assert desk.work() == 2
    assert len(desk.document(made["id"])) == 90


def test_orders_that_cannot_be_printed_are_told_with_the_reason_and_keep_no_other_from_it(desk: Desk) -> None:
    booked(desk.scene, 1)
    booked(desk.scene, 2, state="awaiting_freight", waybill_number=None, waybill_key=None)
    booked(desk.scene, 3, packages=[package(count=201)])
    desk.scene.happen(Trade(small_order(number="TO-00004", supplier={"id": new_id(), "name": "Somebody else"})).placed())
    booked(desk.scene, 5, sender={"nobody": "knows"})
    booked(desk.scene, 6)
    batch = desk.printed(*(f"TO-{serial:05d}" for serial in range(1, 8)))
    assert {each["order_number"]: each["reason"] for each in batch["failed"]} == {
        "TO-00002": "label_not_found",
        "TO-00003": "too_many_packages",
        "TO-00004": "order_not_found",
        "TO-00005": "not_printable",
        "TO-00007": "order_not_found",
    }
    assert (batch["done"], batch["awaiting"]) == (2, [])
    assert [waybill(serial) in page for serial, page in zip((1, 6), desk.document(batch["id"]), strict=True)] == [True, True]


def test_where_nothing_could_be_printed_there_is_no_document(desk: Desk) -> None:
    batch = desk.printed("TO-NOBODYS")
    with pytest.raises(NotFound, match="None of the batch's orders"):
        desk.document(batch["id"])


def test_a_batch_is_its_suppliers_and_operators_may_see_it(desk: Desk) -> None:
    booked(desk.scene)
    batch = desk.printed("TO-00001")
    assert len(desk.document(batch["id"], OPERATOR)) == 1
    for ask in (desk.batch, desk.document):
        with pytest.raises(NotFound, match="no such batch"):
            ask(batch["id"], Actor(new_id(), frozenset({"supplier"})))
    with pytest.raises(Forbidden):
        desk.make("TO-00001", actor=Actor(new_id(), frozenset({"buyer"})))


def test_what_one_works_at_no_other_takes_until_its_time_is_over(desk: Desk) -> None:
    booked(desk.scene)
    desk.make("TO-00001")
    assert desk.claim() is not None
    assert desk.claim() is None
    assert desk.claim(later=label_batches.CLAIMED + timedelta(seconds=1)) is not None


def test_a_batch_whose_worker_died_is_finished_by_another_and_printed_once(desk: Desk) -> None:
    booked(desk.scene)
    made = desk.make("TO-00001")
    slow = desk.claim()
    assert slow is not None
    taken_over = desk.claim(later=label_batches.CLAIMED + timedelta(seconds=1))
    assert taken_over is not None
    desk.keep(taken_over)
    desk.keep(slow)  # it was not dead after all
    assert desk.batch(made["id"])["done"] == 1
    assert len(desk.document(made["id"])) == 1


def test_two_batches_are_worked_at_side_by_side(desk: Desk) -> None:
    booked(desk.scene)
    one, other = desk.make("TO-00001"), desk.make("TO-00001")
    first, second = desk.claim(), desk.claim()
    assert first is not None
    assert second is not None
    assert {first.batch_id, second.batch_id} == {one["id"], other["id"]}


def test_a_small_batch_does_not_wait_for_the_end_of_a_large_one(desk: Desk) -> None:
    for serial in range(80):
        booked(desk.scene, serial)
    large = desk.make(*(f"TO-{serial:05d}" for serial in range(80)))
    turns = []
    for made in (large, desk.make("TO-00000"), desk.make("TO-00001")):
        work = desk.claim()
        assert work is not None
        desk.keep(work)
        turns.append((made["id"], work.batch_id))
    assert [work for _, work in turns] == [made for made, _ in turns]
    assert desk.work() == 3
    assert desk.batch(large["id"])["done"] == 80


def test_a_document_that_is_large_enough_takes_no_more_and_says_so(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(label_batches, "LARGEST", 1000)
    for serial in range(30):
        booked(desk.scene, serial)
    batch = desk.printed(*(f"TO-{serial:05d}" for serial in range(30)))
    assert (batch["done"], {each["reason"] for each in batch["failed"]}) == (25, {"batch_full"})
    assert len(desk.document(batch["id"])) == 25


def test_batches_are_forgotten_after_a_week_with_all_that_was_printed(desk: Desk) -> None:
    booked(desk.scene)
    old = desk.printed("TO-00001")
    with desk.scene.database.transaction() as tx:
        tx.execute(update(batches).values(created_at=tx.now - label_batches.KEPT - timedelta(seconds=1)))
    desk.printed("TO-00001")
    with pytest.raises(NotFound):
        desk.batch(old["id"])
    with desk.scene.database.transaction() as tx:
        assert len(tx.execute(select(label_batch_parts)).all()) == 1


def test_the_same_command_twice_makes_one_batch(desk: Desk) -> None:
    booked(desk.scene)
    asked = call(contract.MAKE_LABEL_BATCH, SUPPLIER, {"order_numbers": ["TO-00001"]})
    one = desk.scene.database.run(lambda tx: commands.once(tx, asked, label_batches.make))
    two = desk.scene.database.run(lambda tx: commands.once(tx, replace(asked), label_batches.make))
    assert one == two
    assert desk.work() == 1
