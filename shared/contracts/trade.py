"""The shapes that enquiries, offers and orders are made of: parties, addresses, lines and terms."""

from __future__ import annotations

from marshmallow import fields, validate

from shared.contracts.fields import Country, Currency, Email, HsCode, Id, Measure, Money, Quantity, Shape, Text, Unit, UnLocode
from shared.kit.reference import INCOTERMS

SETTLEMENTS = ("direct", "escrow")
CUSTOMS = ("platform", "carrier")
INSURANCE = ("supplier", "none")
PRESETS = ("export", "parcel")
MODES = ("express", "air", "sea", "rail", "road", "post")
SPECIAL_GOODS = ("battery", "liquid", "cosmetics", "powder", "magnetic")
COLLECTION_WAYS = ("pickup", "drop_off", "arranged")
IF_UNDELIVERABLE = ("return", "destroy")


class Party(Shape):
    """An account as the other side of a trade sees it."""

    id = Id(required=True)
    name = fields.String(required=True)


class Address(Shape):
    """Where a consignee or shipper is."""

    name = Text(120, required=True)
    company = Text(120)
    street = Text(200, required=True)
    city = Text(100, required=True)
    region = Text(100)
    postal_code = Text(20)
    country = Country(required=True)
    phone = Text(40)
    email = Email()


class Terms(Shape):
    """Trade terms, fixed when the order is made; they decide its route. Either name a `preset` or give all three of
    settlement, customs and insurance (given ones override the preset)."""

    preset = fields.String(validate=validate.OneOf(PRESETS))
    settlement = fields.String(validate=validate.OneOf(SETTLEMENTS))
    customs = fields.String(validate=validate.OneOf(CUSTOMS))
    insurance = fields.String(validate=validate.OneOf(INSURANCE))
    incoterm = fields.String(required=True, validate=validate.OneOf(INCOTERMS))
    named_place = Text(120, required=True, metadata={"description": "The Incoterm's named place or port."})
    channel = Text(40, required=True, metadata={"description": "Code of the logistics channel that shall carry the goods."})
    port_of_loading = UnLocode()
    port_of_discharge = UnLocode()
    ship_to = fields.Nested(Address, required=True)


def chosen_options() -> fields.Dict:
    """A field of every line that names a product."""
    return fields.Dict(
        keys=Text(40), values=Text(60), validate=validate.Length(max=20), metadata={"description": "One value of each of the product's options."}
    )


class OfferLine(Shape):
    """A product, how many, and for how much each."""

    product_id = Id(required=True)
    quantity = Quantity(required=True)
    unit_price = Money(required=True, positive=True)
    options = chosen_options()


class HowToPay(Shape):
    """What an order from a listing may say of its payment."""

    payment_currency = Currency(
        metadata={"description": "What the buyer pays in, where it is not the currency of the prices: at the rate of now, which is fixed."}
    )
    payment_method_id = Id(
        metadata={"description": "Which of the buyer's payment methods is to pay, under escrow: the payment form is filled in by it, all but the day."}
    )


class OrderLine(Shape):
    """A line with the product's facts as they stood when the terms were made: an order does not change with the catalog."""

    product_id = Id(required=True)
    sku = fields.String(required=True)
    title = fields.String(required=True)
    quantity = Quantity(required=True)
    unit = Unit(required=True)
    unit_price = Money(required=True)
    line_total = Money(required=True)
    hs_code = HsCode(allow_none=True)
    country_of_origin = Country(allow_none=True)
    net_mass_kg = Measure(required=True, metadata={"description": "Of the whole line."})
    gross_mass_kg = Measure(required=True, metadata={"description": "Of the whole line."})
    properties = fields.Dict(keys=fields.String(), values=fields.String())
    options = fields.Dict(keys=fields.String(), values=fields.String(), metadata={"description": "What was chosen of the product's options."})
    special_goods = fields.List(fields.String())
