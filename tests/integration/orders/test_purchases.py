"""A basket of several suppliers' products becomes one order for each of them under one purchase number, or nothing at all."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import func, select

from services.orders.models import orders, purchases
from shared.contracts.orders import GET_ORDER, LIST_ORDERS
from shared.contracts.purchases import GET_PURCHASE, PLACE_PURCHASE
from shared.kit.errors import Forbidden, Invalid, NotFound
from tests.integration.orders.scene import BUYER, FOREIGN, IN_EURO, MUG, OPERATOR, OWN, SHIRT, STRANGER, SUPPLIER, UNKNOWN, Scene, line, parcel

BASKET = [line(MUG, 10), line(FOREIGN, 1), line(SHIRT, 2, size="M", colour="white")]


def buy(scene: Scene, lines: Any = None, **more: Any) -> Any:
    return scene.do(PLACE_PURCHASE, BUYER, lines=lines or BASKET, terms=parcel(), **more)


def count(scene: Scene, table: Any) -> int:
    return scene.run(lambda tx: tx.execute(select(func.count()).select_from(table)).scalar_one())  # type: ignore[no-any-return]


def test_a_basket_makes_one_order_a_supplier_under_one_number(scene: Scene) -> None:
    purchase = buy(scene)
    assert [each["supplier"]["id"] for each in purchase["orders"]] == [SUPPLIER.id, STRANGER.id]
    assert {each["purchase"]["number"] for each in purchase["orders"]} == {purchase["number"]}
    assert purchase["totals"] == [{"amount": "62.40", "currency": "USD"}]
    assert purchase["awaiting"] == ["catalog.stock_reserved.v1", "logistics.channel_confirmed.v1"]
    mine = scene.do(GET_ORDER, SUPPLIER, id=purchase["orders"][0]["id"])
    assert [each["product_id"] for each in mine["lines"]] == [MUG["id"], SHIRT["id"]]
    assert scene.last(mine["id"])["purchase_number"] == purchase["number"]
    assert scene.do(LIST_ORDERS, BUYER)["items"][0]["purchase"]["id"] == purchase["id"]


def test_each_order_goes_its_own_way(scene: Scene) -> None:
    first, second = buy(scene)["orders"]
    scene.hear(first, "catalog.stock_refused.v1", lines=[])
    scene.hear(second, "catalog.stock_reserved.v1")
    scene.hear(second, "logistics.channel_confirmed.v1")
    purchase = scene.do(GET_PURCHASE, BUYER, id=first["purchase"]["id"])
    assert ([each["state"] for each in purchase["orders"]], purchase["awaiting"]) == (["rejected", "awaiting_payment"], [])


def test_a_suppliers_goods_may_go_by_another_channel(scene: Scene) -> None:
    first, second = buy(scene, channels={STRANGER.id: "postal_parcel"})["orders"]
    assert [scene.order(each["id"])["terms"]["channel"] for each in (first, second)] == ["express", "postal_parcel"]


def test_orders_in_two_currencies_make_two_totals_and_one_order_has_one(scene: Scene) -> None:
    purchase = buy(scene, [line(FOREIGN, 1), line(IN_EURO, 10)])
    assert purchase["totals"] == [{"amount": "24.00", "currency": "EUR"}, {"amount": "2.40", "currency": "USD"}]
    with pytest.raises(Invalid) as mixed:
        buy(scene, [line(FOREIGN, 1), line(MUG, 1), line(IN_EURO, 10)])
    assert list(mixed.value.errors) == ["lines.2.product_id"]


@pytest.mark.parametrize(
    ("lines", "fields"),
    [
        ([line(MUG), line(UNKNOWN), line(FOREIGN)], ["lines.1.product_id"]),
        ([line(FOREIGN), line(OWN), line(SHIRT, 1, size="S")], ["lines.1.product_id", "lines.2.options.colour"]),
    ],
)
def test_one_line_that_cannot_be_had_leaves_no_order_at_all_and_is_named(scene: Scene, lines: Any, fields: list[str]) -> None:
    with pytest.raises(Invalid) as error:
        buy(scene, lines)
    assert list(error.value.errors) == fields
    assert (count(scene, orders), count(scene, purchases)) == (0, 0)


def test_a_channel_is_for_a_supplier_of_the_basket(scene: Scene) -> None:
    with pytest.raises(Invalid) as error:
        buy(scene, channels={BUYER.id: "express"})
    assert list(error.value.errors) == [f"channels.{BUYER.id}"]


def test_a_purchase_is_its_buyers_to_see(scene: Scene) -> None:
    key = buy(scene)["id"]
    assert scene.do(GET_PURCHASE, OPERATOR, id=key)["id"] == key
    for other in (SUPPLIER, STRANGER):
        with pytest.raises(NotFound):
            scene.do(GET_PURCHASE, other, id=key)
    with pytest.raises(Forbidden):
        scene.do(PLACE_PURCHASE, SUPPLIER, lines=BASKET, terms=parcel())
