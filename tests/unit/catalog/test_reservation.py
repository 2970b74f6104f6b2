from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from services.catalog.domain.reservation import (
    COMMITTED,
    REFUSED,
    RELEASED,
    RESERVED,
    STATES,
    Refusal,
    Shelf,
    Shortage,
    after_shipping,
    after_the_end,
    quantities,
    refusal,
)
from shared.kit.errors import Conflict


def test_lines_of_one_product_count_together_and_products_come_in_the_order_of_their_ids() -> None:
    lines = [{"product_id": "b", "quantity": 2}, {"product_id": "a", "quantity": 1}, {"product_id": "b", "quantity": 3}]
    assert list(quantities(lines).items()) == [("a", 1), ("b", 5)]


def test_all_lines_that_are_there_are_not_refused() -> None:
    assert refusal({"a": 5, "b": 1}, {"a": Shelf(True, 5), "b": Shelf(True, 9)}) is None


def test_a_refusal_names_the_lines_that_are_short_and_only_those() -> None:
    refused = refusal({"a": 5, "b": 10}, {"a": Shelf(True, 5), "b": Shelf(True, 9)})
    assert refused == Refusal("out_of_stock", (Shortage("b", 10, 9),))


def test_of_a_product_that_is_not_for_sale_nothing_is_available_however_much_there_is() -> None:
    refused = refusal({"a": 10, "b": 1}, {"a": Shelf(True, 9), "b": Shelf(False, 100)})
    assert refused == Refusal("product_withdrawn", (Shortage("a", 10, 9), Shortage("b", 1, 0)))


def test_a_product_that_never_was_is_refused_like_one_that_is_not_for_sale() -> None:
    assert refusal({"a": 1}, {}) == Refusal("product_withdrawn", (Shortage("a", 1, 0),))


@given(st.dictionaries(st.sampled_from("abcdef"), st.tuples(st.integers(1, 20), st.integers(0, 20), st.booleans()), min_size=1))
def test_an_order_is_refused_exactly_when_some_line_cannot_be_had(order: dict[str, tuple[int, int, bool]]) -> None:
    wanted = {each: quantity for each, (quantity, _, _) in order.items()}
    shelves = {each: Shelf(for_sale, available) for each, (_, available, for_sale) in order.items()}
    missing = {each for each, (quantity, available, for_sale) in order.items() if not for_sale or quantity > available}
    refused = refusal(wanted, shelves)
    assert {line.product_id for line in refused.lines} == missing if refused else not missing


def test_only_goods_that_were_set_aside_can_be_shipped() -> None:
    assert {state: after_shipping(state) for state in (RESERVED, COMMITTED)} == {RESERVED: COMMITTED, COMMITTED: COMMITTED}
    for state in (None, RELEASED, REFUSED):
        with pytest.raises(Conflict, match="shipped") as caught:
            after_shipping(state)
        assert caught.value.code == "nothing_reserved"


def test_the_end_of_an_order_gives_back_what_is_still_on_the_shelf() -> None:
    assert {state: after_the_end(state) for state in (None, *STATES)} == {
        None: RELEASED,
        RESERVED: RELEASED,
        COMMITTED: COMMITTED,
        RELEASED: RELEASED,
        REFUSED: REFUSED,
    }
