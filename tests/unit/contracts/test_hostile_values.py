"""Values made to break what reads them: each is a wrong value like any other, told in a moment."""

from __future__ import annotations

import time
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from marshmallow import ValidationError, fields, validate

from services.gateway.application.route import GET
from services.gateway.application.routes import ROUTES
from shared.contracts.fields import Amount, Email, Measure, Quantity, Rate, Shape, Text, Timestamp
from shared.contracts.forms import FORMS
from shared.contracts.orders import OPEN_ENQUIRY
from shared.contracts.validation import MOST_ERRORS, instance, load
from shared.kit.errors import Invalid

BITS = "9" * 100_000
NUMBERS = [
    "1e999999",
    "1e-999999",
    "1e9999999999999999999",
    "1E5",
    "1_0",
    "+1",
    " 1 ",
    "0x10",
    "१२",
    "1.",
    ".5",
    "1,5",
    "--1",
    "",
    BITS,
    f"0.{BITS}",
    10**400,
    1e30,
    True,
]


def refused(field: fields.Field[Any], value: Any) -> list[str]:
    started = time.thread_time()
    with pytest.raises(ValidationError) as error:
        field.deserialize(value)
    assert time.thread_time() - started < 1
    return list(error.value.messages)


@pytest.mark.parametrize("value", NUMBERS, ids=lambda value: str(value)[:20])
@pytest.mark.parametrize("field", [Measure(), Amount(), Rate()], ids=lambda field: type(field).__name__)
def test_a_decimal_is_digits_and_a_point(field: fields.Decimal, value: Any) -> None:
    refused(field, value)
    assert field.deserialize("12.5") == Decimal("12.5")


@pytest.mark.parametrize("value", [10**400, -1, 2**63, 1.5, "1", True], ids=lambda value: str(value)[:20])
def test_a_count_is_a_whole_number_that_every_table_takes(value: Any) -> None:
    refused(Quantity(), value)


@pytest.mark.parametrize("value", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "2026-01-01T00:00:00+99:99", f"2026-01-01T00:00:00.{BITS}x"])
def test_a_time_beyond_all_times_is_none(value: str) -> None:
    assert refused(Timestamp(), value) == ["Not a valid datetime."]


@pytest.mark.parametrize(
    "value",
    ["a\x1b[2Jb", "a\x9b2Jb", "a\x85b", "a\x7fb", "bidi \u202egnp.exe", "\u2066isolate\u2069", "a\u200bb", "\ufeffa", "a\u2028b", "tag\U000e0041", "\ud800"],
    ids=ascii,
)
def test_text_that_would_not_be_printed_as_it_stands_is_refused(value: str) -> None:
    assert refused(Text(), value) == ["Contains characters that cannot be printed."]


@pytest.mark.parametrize("value", ["", "   ", "\u200d", " \u200e\u200c ", "\u3164", "\u2800\u2800", "\u00ad"], ids=ascii)
def test_text_of_which_nothing_is_seen_is_empty(value: str) -> None:
    assert refused(Text(120), value) == ["Length must be between 1 and 120."]


@pytest.mark.parametrize("value", ["می‌خواهم", "क्‍ष", "👩‍🚀", "שלום\u200f!", "Zoë — Łódź", "two\nlines\tand a tab", "日本語"])
def test_how_the_world_writes_is_taken(value: str) -> None:
    assert Text().deserialize(f" {value} ") == value


@pytest.mark.parametrize(
    "value", ['"\x1b[31m"@host.example', "a@" + "b" * 300 + ".example", "a." * 50_000 + "@host.example", '"' + "\\" * 50_000, "a@b\r\nBcc: c@d.example"]
)
def test_an_address_that_is_none(value: str) -> None:
    refused(Email(), value)
    assert Email().deserialize("ann@host.example") == "ann@host.example"


def test_a_list_that_is_too_long_is_refused_for_its_length_alone() -> None:
    for data in ({"lines": [{}] * 300_000}, {"lines": [{"product_id": 7}] * 300_000, "terms": 1}):
        started = time.thread_time()
        with pytest.raises(Invalid) as error:
            load(instance(OPEN_ENQUIRY.request), data)
        assert error.value.errors == {"lines": ["Length must be between 1 and 200."]}
        assert time.thread_time() - started < 1


def test_a_list_that_is_too_long_is_told_by_its_path() -> None:
    class Box(Shape):
        marks = fields.List(fields.List(Text(), validate=validate.Length(max=2)), required=True, data_key="signs")

    class Boxes(Shape):
        boxes = fields.List(fields.Nested(Box), required=True)

    with pytest.raises(Invalid) as error:
        load(Boxes(), {"boxes": [{"signs": [["a"], ["a", "b", 3]]}, {}]})
    assert error.value.errors == {"boxes.0.signs.1": ["Longer than maximum length 2."]}


def test_of_very_many_wrong_fields_some_are_named() -> None:
    with pytest.raises(Invalid) as error:
        load(instance(OPEN_ENQUIRY.request), {f"a{number}": 1 for number in range(1000)})
    assert len(error.value.errors) == MOST_ERRORS


# Every request, whichever it is.

REQUESTS = {route.operation.request: f"{route.operation.service}.{route.operation.name}" for route in ROUTES if not route.is_callback}
PATHS = {"act_on_order.action", "save_draft.step", "cursor", "state", "types"}  # named in the request's target, which is bounded
HEADERS = {"if_match"}  # read off a header, at most 18 digits
BODIES = {"upload_document.content"}  # bounded by the route
WHOLE = {"form"}  # loaded by its own shape, among FORMS


def fields_of(schema: Any, path: str) -> Iterator[tuple[str, Any]]:
    assert schema.unknown == "raise", path
    for name, field in schema.load_fields.items():
        yield from parts_of(field, f"{path}.{name}")


def parts_of(field: Any, path: str) -> Iterator[tuple[str, Any]]:
    yield path, field
    if isinstance(field, fields.Nested):
        yield from fields_of(field.schema, path)
    inner = [field.inner] if isinstance(field, fields.List) else [field.key_field, field.value_field] if isinstance(field, fields.Dict) else []
    for each in inner:
        yield from parts_of(each, f"{path}[]")


ALL = [part for shape, name in [*REQUESTS.items(), *((form, name) for name, form in FORMS.items())] for part in fields_of(shape(), name)]


def is_bounded(field: Any) -> bool:
    bounds = [
        each for each in field.validators if isinstance(each, (validate.Length, validate.Range)) and (each.max is not None or getattr(each, "equal", None))
    ]
    choices = [each for each in field.validators if isinstance(each, (validate.OneOf, validate.Regexp))]
    if isinstance(field, (fields.List, fields.Dict, fields.Integer)):
        return bool(bounds or choices)
    if isinstance(field, fields.String) and not isinstance(field, fields.UUID):
        return bool(bounds or choices) or type(field)._deserialize is not fields.String._deserialize
    return not isinstance(field, (fields.Raw, fields.Float))


def test_every_field_that_anybody_may_fill_in_is_bounded_and_every_shape_knows_all_of_its_fields() -> None:
    taken = (*PATHS, *HEADERS, *BODIES, *WHOLE)
    assert [path for path, field in ALL if not is_bounded(field) and not path.endswith(tuple(f".{each}" for each in taken))] == []
    assert len(ALL) > 300


OURS = ("roles", "verified", "verified_at", "version", "state", "created_at", "updated_at", "balance", "owner_id", "buyer_id", "held", "paid", "session_id")
"""What the platform alone says."""
BUT = {"change_product": {"state"}}
"""What is the caller's to say: whether a product is offered."""


@pytest.mark.parametrize("route", [each for each in ROUTES if each.method != GET and not each.is_callback], ids=lambda each: f"{each.method} {each.path}")
def test_no_write_takes_what_the_platform_alone_says(route: Any) -> None:
    given = dict.fromkeys((*OURS, "__class__", "$where", "id"), "mine")
    with pytest.raises(Invalid) as error:
        load(instance(route.operation.request), given)
    unknown = {name for name, said in error.value.errors.items() if said == ["Unknown field."]}
    assert unknown >= given.keys() - {*route.parameters, "id"} - BUT.get(route.operation.name, set())
