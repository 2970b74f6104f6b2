"""Lists run on both databases: what search does is not the same SQL on both."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, text

from services.catalog.application import queries
from services.catalog.models import products
from shared.contracts import catalog as contract
from shared.kit.actor import Actor
from shared.kit.errors import Invalid
from tests.builders.database import TestDatabase, embedded_database
from tests.integration.catalog.scene import BUYER, OPERATOR, OTHER_SUPPLIER, SUPPLIER, add, do, react, verified, verified_no_longer


@pytest.fixture(params=["postgresql", "sqlite"])
def library(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[TestDatabase]:
    if request.param == "postgresql":
        yield request.getfixturevalue("database")
        return
    with embedded_database("catalog", tmp_path) as fresh:
        yield fresh


def titles(library: TestDatabase, actor: Actor = BUYER, **filters: Any) -> list[str]:
    return [each["title"] for each in do(library, contract.LIST_PRODUCTS, actor, **filters)["items"]]


def test_pages_follow_each_other_newest_first_and_hold_every_product_once(library: TestDatabase) -> None:
    for number in range(7):
        add(library, title=f"Mug {number}")
    seen, cursor = [], {}
    for expected in (3, 3, 1):
        page = do(library, contract.LIST_PRODUCTS, BUYER, limit=3, **cursor)
        assert len(page["items"]) == expected
        seen += [each["title"] for each in page["items"]]
        cursor = {"cursor": page["next"]}
        add(library, title="added while somebody reads on")
    assert seen == [f"Mug {number}" for number in range(6, -1, -1)]
    assert page["next"] is None


def test_who_wants_the_oldest_first_goes_on_to_what_is_added_meanwhile(library: TestDatabase) -> None:
    for number in range(3):
        add(library, title=f"Mug {number}")
    first = do(library, contract.LIST_PRODUCTS, BUYER, limit=2, sort="oldest")
    add(library, title="added while somebody reads on")
    second = do(library, contract.LIST_PRODUCTS, BUYER, limit=2, sort="oldest", cursor=first["next"])
    assert [each["title"] for each in first["items"] + second["items"]] == ["Mug 0", "Mug 1", "Mug 2", "added while somebody reads on"]
    assert second["next"] is None


def test_a_page_that_ends_with_the_last_product_has_no_next(library: TestDatabase) -> None:
    for _ in range(2):
        add(library)
    assert do(library, contract.LIST_PRODUCTS, BUYER, limit=2)["next"] is None


@pytest.mark.parametrize("cursor", ["", "x", "nonsense", "é", "AAAA" * 9])
def test_a_made_up_cursor_is_refused(library: TestDatabase, cursor: str) -> None:
    with pytest.raises(Invalid) as caught:
        do(library, contract.LIST_PRODUCTS, BUYER, cursor=cursor)
    assert list(caught.value.errors) == ["cursor"]


def test_each_sees_the_withdrawn_products_that_concern_them(library: TestDatabase) -> None:
    add(library, title="on sale")
    for owner, title in ((SUPPLIER, "withdrawn"), (OTHER_SUPPLIER, "withdrawn by another")):
        do(library, contract.CHANGE_PRODUCT, owner, id=add(library, owner, title=title)["id"], state="withdrawn")
    assert titles(library, BUYER) == ["on sale"]
    assert titles(library, BUYER, state="withdrawn") == []
    assert titles(library, BUYER, supplier_id=OTHER_SUPPLIER.id) == []
    assert titles(library, SUPPLIER) == ["withdrawn", "on sale"]
    assert titles(library, SUPPLIER, state="withdrawn") == ["withdrawn"]
    assert titles(library, SUPPLIER, state="active") == ["on sale"]
    assert titles(library, OPERATOR) == ["withdrawn by another", "withdrawn", "on sale"]
    assert titles(library, OPERATOR, supplier_id=SUPPLIER.id) == ["withdrawn", "on sale"]


def test_who_is_verified_no_longer_is_found_by_nobody_but_operators_until_they_are_again(library: TestDatabase) -> None:
    add(library, OTHER_SUPPLIER, title="another's mug")
    add(library, title="mug")
    react(library, verified_no_longer(SUPPLIER.id, 3))
    for filters in ({}, {"state": "active"}, {"search": "mug"}):
        assert titles(library, BUYER, **filters) == ["another's mug"]
        assert titles(library, OPERATOR, **filters) == ["mug", "another's mug"]
        assert titles(library, SUPPLIER, supplier_id=SUPPLIER.id, **filters) == ["mug"]
    assert titles(library, BUYER, supplier_id=SUPPLIER.id) == []
    held_back = {each["title"]: each["held_back"] for each in do(library, contract.LIST_PRODUCTS, SUPPLIER)["items"]}
    assert held_back == {"mug": "verification_withdrawn", "another's mug": None}
    react(library, verified(SUPPLIER.id, 4))
    assert titles(library, BUYER) == ["mug", "another's mug"]


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ("mug", ["Café-Mug white"]),
        ("WHITE caf", ["Café-Mug white"]),
        ("cafe mug whi", ["Café-Mug white"]),
        ("bottle", ["Steel bottle 500 ml"]),
        ("tb500", ["Steel bottle 500 ml"]),
        ("insulat", ["Steel bottle 500 ml"]),
        ("50 ml", ["Steel bottle 500 ml"]),
        ("ottle", []),
        ("mug bottle", []),
        ("瓷杯", ["高档陶瓷杯"]),
        ("%", []),
        ("_", []),
        ("' & | ! \\ :*", []),
        ("bottle' OR 1=1", []),
        ("x" * 90, []),
    ],
)
def test_search_finds_products_by_how_their_words_begin(library: TestDatabase, search: str, found: list[str]) -> None:
    add(library, title="Café-Mug white", sku="CM-1")
    add(library, title="Steel bottle 500 ml", sku="TB500/BL", description="Doubly insulated. " + "y" * 3000)
    add(library, title="高档陶瓷杯", sku="--")
    assert titles(library, search=search) == found


def test_search_finds_what_a_product_is_called_now(library: TestDatabase) -> None:
    product = add(library, title="Mug")
    do(library, contract.CHANGE_PRODUCT, SUPPLIER, id=product["id"], title="Cup")
    assert titles(library, search="mug") == []
    assert titles(library, search="cup") == ["Cup"]


def test_search_is_served_by_its_index(database: TestDatabase) -> None:
    with database.transaction() as tx:
        for other_way in ("seqscan", "indexscan"):
            tx.execute(text(f"SET LOCAL enable_{other_way} = off"))
        search = select(products).where(queries.found_by(["mug"], "postgresql")).compile(tx.connection)
        plan = tx.connection.exec_driver_sql(f"EXPLAIN {search}", search.params).scalars().all()
    assert any("products_words" in line for line in plan), plan
