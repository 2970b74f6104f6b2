"""Dumping by a contract gives what marshmallow gives, and strictly it gives only what the contract allows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from marshmallow import fields, validate

from shared.contracts.dumping import Dumped, dump, dump_strictly
from shared.contracts.fields import Id, Measure, Money, Notice, Quantity, Text, Timestamp
from shared.kit.money import Money as MoneyValue

ID = "0190c0de-0000-7000-8000-000000000001"


class Line(Notice):
    product_id = Id(required=True)
    quantity = Quantity(required=True)
    mass = Measure()


class Whole(Notice):
    id = Id(required=True)
    title = Text(20, required=True)
    kind = fields.String(required=True, allow_none=True, validate=validate.OneOf(("one", "other")))
    total = Money(required=True)
    at = Timestamp(required=True)
    on = fields.Date()
    lines = fields.List(fields.Nested(Line), required=True)
    named = fields.Dict(keys=fields.String(), values=fields.String())
    first = fields.Nested(Line, allow_none=True)
    secret = fields.String(load_only=True)


@dataclass
class Object:
    product_id: str
    quantity: int


def whole(**changes: Any) -> dict[str, Any]:
    line = {"product_id": ID, "quantity": 3, "mass": Decimal("1.250"), "unknown": object()}
    given = {"id": ID, "title": "Cups", "kind": None, "total": MoneyValue(1234, "USD"), "at": datetime(2026, 5, 4, 12, tzinfo=UTC), "lines": [line]}
    return {**given, "on": datetime(2026, 5, 4, tzinfo=UTC).date(), "named": {"colour": "blue"}, "first": None, "secret": "x", **changes}


@pytest.mark.parametrize("value", [whole(), whole(kind="one", first=Object(ID, 2), lines=[]), {"title": "all the rest is missing"}])
def test_it_gives_what_marshmallow_gives(value: dict[str, Any]) -> None:
    assert dump(Whole, value) == Whole().dump(value)
    assert dump(Whole(many=True), [value]) == [Whole().dump(value)]
    assert dump(Whole(exclude=("title",)), value) == Whole(exclude=("title",)).dump(value)


def test_strictly_it_gives_the_same_where_the_value_fits() -> None:
    assert dump_strictly(Whole, whole()) == Whole().dump(whole())
    assert Whole().validate(dump_strictly(Whole, whole())) == {}


@pytest.mark.parametrize(
    ("field", "value"),
    [("title", None), ("title", ""), ("kind", "neither"), ("total", "12.34"), ("lines", [{"product_id": ID}]), ("lines", [{"product_id": ID, "quantity": 0}])],
)
def test_strictly_it_refuses_what_the_contract_does_not_allow(field: str, value: Any) -> None:
    with pytest.raises(ValueError, match=field if field != "lines" else "quantity"):
        dump_strictly(Whole, whole(**{field: value}))
    with pytest.raises(ValueError, match=f"{field} is missing"):
        dump_strictly(Whole, {name: each for name, each in whole().items() if name != field})


def test_what_is_dumped_already_is_taken_as_it_is() -> None:
    once = dump(Whole, whole())
    assert dump(Whole, whole(lines=Dumped(once["lines"]))) == once
