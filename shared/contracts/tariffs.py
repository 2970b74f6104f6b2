"""Operations of logistics: the channels' tariffs. `TariffSheet` is also what an operator's file holds for each channel."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from marshmallow import ValidationError, fields, validate

from shared.contracts.fields import COUNTRIES, Amount, Currency, Id, Measure, Shape, Text, Timestamp
from shared.contracts.operations import Operation
from shared.contracts.trade import SPECIAL_GOODS

SURCHARGES = ("percent", "fixed", "per_kg")
ELSEWHERE = "*"


class Area(fields.String):
    """A country, or what postal codes in it begin with: `NO`, `GB-HS`."""

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> str:
        area = super()._deserialize(value, attr, data, **kwargs)
        country, dash, prefix = area.partition("-")
        if country not in COUNTRIES or bool(dash) != (prefix.isascii() and prefix.isalnum()) or len(prefix) > 10:
            raise ValidationError("Not a country (NO), or a country and what its postal codes begin with (GB-HS).")
        return area


class TariffBreak(Shape):
    up_to_kg = Measure(required=True, metadata={"description": "Where it ends; it begins where the break before ends."})
    price = Amount(required=True)
    each_kg = Measure(
        allow_none=True, metadata={"description": "The price is for each so many kg, begun ones too, beyond the break before; without it, for all of it."}
    )


class TariffZone(Shape):
    name = Text(40, required=True)
    countries = fields.List(
        fields.String(validate=validate.OneOf(sorted({*COUNTRIES, ELSEWHERE}), error="Not an ISO 3166-1 alpha-2 country code, nor *.")),
        required=True,
        validate=validate.Length(1, 300),
        metadata={"description": "`*` stands for every country that no other zone names."},
    )
    breaks = fields.List(fields.Nested(TariffBreak), required=True, validate=validate.Length(1, 200))


class TariffSurcharge(Shape):
    """Due always, or only for special goods and areas where some are named."""

    name = Text(60, required=True)
    kind = fields.String(required=True, validate=validate.OneOf(SURCHARGES))
    amount = Amount(
        smallest="0.01", required=True, metadata={"description": "Percent of the freight without surcharges; for a consignment; or per billable kg."}
    )
    special_goods = fields.List(fields.String(validate=validate.OneOf(SPECIAL_GOODS)), validate=validate.Length(max=20))
    areas = fields.List(Area(), validate=validate.Length(max=1000))


class TariffSheet(Shape):
    currency = Currency(required=True)
    valid_from = fields.Date(required=True)
    valid_until = fields.Date(allow_none=True, metadata={"description": "The last day; without it, until another one begins."})
    minimum_kg = Measure(allow_none=True, metadata={"description": "A consignment counts at least so much."})
    step_kg = Measure(allow_none=True, metadata={"description": "Masses are rounded up to a whole number of these; without it, to grams."})
    highest_value = Amount(
        smallest="0.01", allow_none=True, metadata={"description": "Goods worth more are not taken, where their value is told in the same currency."}
    )
    zones = fields.List(fields.Nested(TariffZone), required=True, validate=validate.Length(1, 300))
    surcharges = fields.List(fields.Nested(TariffSurcharge), validate=validate.Length(max=50))


class PutTariff(TariffSheet):
    """By an operator. It counts from `valid_from` on, beside those that are there; the same one again changes nothing."""

    channel = Text(40, required=True)


class TariffVersion(Shape):
    id = Id(required=True, metadata={"description": "The `tariff_id` of prices that it made."})
    channel = fields.String(required=True)
    currency = Currency(required=True)
    valid_from = fields.Date(required=True)
    valid_until = fields.Date(allow_none=True)
    revision = fields.Integer(required=True, metadata={"description": "Of those that begin on one day the highest counts."})
    in_force = fields.Boolean(required=True, metadata={"description": "Whether it makes today's prices."})
    zones = fields.Integer(required=True)
    breaks = fields.Integer(required=True)
    loaded_at = Timestamp(required=True)
    loaded_by = fields.String(required=True)


class TariffVersions(Shape):
    items = fields.List(fields.Nested(TariffVersion), required=True)


class ListTariffs(Shape):
    channel = Text(40, metadata={"description": "Only this channel's."})


class GetTariff(Shape):
    channel = Text(40, required=True)
    tariff_id = Id(metadata={"description": "This one; without it, the one in force."})


class Tariff(TariffSheet):
    id = Id(required=True)
    channel = fields.String(required=True)


LIST_TARIFFS = Operation("logistics", "list_tariffs", ListTariffs, TariffVersions)
GET_TARIFF = Operation("logistics", "get_tariff", GetTariff, Tariff)
PUT_TARIFF = Operation("logistics", "put_tariff", PutTariff, TariffVersion, writes=True)
