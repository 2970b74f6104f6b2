"""What lines, prices and terms of enquiries, offers and orders must be: every fault is named where it is, and nothing is kept."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import func, select

from services.orders.models import enquiries, orders
from shared.contracts import orders as contract
from shared.kit.errors import Forbidden, Invalid
from tests.integration.orders.scene import BOWL, BUYER, FOREIGN, IN_EURO, MUG, OWN, SHIRT, SUPPLIER, UNKNOWN, Scene, line, product, terms

FAULTS = [
    pytest.param([line(MUG), line(UNKNOWN)], "lines.1.product_id", "no such product", id="unknown or withdrawn"),
    pytest.param([line(MUG), line(BOWL, 20), line(MUG)], "lines.2.product_id", "earlier line", id="twice"),
    pytest.param([line(MUG), line(FOREIGN)], "lines.1.product_id", "one supplier", id="of two suppliers"),
    pytest.param([line(OWN)], "lines.0.product_id", "own goods", id="the buyer's own"),
    pytest.param([line(SHIRT, 1, size="XXL", colour="white")], "lines.0.options.size", "one of: S, M, L", id="no such value"),
    pytest.param([line(SHIRT, 1, size="M", colour="white", cut="slim")], "lines.0.options.cut", "only: size, colour", id="no such option"),
    pytest.param([line(MUG, 1, size="M")], "lines.0.options.size", "only: none", id="options of a product without"),
    pytest.param(
        [line(SHIRT, 1, size="M", colour="white"), line(SHIRT, 2, size="M", colour="white")], "lines.1.product_id", "earlier line", id="the same choice twice"
    ),
    pytest.param([line(MUG), line(BOWL, 9)], "lines.1.quantity", "At least 10", id="below the minimum"),
]
PRICED_FAULTS = [
    pytest.param([line(MUG, 10, "2.40"), line(BOWL, 10, "3.10", "EUR")], "lines.1.unit_price.currency", "USD", id="two currencies"),
    pytest.param([line(MUG, 10**9, "9999999999.99")], "lines.0.quantity", "More than", id="more money than is counted"),
    pytest.param([line(MUG, 10**6, "9000000.00"), line(BOWL, 10**6, "9000000.00")], "lines", "More than", id="more money in all than is counted"),
]


def refused(work: Any, field: str, words: str) -> None:
    with pytest.raises(Invalid) as error:
        work()
    assert list(error.value.errors) == [field]
    assert words in error.value.errors[field][0]


def count(scene: Scene, table: Any) -> int:
    return scene.run(lambda tx: tx.execute(select(func.count()).select_from(table)).scalar_one())  # type: ignore[no-any-return]


@pytest.mark.parametrize(("lines", "field", "words"), FAULTS + PRICED_FAULTS)
def test_a_line_that_cannot_be_traded_is_named_when_asked_for(scene: Scene, lines: Any, field: str, words: str) -> None:
    refused(lambda: scene.open(*lines, terms=terms()), field, words)
    assert count(scene, enquiries) == 0


@pytest.mark.parametrize(("lines", "field", "words"), FAULTS)
def test_a_line_that_cannot_be_traded_is_named_when_ordered(scene: Scene, lines: Any, field: str, words: str) -> None:
    refused(lambda: scene.place(*lines), field, words)
    assert count(scene, orders) == 0


@pytest.mark.parametrize(("lines", "field", "words"), PRICED_FAULTS)
def test_a_line_that_cannot_be_traded_is_named_when_offered(scene: Scene, lines: Any, field: str, words: str) -> None:
    key = scene.open()["id"]
    refused(lambda: scene.offer(key, lines=lines), field, words)
    assert scene.enquiry(key)["offers"] == []


def test_what_is_ordered_says_what_was_chosen_and_one_product_may_be_had_in_several_ways(scene: Scene) -> None:
    order = scene.place(line(SHIRT, 2, size="M", colour="white"), line(SHIRT, 3, size="L", colour="indigo"))
    assert [(each["quantity"], each["options"]) for each in order["lines"]] == [(2, {"size": "M", "colour": "white"}), (3, {"size": "L", "colour": "indigo"})]
    assert scene.walk(order_confirmed(scene, order))["state"] == "completed"


@pytest.mark.parametrize("chosen", [{}, {"colour": "white"}])
def test_an_order_and_a_complete_enquiry_choose_every_option(scene: Scene, chosen: dict[str, str]) -> None:
    refused(lambda: scene.place(line(SHIRT, 1, size="S")), "lines.0.options.colour", "white, indigo")
    with pytest.raises(Invalid) as error:
        scene.open(line(SHIRT, 1, "17.00", **chosen), terms=terms())
    assert set(error.value.errors) == {f"lines.0.options.{name}" for name in {"size", "colour"} - chosen.keys()}
    assert scene.open(line(SHIRT, None, **chosen))["lines"][0].get("options", {}) == chosen, "who asks may leave it open"


def order_confirmed(scene: Scene, order: Any) -> Any:
    scene.hear(order, "catalog.stock_reserved.v1", lines=[])
    scene.hear(order, "logistics.channel_confirmed.v1", channel="sea_lcl")
    return scene.order(order["id"])


def test_an_offer_stays_with_the_supplier_who_was_asked(scene: Scene) -> None:
    key = scene.open()["id"]
    refused(lambda: scene.offer(key, lines=[line(FOREIGN, 10, "1.00")]), "lines.0.product_id", "one supplier")


def test_listings_in_two_currencies_cannot_be_ordered_together(scene: Scene) -> None:
    refused(lambda: scene.place(line(MUG), line(IN_EURO)), "lines.1.product_id", "USD")


def test_goods_heavier_than_any_scale_are_refused(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    anvil = product("Anvil", gross_mass_kg="1000.000")
    monkeypatch.setattr("tests.integration.orders.scene.CATALOG", (anvil,))
    refused(lambda: scene.place(line(anvil, 10**6)), "lines.0.quantity", "More than")
    assert scene.place(line(anvil, 10**6 - 1))["lines"][0]["gross_mass_kg"] == "999999000.000"


def test_a_lines_total_is_exact_in_currencies_of_three_decimals_and_of_none(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    oud, fan = product("Oud", price="0.125", currency="KWD"), product("Fan", price="1200", currency="JPY")
    monkeypatch.setattr("tests.integration.orders.scene.CATALOG", (oud, fan))
    assert scene.place(line(oud, 3))["total"] == {"amount": "0.375", "currency": "KWD"}
    assert scene.place(line(fan, 3))["total"] == {"amount": "3600", "currency": "JPY"}


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"preset": None}, "terms.settlement"),
        ({"insurance": "none"}, "terms.insurance"),
        ({"port_of_discharge": None}, "terms.port_of_discharge"),
    ],
)
def test_terms_that_cannot_be_agreed_on_are_named(scene: Scene, changes: Any, field: str) -> None:
    key = scene.open()["id"]
    for work in (
        lambda: scene.place(agreed=terms(**changes)),
        lambda: scene.open(terms=terms(**changes)),
        lambda: scene.offer(key, terms=terms(**changes)),
    ):
        with pytest.raises(Invalid) as error:
            work()
        assert field in error.value.errors


def test_only_buyers_place_orders(scene: Scene) -> None:
    with pytest.raises(Forbidden):
        scene.do(contract.PLACE_ORDER, SUPPLIER, lines=[line(MUG)], terms=terms())


def test_an_order_does_not_change_with_the_catalog(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    key = scene.open()["id"]
    scene.offer(key)
    monkeypatch.setattr("tests.integration.orders.scene.CATALOG", ())
    order = scene.accept(key, BUYER)
    assert (order["lines"][0]["title"], order["lines"][0]["unit_price"]["amount"]) == (MUG["title"], "2.20")
