"""An order may be paid in another currency than its prices': at the rate that it was placed at, whatever becomes of rates."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from services.orders.models import orders
from shared.contracts.orders import ACT_ON_ORDER, PLACE_ORDER
from shared.contracts.purchases import PLACE_PURCHASE
from shared.kit.errors import Invalid
from tests.integration.orders.forms import FORMS
from tests.integration.orders.scene import BUYER, FOREIGN, IN_EURO, MUG, RATE, UNKNOWN, Scene, line, parcel

IN_EUROS = {"amount": "220.80", "currency": "EUR"}


def place(scene: Scene, *lines: Any, **more: Any) -> Any:
    order = scene.do(PLACE_ORDER, BUYER, lines=list(lines or [line(MUG, 100)]), terms=parcel(), **{"payment_currency": "EUR"} | more)
    scene.hear(order, "catalog.stock_reserved.v1", lines=[])
    scene.hear(order, "logistics.channel_confirmed.v1")
    return scene.order(order["id"])


def test_what_is_payable_is_fixed_with_its_rate_as_the_order_is_placed(scene: Scene) -> None:
    order = place(scene)
    assert (order["total"], order["payable"]) == ({"amount": "240.00", "currency": "USD"}, IN_EUROS)
    assert order["exchange"] == {"rate_id": RATE, "rate": "0.92", "total": IN_EUROS}


def test_payments_is_told_what_is_payable(scene: Scene) -> None:
    order = scene.do(PLACE_ORDER, BUYER, lines=[line(MUG, 100)], terms=parcel(), payment_currency="EUR")
    told = scene.last(order["id"])
    assert (told["total"], told["exchange"]) == ({"amount": "240.00", "currency": "USD"}, {"rate_id": RATE, "rate": "0.92", "total": IN_EUROS})


def test_it_is_paid_and_refunded_in_that_currency(scene: Scene) -> None:
    order = place(scene)
    form = FORMS["payment"](order)
    with pytest.raises(Invalid) as wrong:
        scene.do(ACT_ON_ORDER, BUYER, id=order["id"], action="pay", form=form | {"amount": "240.00", "currency": "USD"})
    assert set(wrong.value.errors) == {"amount", "currency"}
    scene.act(order, "pay", BUYER, form | IN_EUROS)
    scene.hear(order, "payments.payment_recorded.v1", amount=IN_EUROS)
    scene.later += timedelta(days=11)
    cancelled = scene.act(order, "cancel", BUYER)
    assert cancelled["refund"]["amount"] == IN_EUROS


def test_the_prices_own_currency_needs_no_rate(scene: Scene) -> None:
    order = place(scene, payment_currency="USD")
    assert (order["payable"], order["exchange"]) == (order["total"], None)


def test_each_order_of_a_purchase_has_its_own(scene: Scene) -> None:
    purchase = scene.do(PLACE_PURCHASE, BUYER, lines=[line(FOREIGN, 10), line(IN_EURO, 10)], terms=parcel(), payment_currency="EUR")
    shown = [scene.order(each["id"]) for each in purchase["orders"]]
    assert {each["total"]["currency"]: each["payable"] for each in shown} == {
        "USD": {"amount": "22.08", "currency": "EUR"},
        "EUR": {"amount": "24.00", "currency": "EUR"},
    }


def test_without_a_rate_nothing_is_placed_and_the_field_is_named(scene: Scene) -> None:
    with pytest.raises(Invalid) as refused:
        place(scene, payment_currency="JPY")
    assert list(refused.value.errors) == ["payment_currency"]
    assert scene.run(lambda tx: tx.execute(select(func.count()).select_from(orders)).scalar_one()) == 0


def test_a_line_that_cannot_be_had_is_told_first(scene: Scene) -> None:
    with pytest.raises(Invalid) as refused:
        place(scene, line(MUG, 1), line(UNKNOWN, 1))
    assert list(refused.value.errors) == ["lines.1.product_id"]
