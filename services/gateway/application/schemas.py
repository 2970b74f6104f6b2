"""The contracts' shapes as JSON Schema (2020-12), for the OpenAPI document and for the forms in answers.

The one place where apispec's reading of a field is corrected: it says number for decimals that travel as strings, knows nothing of
our own fields, and passes on Python's regular expressions as they are.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin, resolver
from apispec.ext.marshmallow.common import resolve_schema_cls, resolve_schema_instance
from apispec.ext.marshmallow.openapi import OpenAPIConverter
from marshmallow import Schema, fields, validate

from shared.contracts import fields as contract
from shared.contracts.fields import Shape
from shared.contracts.operations import NEWEST, OLDEST
from shared.contracts.orders import Action
from shared.contracts.tracking import INCIDENT_REASONS, TRACKING_STATUSES
from shared.contracts.trade import COLLECTION_WAYS, IF_UNDELIVERABLE, MODES, SPECIAL_GOODS
from shared.kit.reference import INCOTERMS

DIALECT = "https://json-schema.org/draft/2020-12/schema"


class Affordance(Shape):
    """What the caller may do now: send `form`, filled in, to `href` by `method`."""

    name = fields.String(required=True)
    label = fields.String(required=True)
    method = fields.String(required=True)
    href = fields.String(required=True)
    form = fields.Dict(required=True, allow_none=True, metadata={"description": "A JSON Schema (2020-12) of the body; null where none is needed."})
    step = fields.String(allow_none=True, metadata={"description": "The order's step it belongs to."})
    draft_href = fields.String(metadata={"description": "Where the form can be kept as a draft, by PUT."})


def _money(pattern: str, words: str) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {"amount": {"type": "string", "pattern": pattern}, "currency": {"$ref": "#/components/schemas/Currency"}},
        "required": ["amount", "currency"],
        "additionalProperties": False,
        "description": f"An amount {words}in the currency's major unit, with at most as many decimals as the currency has.",
        "examples": [{"amount": "12.34", "currency": "USD"}],
    }


def _coded(field: contract.Coded, example: str) -> dict[str, Any]:
    return {"type": "string", "enum": sorted(field.codes), "description": inspect.getdoc(field), "examples": [example]}


_CODES = {
    INCOTERMS: "Incoterm",
    SPECIAL_GOODS: "SpecialGoods",
    MODES: "TransportMode",
    COLLECTION_WAYS: "CollectionWay",
    IF_UNDELIVERABLE: "IfUndeliverable",
    TRACKING_STATUSES: "TrackingStatus",
    INCIDENT_REASONS: "IncidentReason",
    (NEWEST, OLDEST): "SortOrder",
}
"""Lists of codes that several fields are of."""

_NAMED: dict[str, dict[str, Any]] = {
    **{name: {"type": "string", "enum": list(codes)} for codes, name in _CODES.items()},
    "Money": _money(contract.AMOUNT_PATTERN, ""),
    "PositiveMoney": _money(contract.POSITIVE_AMOUNT_PATTERN, "above zero "),
    "Currency": _coded(contract.Currency(), "USD"),
    "Country": _coded(contract.Country(), "CN"),
    "Unit": _coded(contract.Unit(), "C62"),
}
"""Fields that are a schema of their own, referred to wherever they stand."""

_EXAMPLES: dict[type[fields.Field[Any]], str] = {
    contract.Measure: "12.5",
    contract.Amount: "12.50",
    contract.Rate: "1.0842",
    contract.HsCode: "090111",
    contract.Iban: "DE89370400440532013000",
    contract.Bic: "DEUTDEFF",
    contract.UnLocode: "CNSHA",
}
"""Of fields whose looks are their own."""
_BOUNDS = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum")
_NOTES = ("description", "default", "writeOnly")


class Converter(OpenAPIConverter):
    def field2property(self, field: fields.Field[Any]) -> dict[str, Any]:
        said: dict[str, Any] = super().field2property(field)
        kind = type(field)
        if name := _name(field):
            shape = self._named(name)
            notes = {name: said[name] for name in _NOTES if name in said}
            return {"anyOf": [shape, {"type": "null"}], **notes} if field.allow_none else {**shape, **notes}
        if isinstance(field, fields.Decimal):  # those of the contracts travel as strings, so that bounds of numbers say nothing
            said = {name: each for name, each in said.items() if name not in _BOUNDS} | {"type": ["string", "null"] if field.allow_none else "string"}
        if isinstance(field, fields.Dict):
            said |= {f"{bound}Properties": said.pop(f"{bound}Length") for bound in ("min", "max") if f"{bound}Length" in said}
            if field.key_field and (names := _about_text(self.field2property(field.key_field))):
                said["propertyNames"] = names
        if pattern := getattr(field, "pattern", None):
            said["pattern"] = pattern
        if kind in _EXAMPLES:
            said.setdefault("examples", [_EXAMPLES[kind]])
        if "pattern" in said:
            said["pattern"] = said["pattern"].replace(r"\Z", "$")  # ECMA 262, which JSON Schema refers to, has no \Z
        return said

    def _named(self, name: str) -> dict[str, Any]:
        if name not in self.spec.components.schemas:
            self.spec.components.schema(name, _NAMED[name])
            if name.endswith("Money"):
                self._named("Currency")
        return {"$ref": f"#/components/schemas/{name}"}

    def resolve_nested_schema(self, schema: Any) -> Any:
        """The gateway answers an action with method, href and form: see `affordances`."""
        return super().resolve_nested_schema(Affordance if resolve_schema_cls(schema) is Action else schema)  # type: ignore[no-untyped-call]

    def schema2jsonschema(self, schema: Any) -> dict[str, Any]:
        said: dict[str, Any] = super().schema2jsonschema(schema)  # type: ignore[no-untyped-call]
        words = type(resolve_schema_instance(schema)).__dict__.get("__doc__")
        return {**said, "description": inspect.cleandoc(words)} if words else said


def _name(field: fields.Field[Any]) -> str | None:
    """Of the schema that the field is, if it has one."""
    if isinstance(field, contract.Money):
        return "PositiveMoney" if field.positive else "Money"
    if codes := [check.choices for check in field.validators if isinstance(check, validate.OneOf) and isinstance(check.choices, tuple)]:
        return _CODES.get(codes[0])
    return type(field).__name__ if type(field).__name__ in _NAMED else None


def _about_text(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Without what is said of every string."""
    return {name: each for name, each in schema.items() if name != "type"}


class Plugin(MarshmallowPlugin):
    Converter = Converter


def specification(**info: Any) -> tuple[APISpec, Converter]:
    """An empty OpenAPI 3.1 document that takes our schemas, and what converts them for it."""
    plugin = Plugin(resolver)
    spec = APISpec(openapi_version="3.1.0", plugins=[plugin], **info)
    assert isinstance(plugin.converter, Converter)
    return spec, plugin.converter


def json_schema(shape: Schema) -> dict[str, Any]:
    """The shape as a JSON Schema that stands alone: what it refers to is in its own `$defs`."""
    spec, converter = specification(title="", version="")
    top = converter.schema2jsonschema(shape)
    definitions = {name: _own(each) for name, each in spec.components.schemas.items()}
    return {"$schema": DIALECT, **_own(top), **({"$defs": definitions} if definitions else {})}


def _own(schema: Any) -> Any:
    """With references into `$defs`."""
    if isinstance(schema, Mapping):
        return {name: each.replace("#/components/schemas/", "#/$defs/") if name == "$ref" else _own(each) for name, each in schema.items()}
    return [_own(each) for each in schema] if isinstance(schema, list) else schema
