from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from shared.contracts import catalog as contract
from shared.kit.actor import Actor
from shared.kit.errors import Conflict, Forbidden, Invalid, NotFound, PreconditionFailed, Unauthenticated
from tests.builders.database import TestDatabase
from tests.integration.catalog.scene import (
    BUYER,
    MUG,
    OPERATOR,
    OTHER_SUPPLIER,
    SUPPLIER,
    add,
    do,
    get,
    placed,
    published,
    react,
    renamed,
    verified,
    verified_no_longer,
)


def test_a_product_is_answered_as_it_was_added_and_told_to_everybody(database: TestDatabase) -> None:
    facts = MUG | {
        "description": "Dishwasher-safe.",
        "hs_code": "691110",
        "country_of_origin": "CN",
        "minimum_quantity": 100,
        "properties": {"colour": "white", "volume": "350 ml"},
        "options": {"handle": ["left", "right"]},
        "special_goods": ["liquid"],
    }
    product = do(database, contract.ADD_PRODUCT, SUPPLIER, **facts, stock=500)
    assert {name: product[name] for name in facts} == facts | {"net_mass_kg": "0.310"}
    assert product["supplier"] == {"id": SUPPLIER.id, "name": "Huang Ceramics"}
    assert (product["state"], product["version"], product["on_hand"], product["reserved"], product["available"]) == ("active", 1, 500, 0, 500)
    assert do(database, contract.GET_PRODUCT, BUYER, id=product["id"]) == product
    told = {name: product[name] for name in ("sku", "title", "price", "state")} | {"product_id": product["id"], "supplier_id": SUPPLIER.id}
    assert published(database, product["id"]) == [("catalog.product_added.v1", told)]


def test_what_was_left_out_is_empty(database: TestDatabase) -> None:
    product = do(database, contract.ADD_PRODUCT, SUPPLIER, **MUG)
    assert (product["minimum_quantity"], product["on_hand"]) == (1, 0)
    assert (product["description"], product["hs_code"], product["country_of_origin"]) == (None, None, None)
    assert (product["properties"], product["options"], product["special_goods"]) == ({}, {}, [])


def test_a_number_is_taken_once_in_a_library_but_free_in_another(database: TestDatabase) -> None:
    add(database, sku="MUG-350")
    with pytest.raises(Conflict) as caught:
        add(database, sku="MUG-350")
    assert (caught.value.code, list(caught.value.errors)) == ("sku_taken", ["sku"])
    add(database, OTHER_SUPPLIER, sku="MUG-350")
    assert len(do(database, contract.LIST_PRODUCTS, BUYER)["items"]) == 2


@pytest.mark.parametrize("actor", [BUYER, OPERATOR])
def test_only_suppliers_have_products(database: TestDatabase, actor: Actor) -> None:
    product = add(database)
    for operation, data in (
        (contract.ADD_PRODUCT, MUG),
        (contract.CHANGE_PRODUCT, {"id": product["id"]}),
        (contract.SET_STOCK, {"id": product["id"], "on_hand": 1}),
    ):
        with pytest.raises(Forbidden, match="supplier"):
            do(database, operation, actor, **data)
    assert get(database, product) == product


@pytest.mark.parametrize("operation", [contract.GET_PRODUCT, contract.LIST_PRODUCTS])
def test_reading_takes_signing_in(database: TestDatabase, operation: Any) -> None:
    with pytest.raises(Unauthenticated):
        do(database, operation, None, **{"id": add(database)["id"]} if operation is contract.GET_PRODUCT else {})


def test_masses_that_disagree_are_refused_and_add_nothing(database: TestDatabase) -> None:
    with pytest.raises(Invalid, match="gross mass"):
        add(database, net_mass_kg="2", gross_mass_kg="1.999")
    assert do(database, contract.LIST_PRODUCTS, BUYER)["items"] == []


def test_a_change_leaves_the_other_facts_as_they_were(database: TestDatabase) -> None:
    before = add(database, description="Glazed.", hs_code="691110", stock=7, minimum_quantity=20, properties={"colour": "white"})
    after = do(database, contract.CHANGE_PRODUCT, SUPPLIER, id=before["id"], price={"amount": "310", "currency": "JPY"}, description=None)
    changed = {"price": {"amount": "310", "currency": "JPY"}, "description": None, "version": 2, "updated_at": after["updated_at"]}
    assert after == before | changed
    assert get(database, before) == after
    assert [type_ for type_, _ in published(database, before["id"])] == ["catalog.product_added.v1", "catalog.product_changed.v1"]


def test_masses_are_held_against_those_that_stay(database: TestDatabase) -> None:
    product = add(database, net_mass_kg="1", gross_mass_kg="2")
    for facts in ({"net_mass_kg": "2.001"}, {"gross_mass_kg": "0.999"}):
        with pytest.raises(Invalid) as caught:
            do(database, contract.CHANGE_PRODUCT, SUPPLIER, id=product["id"], **facts)
        assert list(caught.value.errors) == ["gross_mass_kg"]
    assert get(database, product) == product


def test_a_change_to_a_number_that_is_taken_changes_nothing(database: TestDatabase) -> None:
    add(database, sku="MUG-350")
    product = add(database, sku="MUG-500")
    with pytest.raises(Conflict) as caught:
        do(database, contract.CHANGE_PRODUCT, SUPPLIER, id=product["id"], sku="MUG-350", title="Mug")
    assert caught.value.code == "sku_taken"
    assert get(database, product) == product


def test_the_product_of_another_supplier_is_not_there_to_be_changed(database: TestDatabase) -> None:
    product = add(database)
    for operation, data in ((contract.CHANGE_PRODUCT, {"title": "Mine"}), (contract.SET_STOCK, {"on_hand": 0})):
        with pytest.raises(NotFound):
            do(database, operation, OTHER_SUPPLIER, id=product["id"], **data)
    assert get(database, product) == product


def test_a_change_of_what_was_changed_meanwhile_is_refused(database: TestDatabase) -> None:
    product = add(database)
    do(database, contract.CHANGE_PRODUCT, SUPPLIER, id=product["id"], title="Mug", if_match=1)
    for operation, data in ((contract.CHANGE_PRODUCT, {"title": "Cup"}), (contract.SET_STOCK, {"on_hand": 3})):
        with pytest.raises(PreconditionFailed) as caught:
            do(database, operation, SUPPLIER, id=product["id"], if_match=1, **data)
        assert caught.value.data == {"version": 2}
    assert do(database, contract.SET_STOCK, SUPPLIER, id=product["id"], on_hand=3, if_match=2)["title"] == "Mug"


def test_orders_do_not_outdate_what_the_supplier_saw(database: TestDatabase) -> None:
    product = add(database, stock=5)
    react(database, placed(OPERATOR.id, (product, 2)))
    assert do(database, contract.CHANGE_PRODUCT, SUPPLIER, id=product["id"], title="Cup", if_match=product["version"])["reserved"] == 2


def test_a_withdrawn_product_is_there_for_its_supplier_and_operators_only(database: TestDatabase) -> None:
    product = add(database)
    withdrawn = do(database, contract.CHANGE_PRODUCT, SUPPLIER, id=product["id"], state="withdrawn")
    for actor in (BUYER, OTHER_SUPPLIER):
        with pytest.raises(NotFound):
            do(database, contract.GET_PRODUCT, actor, id=product["id"])
    for actor in (SUPPLIER, OPERATOR):
        assert do(database, contract.GET_PRODUCT, actor, id=product["id"]) == withdrawn
    assert published(database, product["id"])[-1][1]["state"] == "withdrawn"
    assert do(database, contract.CHANGE_PRODUCT, SUPPLIER, id=product["id"], state="active")["state"] == "active"
    assert do(database, contract.GET_PRODUCT, BUYER, id=product["id"])["state"] == "active"


def test_products_by_id_are_those_that_are_for_sale(database: TestDatabase) -> None:
    first, second, gone = add(database), add(database, OTHER_SUPPLIER), add(database)
    do(database, contract.CHANGE_PRODUCT, SUPPLIER, id=gone["id"], state="withdrawn")
    found = do(database, contract.PRODUCTS_BY_ID, BUYER, ids=[second["id"], gone["id"], BUYER.id, first["id"]])["items"]
    assert sorted(found, key=lambda each: each["id"]) == [first, second]


def test_a_count_sets_what_is_on_hand_but_never_below_what_is_reserved(database: TestDatabase) -> None:
    product = add(database, stock=10)
    react(database, placed(OPERATOR.id, (product, 4)))
    counted = do(database, contract.SET_STOCK, SUPPLIER, id=product["id"], on_hand=4)
    assert (counted["on_hand"], counted["reserved"], counted["available"], counted["version"]) == (4, 4, 0, 2)
    with pytest.raises(Conflict, match="4 are reserved") as caught:
        do(database, contract.SET_STOCK, SUPPLIER, id=product["id"], on_hand=3)
    assert (caught.value.code, caught.value.data) == ("stock_reserved", {"reserved": 4})
    assert get(database, product) == counted


def test_who_is_not_verified_lists_nothing_but_looks_after_what_is_listed(database: TestDatabase) -> None:
    product = add(database)
    unknown = replace(SUPPLIER, verified=False)
    with pytest.raises(Forbidden) as refused:
        do(database, contract.ADD_PRODUCT, unknown, **MUG)
    assert refused.value.code == "verification_required"
    assert do(database, contract.SET_STOCK, unknown, id=product["id"], on_hand=1)["on_hand"] == 1


def test_a_supplier_who_goes_by_another_name_is_shown_by_it_at_all_their_products_and_no_others(database: TestDatabase) -> None:
    own, withdrawn, others = add(database), add(database), add(database, OTHER_SUPPLIER)
    do(database, contract.CHANGE_PRODUCT, SUPPLIER, id=withdrawn["id"], state="withdrawn")
    react(database, renamed(SUPPLIER.id, "Huang & Daughters"))
    assert [get(database, each)["supplier"]["name"] for each in (own, withdrawn, others)] == ["Huang & Daughters", "Huang & Daughters", "Weber Werkzeuge"]
    assert get(database, own)["version"] == own["version"]


def offered(database: TestDatabase, *products: Any) -> set[str]:
    """Those that an order may have."""
    return {each["id"] for each in do(database, contract.PRODUCTS_BY_ID, BUYER, ids=[each["id"] for each in products])["items"]}


def test_who_is_verified_no_longer_offers_nothing_sees_why_and_is_back_once_they_are_again(database: TestDatabase) -> None:
    own, others = add(database), add(database, OTHER_SUPPLIER)
    react(database, verified_no_longer(SUPPLIER.id, 3))
    added_meanwhile = add(database)  # with an access token from before
    assert added_meanwhile["held_back"] == "verification_withdrawn"
    assert offered(database, own, others, added_meanwhile) == {others["id"]}
    with pytest.raises(NotFound):
        do(database, contract.GET_PRODUCT, BUYER, id=own["id"])
    for operation, facts in ((contract.GET_PRODUCT, {}), (contract.CHANGE_PRODUCT, {"title": "Cup"}), (contract.SET_STOCK, {"on_hand": 3})):
        seen = do(database, operation, SUPPLIER, id=own["id"], **facts)
        assert (seen["state"], seen["held_back"]) == ("active", "verification_withdrawn")
    react(database, verified(SUPPLIER.id, 5))
    assert offered(database, own, added_meanwhile) == {own["id"], added_meanwhile["id"]}
    assert do(database, contract.GET_PRODUCT, BUYER, id=own["id"])["held_back"] is None


def test_news_of_a_verification_that_comes_late_or_twice_does_not_undo_what_was_told_after_it(database: TestDatabase) -> None:
    product, first, withdrawn, again = add(database), verified(SUPPLIER.id, 2), verified_no_longer(SUPPLIER.id, 3), verified(SUPPLIER.id, 5)
    for event in (withdrawn, first, withdrawn):
        react(database, event)
        assert not offered(database, product)
    for event in (again, withdrawn, first):
        react(database, event)
        assert offered(database, product)
