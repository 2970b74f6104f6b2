"""Lists: whose, which, and page by page."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from services.orders.application import goods, handlers
from services.orders.application.paying import Paying
from shared.contracts import orders as contract
from shared.contracts.documents import OWN_ORDERS_AMONG
from shared.kit.actor import Actor
from shared.kit.clock import utc_now
from shared.kit.errors import Invalid, Unauthenticated
from shared.kit.ids import new_id
from tests.builders.database import call
from tests.integration.orders.scene import BUYER, CATALOG, FOREIGN, MUG, OPERATOR, STRANGER, SUPPLIER, Scene, line, terms

ID = "018f0000-0000-7000-8000-000000000000"


def ids(page: Any) -> list[str]:
    return [each["id"] for each in page["items"]]


def listed(scene: Scene, actor: Actor, **asked: Any) -> Any:
    return scene.do(contract.LIST_ORDERS, actor, **asked)


def test_parties_see_their_own_operators_see_all_others_see_nothing(scene: Scene) -> None:
    order, enquiry = scene.place(), scene.open()
    for actor, seen in ((BUYER, 1), (SUPPLIER, 1), (OPERATOR, 1), (STRANGER, 0)):
        assert len(listed(scene, actor)["items"]) == seen
        assert len(scene.do(contract.LIST_ENQUIRIES, actor)["items"]) == seen
    summary = listed(scene, BUYER)["items"][0]
    assert summary == {name: order[name] for name in summary}
    summary = scene.do(contract.LIST_ENQUIRIES, BUYER)["items"][0]
    assert summary == {name: enquiry[name] for name in summary}
    with pytest.raises(Unauthenticated):
        scene.do(contract.LIST_ORDERS, None)


def test_of_orders_that_are_named_each_party_is_told_its_own(scene: Scene) -> None:
    order = scene.place()["id"]
    for actor, seen in ((BUYER, [order]), (SUPPLIER, [order]), (OPERATOR, [order]), (STRANGER, [])):
        assert scene.do(OWN_ORDERS_AMONG, actor, ids=[new_id(), order]) == {"ids": seen}


def test_pages_go_on_where_the_one_before_ended_newest_first(scene: Scene) -> None:
    placed = [scene.place()["id"] for _ in range(5)][::-1]
    first = listed(scene, BUYER, limit=2)
    newer = scene.place()["id"]
    second = listed(scene, BUYER, limit=2, cursor=first["next"])
    third = listed(scene, BUYER, limit=2, cursor=second["next"])
    assert ids(first) + ids(second) + ids(third) == placed
    assert (third["next"], newer not in ids(second)) == (None, True)


def test_oldest_first_it_is_the_same_list_from_its_other_end(scene: Scene) -> None:
    placed = [scene.place()["id"] for _ in range(5)]
    for actor in (BUYER, OPERATOR):
        first = listed(scene, actor, limit=2, sort="oldest")
        second = listed(scene, actor, limit=3, sort="oldest", cursor=first["next"])
        assert ids(first) + ids(second) == placed
        assert second["next"] is None


def test_a_last_page_that_is_full_has_none_after_it(scene: Scene) -> None:
    for _ in range(2):
        scene.place()
    assert listed(scene, BUYER, limit=2)["next"] is None


def test_orders_of_the_same_moment_are_neither_lost_nor_shown_twice(scene: Scene) -> None:
    moment = utc_now()

    def place(tx: Any) -> None:
        tx.now = moment
        for _ in range(4):
            handlers.place_order(
                tx, call(contract.PLACE_ORDER, BUYER, {"lines": [line(MUG)], "terms": terms()}), goods.read_products({"items": CATALOG}), Paying()
            )

    scene.run(place)
    first = listed(scene, SUPPLIER, limit=3)
    assert len({*ids(first), *ids(listed(scene, SUPPLIER, limit=3, cursor=first["next"]))}) == 4


def test_one_who_buys_and_sells_sees_both_in_one_list_or_each_by_role(scene: Scene) -> None:
    trader = replace(SUPPLIER, roles=frozenset({"buyer", "supplier"}))
    sold = scene.place()["id"]
    bought = scene.do(contract.PLACE_ORDER, trader, lines=[line(FOREIGN)], terms=terms())["id"]
    assert ids(listed(scene, trader)) == [bought, sold]
    assert ids(listed(scene, trader, role="buyer")) == [bought]
    assert ids(listed(scene, trader, role="supplier")) == [sold]
    assert ids(listed(scene, OPERATOR)) == [bought, sold]
    assert ids(listed(scene, OPERATOR, role="buyer")) == []


def test_lists_are_narrowed_by_state(scene: Scene) -> None:
    placing, waiting = scene.place()["id"], scene.confirmed()["id"]
    for actor in (BUYER, SUPPLIER, OPERATOR):
        assert ids(listed(scene, actor, state="placing")) == [placing]
        assert ids(listed(scene, actor, state="awaiting_payment")) == [waiting]
    assert scene.do(contract.LIST_ENQUIRIES, BUYER, state="open")["items"] == []


@pytest.mark.parametrize("state", ["no_such_state", "open", "", "a\x00b"])
def test_a_state_that_orders_do_not_have_is_refused(scene: Scene, state: str) -> None:
    with pytest.raises(Invalid) as refused:
        listed(scene, BUYER, state=state)
    assert list(refused.value.errors) == ["state"]


def test_the_current_month_is_that_of_the_orders_clock(scene: Scene) -> None:
    order = scene.place()["id"]
    assert ids(listed(scene, BUYER, period="current_month")) == [order]
    scene.later = timedelta(days=32)
    assert listed(scene, BUYER, period="current_month")["items"] == []
    assert ids(listed(scene, BUYER)) == [order]


@pytest.mark.parametrize(
    "cursor",
    ["", "%", "ü", "AAAA", "x" * 5000]
    + [urlsafe_b64encode(text.encode()).decode() for text in (f"2026-01-01T00:00:00 {ID}", "2026-01-01T00:00:00+00:00 1", f"never {ID}")],
)
def test_a_cursor_that_is_none_of_ours_is_refused(scene: Scene, cursor: str) -> None:
    with pytest.raises(Invalid) as refused:
        listed(scene, BUYER, cursor=cursor)
    assert list(refused.value.errors) == ["cursor"]
