from __future__ import annotations

from decimal import Decimal

import pytest

from services.catalog.domain.product import check_count, check_masses
from shared.kit.errors import Conflict, Invalid


def test_goods_may_weigh_the_same_or_more_when_packed() -> None:
    check_masses(Decimal("1.5"), Decimal("1.5"))
    check_masses(Decimal("1.5"), Decimal("1.501"))


def test_goods_that_weigh_less_when_packed_are_refused_by_the_field() -> None:
    with pytest.raises(Invalid) as caught:
        check_masses(Decimal("1.5"), Decimal("1.499"))
    assert caught.value.code == "masses_disagree"
    assert list(caught.value.errors) == ["gross_mass_kg"]


def test_a_count_may_find_exactly_the_reserved_goods() -> None:
    check_count(7, 7)


def test_a_count_below_the_reserved_goods_is_refused_and_says_how_many_are_reserved() -> None:
    with pytest.raises(Conflict) as caught:
        check_count(6, 7)
    assert caught.value.code == "stock_reserved"
    assert caught.value.data == {"reserved": 7}
    assert "7" in caught.value.errors["on_hand"][0]
