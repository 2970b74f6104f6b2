"""Dumping by a contract: what a schema does to each of its fields is worked out once, not for every value as `Schema.dump` does it.

It gives what `Schema.dump` gives, in a fraction of its time; `strictly` it also refuses what the contract would not load.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from marshmallow import Schema, ValidationError, fields, missing

from shared.contracts.validation import instance

Dump = Callable[[Any], Any]


class Dumped(list[Any]):
    """A list that is dumped already, such as one stored so: it is taken as it is."""


def dump(schema: type[Schema] | Schema, value: Any) -> Any:
    """`value` (of dicts or objects, many where the schema is) as plain JSON."""
    return _of_schema(schema if isinstance(schema, Schema) else instance(schema), strictly=False)(value)


def dump_strictly(schema: type[Schema], value: Any) -> Any:
    """As `dump`, but a ValueError where a required field is missing or a value is none that the contract allows."""
    return _of_schema(instance(schema), strictly=True)(value)


@cache
def _of_schema(schema: Schema, strictly: bool) -> Dump:
    parts = [
        (name, field.data_key or name, field.dump_default, strictly and field.required, _of_field(name, field, strictly))
        for name, field in schema.dump_fields.items()
    ]

    def one(value: Any) -> dict[str, Any]:
        is_dict, dumped = isinstance(value, dict), {}
        for name, key, default, required, inner in parts:
            found = value.get(name, default) if is_dict else getattr(value, name, default)
            if found is not missing:
                dumped[key] = inner(found)
            elif required:
                raise ValueError(f"{name} is missing")
        return dumped

    return _each(one) if schema.many else one


def _of_field(name: str, field: fields.Field[Any], strictly: bool) -> Dump:
    match field:
        case fields.Nested():
            inner = _of_schema(field.schema, strictly)
            dumped = _each(inner) if field.many and not field.schema.many else inner
        case fields.List():
            dumped = _each(_of_field(name, field.inner, strictly))
        case fields.String() if type(field)._serialize is fields.String._serialize:
            dumped = str
        case _:
            dumped = lambda value: field._serialize(value, name, None)  # noqa: E731
    if strictly:
        return _strict(name, field, dumped)
    return lambda value: None if value is None else dumped(value)


def _strict(name: str, field: fields.Field[Any], dumped: Dump) -> Dump:
    optional = field.allow_none

    def checked(value: Any) -> Any:
        if value is None:
            if optional:
                return None
            raise ValueError(f"{name} is null")
        try:
            for validate in field.validators:
                validate(value)
            return dumped(value)
        except (ValidationError, TypeError, AttributeError) as error:
            raise ValueError(f"{name}: {error}") from error

    return checked


def _each(one: Dump) -> Dump:
    return lambda values: values if isinstance(values, Dumped) else [one(each) for each in values]
