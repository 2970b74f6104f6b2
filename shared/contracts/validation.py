"""Loading data by its schema, with errors by field path."""

from __future__ import annotations

from functools import cache
from itertools import islice
from typing import Any

from marshmallow import Schema, ValidationError

from shared.contracts import loading
from shared.contracts.fields import OwnPassword
from shared.kit.errors import Invalid

MOST_ERRORS = 100
"""Fields that are named of those that are wrong: who sends a thousand gets to know the others then."""


@cache
def instance(schema: type[Schema]) -> Schema:
    """The one instance of a schema that all use: making one, its nested ones included, costs more than using it, and use does not change it."""
    return schema()


@cache
def arriving(schema: type[Schema]) -> Schema:
    """A request or form as its owner gets it: without the caller's own password, which the gateway has had checked; the actor is `reauthenticated` then."""
    passwords = {name for name, field in schema._declared_fields.items() if isinstance(field, OwnPassword)}
    return schema(exclude=passwords) if passwords else instance(schema)


def flatten(messages: Any, path: str = "") -> dict[str, list[str]]:
    """marshmallow's nested messages as `{"lines.0.quantity": ["…"]}`; what concerns no single field stands under `_`."""
    if isinstance(messages, dict):
        flat: dict[str, list[str]] = {}
        for name, inner in messages.items():
            below = path if name == "_schema" else f"{path}.{name}".lstrip(".")
            for field, texts in flatten(inner, below).items():
                flat.setdefault(field, []).extend(texts)
        return flat
    return {path or "_": [str(each) for each in (messages if isinstance(messages, list) else [messages])]}


def load(schema: Schema, data: Any) -> dict[str, Any]:
    """`data` as Python values; Invalid `invalid_fields` naming each field that is missing, unknown or wrong."""
    try:
        return loading.load(schema, data)  # type: ignore[no-any-return]
    except ValidationError as error:
        named = dict(islice(flatten(error.messages).items(), MOST_ERRORS))
        raise Invalid("invalid_fields", "Some fields are missing or wrong.", named) from error
