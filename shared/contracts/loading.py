"""Loading by a contract: what a schema does to each of its fields is worked out once, as `dumping` does it the other way.

It gives what `Schema.load` gives. Whatever is wrong with the data is left to marshmallow to find and to say, but that a list is too long: marshmallow
would look at all that is in it first.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

from marshmallow import EXCLUDE, RAISE, Schema, ValidationError, fields, missing, validate

from shared.contracts.fields import Id

Load = Callable[[Any], Any]

_CANONICAL = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def load(schema: Schema, data: Any) -> Any:
    """`data` (JSON, many where the schema is) as Python values; marshmallow's ValidationError where it does not fit."""
    try:
        return _of_schema(schema, schema.unknown)(data)
    except Exception:  # noqa: BLE001  (what it is, marshmallow tells)
        for messages in _too_long(fields.Nested(schema), data):
            raise ValidationError(messages) from None
        return schema.load(data)


def _too_long(field: fields.Field[Any], value: Any) -> Iterator[Any]:
    """For each list in the value that is longer than the field takes: marshmallow's messages, nested as it nests them."""
    match field:
        case fields.Nested() if isinstance(value, dict):
            for name, inner in field.schema.load_fields.items():
                key = inner.data_key or name
                yield from ({key: messages} for messages in _too_long(inner, value.get(key)))
        case fields.List() if isinstance(value, list):
            for bound in field.validators:
                if isinstance(bound, validate.Length) and bound.max is not None and len(value) > bound.max:
                    yield _said_by(bound, value)
            if isinstance(field.inner, (fields.Nested, fields.List)):
                for index, each in enumerate(value):
                    yield from ({index: messages} for messages in _too_long(field.inner, each))


def _said_by(bound: validate.Length, value: list[Any]) -> Any:
    try:
        bound(value)
    except ValidationError as error:
        return error.messages
    return []


@cache
def _of_schema(schema: Schema, unknown: str) -> Load:
    if unknown not in (RAISE, EXCLUDE) or any(schema._hooks.values()) or schema.partial:  # noqa: SLF001
        return schema.load
    parts = [(field.data_key or name, field.attribute or name, _of_field(field)) for name, field in schema.load_fields.items()]
    known = {key for key, _, _ in parts}

    def one(data: dict[str, Any]) -> dict[str, Any]:
        if unknown == RAISE and not known.issuperset(data):
            raise ValueError("a field is not known")
        loaded = {}
        for key, name, inner in parts:
            value = inner(data.get(key, missing))
            if value is not missing:
                loaded[name] = value
        return loaded

    return _each(_dict(one)) if schema.many else _dict(one)


def _of_field(field: fields.Field[Any]) -> Load:
    if field.pre_load or field.post_load:
        return field.deserialize
    convert, required, default, optional, validators = _converting(field), field.required, field.load_default, field.allow_none, tuple(field.validators)

    def deserialized(value: Any) -> Any:
        if value is missing:
            if required:
                raise ValueError("a field is missing")
            return default() if callable(default) else default
        if value is None:
            if optional:
                return None
            raise ValueError("a field is null")
        converted = convert(value)
        for check in validators:
            check(converted)
        return converted

    return deserialized


def _converting(field: fields.Field[Any]) -> Load:
    match field:
        case fields.Nested() if type(field) is fields.Nested:
            return _of_schema(field.schema, field.unknown or field.schema.unknown)
        case fields.List() if type(field) is fields.List:
            return _each(_of_field(field.inner))
        case fields.Dict() if field.key_field and field.value_field:
            key_of, value_of = _of_field(field.key_field), _of_field(field.value_field)
            return _dict(lambda given: {key_of(key): value_of(value) for key, value in given.items()})
        case fields.String() if type(field)._deserialize is fields.String._deserialize:  # noqa: SLF001
            return _text
        case Id():
            return lambda value: value if type(value) is str and _CANONICAL.fullmatch(value) else field._deserialize(value, None, None)  # noqa: SLF001
        case _:
            return lambda value: field._deserialize(value, None, None)  # noqa: SLF001


def _text(value: Any) -> str:
    if type(value) is not str:
        raise TypeError("not a string")
    return value


def _dict(one: Callable[[dict[str, Any]], Any]) -> Load:
    def checked(value: Any) -> Any:
        if type(value) is not dict:
            raise TypeError("not an object")
        return one(value)

    return checked


def _each(one: Load) -> Load:
    def checked(values: Any) -> list[Any]:
        if type(values) is not list:
            raise TypeError("not a list")
        return [one(each) for each in values]

    return checked
