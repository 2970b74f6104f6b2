from __future__ import annotations

import random
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import IntegrityError

from services.catalog.models import products, reservation_lines, reservations
from shared.contracts import catalog as contract
from shared.kit.errors import Conflict
from shared.kit.ids import new_id
from tests.builders.database import TestDatabase
from tests.integration.catalog.scene import SUPPLIER, add, cancelled, do, placed, published, react, rejected, shipped, stock, verified_no_longer


def test_a_placed_order_has_every_line_reserved(database: TestDatabase) -> None:
    mugs, bottles, order = add(database, stock=10), add(database, stock=5), new_id()
    react(database, placed(order, (mugs, 4), (bottles, 5)))
    assert (stock(database, mugs), stock(database, bottles)) == ((10, 4), (5, 5))
    lines = [{"product_id": mugs["id"], "quantity": 4}, {"product_id": bottles["id"], "quantity": 5}]
    assert published(database, order) == [("catalog.stock_reserved.v1", {"order_id": order, "lines": lines})]


def test_one_short_line_refuses_them_all_and_is_named(database: TestDatabase) -> None:
    mugs, bottles, order = add(database, stock=10), add(database, stock=5), new_id()
    react(database, placed(order, (mugs, 4), (bottles, 6)))
    assert (stock(database, mugs), stock(database, bottles)) == ((10, 0), (5, 0))
    refused = {"order_id": order, "reason": "out_of_stock", "lines": [{"product_id": bottles["id"], "wanted": 6, "available": 5}]}
    assert published(database, order) == [("catalog.stock_refused.v1", refused)]


def test_two_lines_of_one_product_are_not_each_reserved_from_the_same_pieces(database: TestDatabase) -> None:
    mugs, order = add(database, stock=10), new_id()
    react(database, placed(order, (mugs, 6), (mugs, 6)))
    assert stock(database, mugs) == (10, 0)
    assert published(database, order)[0][1]["lines"] == [{"product_id": mugs["id"], "wanted": 12, "available": 10}]


def test_orders_that_share_a_transaction_share_what_is_there_one_after_the_other(database: TestDatabase) -> None:
    mugs, bottles = add(database, stock=10), add(database, stock=5)
    first, second, third, over, unknown = (new_id() for _ in range(5))
    react(database, cancelled(over))
    react(
        database,
        placed(first, (mugs, 6), (bottles, 5)),
        placed(second, (mugs, 5)),
        placed(third, (mugs, 4)),
        placed(over, (mugs, 1)),
        placed(unknown, ({"id": new_id()}, 1)),
    )
    assert (stock(database, mugs), stock(database, bottles)) == ((10, 10), (5, 5))
    reserved, refused = "catalog.stock_reserved.v1", "catalog.stock_refused.v1"
    assert [[type_ for type_, _ in published(database, order)] for order in (first, second, third, over, unknown)] == [
        [reserved], [refused], [reserved], [], [refused],
    ]  # fmt: skip
    assert published(database, second)[0][1]["lines"] == [{"product_id": mugs["id"], "wanted": 5, "available": 4}]


def test_a_withdrawn_or_unknown_product_is_refused(database: TestDatabase) -> None:
    withdrawn, first, second = add(database, stock=10), new_id(), new_id()
    do(database, contract.CHANGE_PRODUCT, SUPPLIER, id=withdrawn["id"], state="withdrawn")
    react(database, placed(first, (withdrawn, 1)))
    react(database, placed(second, ({"id": new_id()}, 1)))
    assert stock(database, withdrawn) == (10, 0)
    for order in (first, second):
        [(type_, data)] = published(database, order)
        assert (type_, data["reason"], data["lines"][0]["available"]) == ("catalog.stock_refused.v1", "product_withdrawn", 0)


def test_who_is_verified_no_longer_gets_no_new_order_and_those_that_have_their_goods_go_on(database: TestDatabase) -> None:
    mugs, going, ending, late = add(database, stock=10), new_id(), new_id(), new_id()
    for order in (going, ending):
        react(database, placed(order, (mugs, 2)))
    react(database, verified_no_longer(SUPPLIER.id, 3))
    react(database, placed(late, (mugs, 1)))
    [(type_, data)] = published(database, late)
    assert (type_, data["reason"], data["lines"][0]["available"]) == ("catalog.stock_refused.v1", "product_withdrawn", 0)
    react(database, shipped(going))
    react(database, cancelled(ending))
    assert stock(database, mugs) == (8, 0)


@pytest.mark.parametrize("end", [rejected, cancelled])
def test_what_an_order_that_ends_had_reserved_is_for_sale_again_once(database: TestDatabase, end: type) -> None:
    mugs, order, other = add(database, stock=10), new_id(), new_id()
    react(database, placed(order, (mugs, 4)))
    react(database, placed(other, (mugs, 3)))
    react(database, end(order))
    react(database, end(order))
    assert stock(database, mugs) == (10, 3)
    assert [type_ for type_, _ in published(database, order)] == ["catalog.stock_reserved.v1", "catalog.stock_released.v1"]
    assert published(database, order)[1][1]["lines"] == [{"product_id": mugs["id"], "quantity": 4}]


def test_shipped_goods_have_left_the_shelf_and_do_not_come_back_when_the_order_is_given_up(database: TestDatabase) -> None:
    mugs, order = add(database, stock=10), new_id()
    react(database, placed(order, (mugs, 4)))
    react(database, shipped(order))
    assert stock(database, mugs) == (6, 0)
    react(database, shipped(order))
    react(database, cancelled(order))
    assert stock(database, mugs) == (6, 0)
    assert [type_ for type_, _ in published(database, order)] == ["catalog.stock_reserved.v1", "catalog.stock_committed.v1"]


def test_a_refused_order_that_is_then_rejected_gives_nothing_back(database: TestDatabase) -> None:
    mugs, order, other = add(database, stock=10), new_id(), new_id()
    react(database, placed(other, (mugs, 5)))
    react(database, placed(order, (mugs, 6)))
    react(database, rejected(order))
    assert stock(database, mugs) == (10, 5)
    assert [type_ for type_, _ in published(database, order)] == ["catalog.stock_refused.v1"]


def test_an_order_known_to_be_over_is_not_reserved_when_its_placing_comes_late(database: TestDatabase) -> None:
    mugs, order = add(database, stock=10), new_id()
    react(database, rejected(order))
    react(database, placed(order, (mugs, 4)))
    assert stock(database, mugs) == (10, 0)
    assert published(database, order) == []


def test_an_order_that_is_told_of_twice_is_reserved_once(database: TestDatabase) -> None:
    mugs, order = add(database, stock=10), new_id()
    for _ in range(2):
        react(database, placed(order, (mugs, 4)))
    assert stock(database, mugs) == (10, 4)
    assert len(published(database, order)) == 1


def test_shipping_what_was_never_reserved_is_an_error_and_takes_nothing_from_the_shelf(database: TestDatabase) -> None:
    mugs, refused = add(database, stock=10), new_id()
    react(database, placed(refused, (mugs, 11)))
    for order in (refused, new_id()):
        with pytest.raises(Conflict) as caught:
            react(database, shipped(order))
        assert caught.value.code == "nothing_reserved"
    assert stock(database, mugs) == (10, 0)


def test_fifty_orders_at_once_for_ten_pieces_reserve_exactly_ten(database: TestDatabase) -> None:
    mugs, orders = add(database, stock=10), [new_id() for _ in range(50)]
    with ThreadPoolExecutor(25) as pool:
        list(pool.map(lambda order: react(database, placed(order, (mugs, 1))), orders))
    answers = Counter(published(database, order)[0][0] for order in orders)
    assert answers == {"catalog.stock_reserved.v1": 10, "catalog.stock_refused.v1": 40}
    assert stock(database, mugs) == (10, 10)


def test_orders_for_the_same_products_in_another_order_do_not_wait_for_each_other_for_ever(database: TestDatabase) -> None:
    mugs, bottles = add(database, stock=1000), add(database, stock=1000)
    orders = [placed(new_id(), (mugs, 1), (bottles, 1)) if number % 2 else placed(new_id(), (bottles, 1), (mugs, 1)) for number in range(60)]
    with ThreadPoolExecutor(12) as pool:
        list(pool.map(lambda event: react(database, event), orders))  # a deadlock would raise: `react` tries once
    assert stock(database, mugs) == stock(database, bottles) == (1000, 60)


def test_stock_adds_up_after_many_orders_at_once_whatever_became_of_them(database: TestDatabase) -> None:
    shelf, dice = [add(database, stock=30) for _ in range(3)], random.Random(4)
    lives = [
        (new_id(), [(product, dice.randint(1, 4)) for product in dice.sample(shelf, 2)], dice.choice([None, cancelled, rejected, shipped])) for _ in range(60)
    ]

    def live(order: str, lines: list, end: type | None) -> None:
        react(database, placed(order, *lines))
        if end and published(database, order)[0][0] == "catalog.stock_reserved.v1":
            react(database, end(order))

    with ThreadPoolExecutor(12) as pool:
        list(pool.map(lambda life: live(*life), lives))

    with database.transaction() as tx:
        rows = tx.execute(
            select(reservation_lines.c.product_id, reservations.c.state, func.sum(reservation_lines.c.quantity))
            .join(reservations)
            .group_by(reservation_lines.c.product_id, reservations.c.state)
        )
        total = {(product_id, state): int(quantity) for product_id, state, quantity in rows}
        counts = {row.id: (row.on_hand, row.reserved) for row in tx.execute(select(products.c.id, products.c.on_hand, products.c.reserved))}
    assert {state for _, state in total} == {"reserved", "committed", "released", "refused"}
    assert counts == {each: (30 - total.get((each, "committed"), 0), total.get((each, "reserved"), 0)) for each in counts}


@pytest.mark.parametrize("change", ["reserved = on_hand + 1", "reserved = -1", "on_hand = -1, reserved = -1"])
def test_the_database_itself_refuses_stock_that_cannot_be(database: TestDatabase, change: str) -> None:
    add(database, stock=3)
    with pytest.raises(IntegrityError, match="products_stock"), database.transaction() as tx:
        tx.execute(text(f"UPDATE products SET {change}"))
