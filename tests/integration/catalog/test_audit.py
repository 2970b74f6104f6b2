from __future__ import annotations

from sqlalchemy import update

from services.catalog.application import audit
from services.catalog.models import products
from shared.kit.ids import new_id
from shared.platform.audit import Sum
from tests.builders.database import TestDatabase
from tests.integration.catalog.scene import add, cancelled, placed, react, shipped


def test_stock_that_the_reservations_explain_has_no_fault(database: TestDatabase) -> None:
    mugs, orders = add(database, stock=10), {new_id(): end for end in (None, cancelled, shipped)}
    for order, end in orders.items():
        react(database, placed(order, (mugs, 2)))
        if end:
            react(database, end(order))
    with database.transaction() as tx:
        states = [Sum("reservations", state, {"orders": 1}) for state in ("committed", "released", "reserved")]
        assert audit.sums(tx) == [Sum("reserved = reservations", "all products", {"checked": 1, "faulty": 0}), *states]
        assert audit.reservation_states(tx) == dict(zip(orders, ("reserved", "released", "committed"), strict=True))


def test_a_product_whose_reserved_goods_no_reservation_explains_is_named(database: TestDatabase) -> None:
    add(database, stock=10)
    mugs = add(database, stock=10)
    react(database, placed(new_id(), (mugs, 2)))
    with database.transaction() as tx:
        tx.execute(update(products).where(products.c.id == mugs["id"]).values(reserved=5))
        assert audit.sums(tx)[:2] == [
            Sum("reserved = reservations", "all products", {"checked": 2, "faulty": 1}, 1),
            Sum("reserved = reservations", mugs["id"], {"reserved": 5, "by reservations": 2}, 3),
        ]
