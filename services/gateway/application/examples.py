"""Examples of what is sent and answered, made of the contracts' shapes: codes and numbers by their fields, words by `data/examples.yaml`."""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import Any

import yaml
from marshmallow import Schema, ValidationError, fields, missing, validate

from services.gateway.application.schemas import Affordance
from shared.contracts import fields as contract
from shared.contracts.orders import Action

ID = "01900a5d-ac96-774b-bcce-b302099a8057"

_BY_KIND: dict[type[fields.Field[Any]], Any] = {
    contract.Id: ID,
    contract.Money: {"amount": "162960.00", "currency": "USD"},
    contract.Currency: "USD",
    contract.Country: "DE",
    contract.Unit: "KGM",
    contract.HsCode: "090111",
    contract.UnLocode: "DEHAM",
    contract.Measure: "60.000",
    contract.Amount: "12.50",
    contract.Rate: "1.0842",
    contract.Quantity: 240,
    contract.Timestamp: "2026-05-04T12:00:00Z",
    fields.Date: "2026-05-04",
    fields.Boolean: True,
}


def example(schema: Schema, *, answered: bool) -> dict[str, Any]:
    """What the schema might load, or, `answered`, dump."""
    shape, made = type(schema).__name__, {}
    for name, field in (schema.dump_fields if answered else schema.load_fields).items():
        value = words().get(f"{shape}.{name}", missing)
        if value is not None:
            made[field.data_key or name] = _of(field, name, answered) if value is missing else value
        elif field.required:
            made[field.data_key or name] = None
    return made


def _of(field: fields.Field[Any], name: str, answered: bool) -> Any:
    if given := field.metadata.get("examples"):
        return given[0]
    if isinstance(field, fields.Nested):
        inner = field.schema
        made = example(Affordance() if isinstance(inner, Action) else inner, answered=answered)
        return [made] if field.many or inner.many else made
    if choices := [check.choices for check in field.validators if isinstance(check, validate.OneOf)]:
        known = _plain(field, name)
        return known if known in choices[0] else next(iter(choices[0]))
    if isinstance(field, fields.List) and not (name in words() and _fits(field, words()[name])):
        return [_of(field.inner, name, answered)]
    return _plain(field, name)


def _plain(field: fields.Field[Any], name: str) -> Any:
    """By its name, or by what kind of field it is."""
    if name in words() and _fits(field, words()[name]):
        return words()[name]
    for kind in type(field).__mro__:
        if kind in _BY_KIND:
            return _BY_KIND[kind]
    bounds = [check for check in field.validators if isinstance(check, validate.Range)]
    if isinstance(field, fields.Integer):
        return max([3, *(check.min for check in bounds if check.min is not None)])
    return name.replace("_", " ").capitalize()


def _fits(field: fields.Field[Any], value: Any) -> bool:
    try:
        field.deserialize(value)
    except ValidationError:
        return False
    return True


def example_of(schema: Schema, name: str) -> Any:
    """Of one field that is asked with."""
    said = words().get(f"{type(schema).__name__}.{name}")
    return _of(schema.load_fields[name], name, answered=False) if said is None else said


@cache
def words() -> dict[str, Any]:
    """What `data/examples.yaml` says, by `field` or `Shape.field`."""
    text = (resources.files("services.gateway") / "data" / "examples.yaml").read_text(encoding="utf-8")
    loaded: dict[str, Any] = yaml.safe_load(text)
    return loaded
