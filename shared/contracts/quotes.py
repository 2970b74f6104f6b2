"""The operation of logistics that answers what sending some packages costs, by every channel."""

from __future__ import annotations

from marshmallow import fields, validate

from shared.contracts.fields import Country, Id, Measure, Money, Quantity, Shape, Text
from shared.contracts.operations import Operation
from shared.contracts.trade import SPECIAL_GOODS
from shared.kit.reference import INCOTERMS


class QuoteDestination(Shape):
    country = Country(required=True)
    postal_code = Text(20, metadata={"description": "Tells whether a surcharge for a remote area is due."})


class QuotePackages(Shape):
    """Packages alike."""

    count = Quantity(required=True)
    length_cm = Measure(required=True)
    width_cm = Measure(required=True)
    height_cm = Measure(required=True)
    weight_kg = Measure(required=True, metadata={"description": "Of one package."})


class AskQuotes(Shape):
    destination = fields.Nested(QuoteDestination, required=True)
    packages = fields.List(fields.Nested(QuotePackages), required=True, validate=validate.Length(1, 100))
    special_goods = fields.List(fields.String(validate=validate.OneOf(SPECIAL_GOODS)), validate=validate.Length(max=20))
    value = Money(positive=True, metadata={"description": "Of the goods; some channels take goods up to a value."})
    incoterm = fields.String(validate=validate.OneOf(INCOTERMS))
    wanted_by = fields.Date(metadata={"description": "Channels that cannot promise to be there by this day are refused."})


class TransitDays(Shape):
    shortest = fields.Integer(required=True)
    longest = fields.Integer(required=True)


class QuoteLimits(Shape):
    """Of the channel."""

    heaviest_kg = Measure(required=True, metadata={"description": "Of a consignment."})
    heaviest_package_kg = Measure(required=True)
    longest_side_cm = Measure(required=True)
    special_goods = fields.List(fields.String(), required=True, metadata={"description": "Special goods it takes."})
    highest_value = Money(required=True, allow_none=True, metadata={"description": "Looked at only where the goods' value is told in this currency."})


class QuoteSurcharge(Shape):
    name = fields.String(required=True)
    amount = Money(required=True)


class Quote(Shape):
    channel = fields.String(required=True)
    name = fields.String(required=True)
    mode = fields.String(required=True)
    carrier = fields.String(required=True, allow_none=True)
    online = fields.Boolean(required=True, metadata={"description": "Whether it is booked here: logistics order, waybill and label."})
    price = Money(required=True, metadata={"description": "All of it: `base` and the surcharges."})
    base = Money(required=True)
    surcharges = fields.List(fields.Nested(QuoteSurcharge), required=True)
    billable_kg = Measure(
        required=True, metadata={"description": "Of each package its mass or its volumetric mass, whichever is more, rounded as the tariff says."}
    )
    actual_kg = Measure(required=True)
    volumetric_kg = Measure(required=True, allow_none=True, metadata={"description": "Null where volume does not count."})
    cm3_per_kg = Measure(required=True, allow_none=True, metadata={"description": "Volume that counts like one kilogram."})
    transit_days = fields.Nested(TransitDays, required=True)
    estimated_arrival = fields.Date(required=True, metadata={"description": "By this day, sent today."})
    limits = fields.Nested(QuoteLimits, required=True)
    tariff_id = Id(required=True, metadata={"description": "What made the price: it never changes."})


class QuoteRefusal(Shape):
    channel = fields.String(required=True)
    name = fields.String(required=True)
    reason = fields.String(required=True)
    message = fields.String(required=True)


class Quotes(Shape):
    quoted_on = fields.Date(required=True)
    items = fields.List(fields.Nested(Quote), required=True, metadata={"description": "Cheapest first, currency by currency."})
    refused = fields.List(fields.Nested(QuoteRefusal), required=True)


QUOTE = Operation("logistics", "quote", AskQuotes, Quotes)
