"""An order from a listing may say by which of the buyer's methods it is to be paid: the payment form is then filled in, all but the day."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import func, select

from services.orders.models import drafts, orders
from shared.contracts.orders import PLACE_ORDER
from shared.contracts.purchases import PLACE_PURCHASE
from shared.kit.errors import Invalid
from shared.kit.ids import new_id
from tests.integration.orders.scene import BUYER, CARD, FOREIGN, MUG, SUPPLIER, Scene, line, parcel, terms


def place(scene: Scene, **more: Any) -> Any:
    order = scene.do(PLACE_ORDER, BUYER, **{"lines": [line(MUG, 100)], "terms": parcel(), "payment_method_id": CARD} | more)
    scene.hear(order, "catalog.stock_reserved.v1", lines=[])
    scene.hear(order, "logistics.channel_confirmed.v1")
    return scene.order(order["id"])


def test_the_payment_form_is_filled_in_with_the_method_and_what_is_payable(scene: Scene) -> None:
    order = place(scene, payment_currency="EUR")
    filled = order["drafts"]["payment"]
    assert filled == {
        "method": "card",
        "payment_method_id": CARD,
        "amount": "220.80",
        "currency": "EUR",
        "payer_name": BUYER.name,
        "reference": order["number"],
    }
    paid = scene.act(order, "pay", BUYER, filled | {"paid_on": order["placed_at"][:10]})
    assert (paid["awaiting"], paid["drafts"]) == (["payments.payment_recorded.v1"], {})
    assert scene.order(order["id"], SUPPLIER)["drafts"] == {}


def test_each_order_of_a_purchase_has_its_own(scene: Scene) -> None:
    purchase = scene.do(PLACE_PURCHASE, BUYER, lines=[line(MUG, 1), line(FOREIGN, 1)], terms=parcel(), payment_method_id=CARD)
    assert len(purchase["orders"]) == count(scene, drafts) == 2


@pytest.mark.parametrize(
    ("wrong", "words"), [({"payment_method_id": new_id()}, "Not a method that you have bound"), ({"terms": terms(incoterm="CIF")}, "under escrow")]
)
def test_a_method_that_cannot_pay_is_named_and_nothing_is_placed(scene: Scene, wrong: Any, words: str) -> None:
    with pytest.raises(Invalid) as refused:
        place(scene, **wrong)
    (sentences,) = refused.value.errors.values()
    assert (list(refused.value.errors), words in sentences[0]) == (["payment_method_id"], True)
    assert (count(scene, orders), count(scene, drafts)) == (0, 0)


def count(scene: Scene, table: Any) -> int:
    return scene.run(lambda tx: tx.execute(select(func.count()).select_from(table)).scalar_one())  # type: ignore[no-any-return]
