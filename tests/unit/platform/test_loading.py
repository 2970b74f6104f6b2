"""Loading by a contract gives what marshmallow gives, whatever is put in the place of each value, and says the same of what does not fit."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import deepcopy
from typing import Any

import pytest
from marshmallow import Schema, ValidationError, fields, post_load

from shared.contracts.catalog import ADD_PRODUCT
from shared.contracts.fields import Id, Measure, Money, Notice, Quantity, Shape, Text, Timestamp
from shared.contracts.forms import FORMS
from shared.contracts.loading import load
from shared.contracts.orders import PLACE_ORDER
from tradelane.demo.trade_file import DEFAULT, load as read_trade

ID = "0190c0de-0000-7000-8000-000000000001"
INSTEAD = (
    None,
    True,
    0,
    7,
    -1,
    1.5,
    "",
    " a ",
    "x",
    "\x00",
    ID.upper(),
    ID.replace("-", ""),
    "2026-05-04T12:00:00+02:00",
    "12.345",
    [],
    ["x"],
    {},
    {"x": 1},
    [None],
)


class Line(Notice):
    product_id = Id(required=True)
    quantity = Quantity(required=True)
    mass = Measure()


class Whole(Shape):
    id = Id(required=True)
    title = Text(20, required=True)
    total = Money(required=True)
    at = Timestamp(data_key="when")
    lines = fields.List(fields.Nested(Line), required=True)
    one = fields.Nested(Line, unknown="raise", allow_none=True)
    several = fields.Nested(Line, many=True)
    named = fields.Dict(keys=fields.String(), values=fields.String())
    other = fields.String(load_default="as ever")
    made = fields.List(fields.Integer(), load_default=list)
    told = fields.String(dump_only=True)


class Hooked(Shape):
    title = fields.String(required=True)

    @post_load
    def shout(self, data: dict[str, Any], **_: Any) -> str:
        return str(data["title"]).upper()


LINE = {"product_id": ID, "quantity": 3, "mass": "1.250"}
WHOLE = {
    "id": ID,
    "title": " Cups ",
    "total": {"amount": "12.34", "currency": "USD"},
    "when": "2026-05-04T12:00:00+02:00",
    "lines": [LINE, {**LINE, "unknown": 1}],
    "one": LINE,
    "several": [LINE],
    "named": {"colour": "blue"},
}
TRADE = read_trade(DEFAULT)


def outcome(work: Callable[[], Any]) -> Any:
    try:
        return work()
    except ValidationError as error:
        return "refused", error.messages


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Of every value in it."""
    for key, inner in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield (*path, key)
        yield from places(inner, (*path, key))


def changed(value: Any) -> Iterator[Any]:
    """As it is; with one more field, or one fewer; with something else in the place of one."""
    yield value
    for path in places(value):
        for new in (*INSTEAD, KeyError):
            changed = deepcopy(value)
            *way, last = path
            holder = changed
            for key in way:
                holder = holder[key]
            if new is KeyError:
                del holder[last]
            else:
                holder[last] = new
            yield changed
        if isinstance(holder, dict):
            holder["one_more"] = 1
            yield changed


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        (Whole(), WHOLE),
        (Whole(exclude=("told", "named")), {name: each for name, each in WHOLE.items() if name != "named"}),
        (Whole(many=True), [WHOLE]),
        (Whole(partial=True), {"title": "x"}),
        (Hooked(), {"title": "x"}),
        (PLACE_ORDER.request(), {"lines": [{"product_id": ID, "quantity": 5}], "terms": TRADE.terms}),
        *((ADD_PRODUCT.request(), {**product, "stock": 1}) for product in TRADE.products),
    ],
    ids=lambda each: type(each).__name__ if isinstance(each, Schema) else "",
)
def test_it_gives_and_says_what_marshmallow_does(schema: Schema, value: Any) -> None:
    assert not isinstance(outcome(lambda: load(schema, value)), tuple), "the first is right"
    for each in (*changed(value), *INSTEAD):
        before = deepcopy(each)
        assert outcome(lambda each=each: load(schema, each)) == outcome(lambda each=each: schema.load(each)), each
        assert each == before


@pytest.mark.parametrize("step", [name for name, step in TRADE.steps.items() if "form" in step])
def test_forms_are_loaded_as_by_marshmallow(step: str) -> None:
    schemas = [form() for form in FORMS.values()]
    for each in changed(TRADE.steps[step]["form"]):
        for schema in schemas:
            assert outcome(lambda each=each, schema=schema: load(schema, each)) == outcome(lambda each=each, schema=schema: schema.load(each))
