"""Bad values, field by field: each is refused with a problem document that names the field, and nothing changes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.journeys.market import MISSING, TRADE, Deal, Market, changed
from tests.journeys.problems import refused
from tradelane.demo.trade import Json

STEPS = {
    # who does the step, in which state, by which action
    "payment": ("buyer", "awaiting_payment", "pay"),
    "payment_confirmation": ("supplier", "buyer_paid", "confirm_payment"),
    "export_customs": ("supplier", "payment_ready", "declare_export"),
    "shipping": ("supplier", "ready_to_ship", "ship"),
    "insurance": ("supplier", "need_insurance", "insure"),
    "import_customs": ("buyer", "arrived_in_customs", "clear_import"),
    "receiving": ("buyer", "receiving", "receive"),
}
NEVER = "01900000-0000-7000-8000-000000000000"

REQUIRED, UNKNOWN, NULL = "Missing data for required field.", "Unknown field.", "Field may not be null."
TEXT, LIST, DATE, COUNT = "Not a valid string.", "Not a valid list.", "Not a valid date.", "Not a valid integer."
LENGTH, ONE_OF, RANGE, ABOVE_ZERO = "Length must be", "Must be one of", "Must be greater than or equal to 1", "Must be greater than 0"
CURRENCY, COUNTRY, UNIT = "Not an ISO 4217 currency code.", "Not an ISO 3166-1 alpha-2 country code.", "Not a UN/ECE Rec 20 unit code"
MONEY, AMOUNT, UNPRINTABLE = "Money is an object with amount and currency.", "A decimal number as a string", "cannot be printed"
PORT = "Not a UN/LOCODE"

# Wrong by itself: field, value, what is said of it.
WRONG: dict[str, list[tuple[str, Any, str]]] = {
    "payment": [
        ("method", MISSING, REQUIRED),
        ("method", "cash", ONE_OF),
        ("method", None, NULL),
        ("amount", 157840, TEXT),
        ("amount", "157,840.00", AMOUNT),
        ("amount", "-157840.00", AMOUNT),
        ("amount", "1e5", AMOUNT),
        ("currency", "USX", CURRENCY),
        ("currency", "usd", CURRENCY),
        ("payer_name", "", LENGTH),
        ("payer_name", "   ", LENGTH),
        ("payer_name", "x" * 121, LENGTH),
        ("payer_name", "Bell\a", UNPRINTABLE),
        ("reference", ["R1"], TEXT),
        ("paid_on", "2026-02-30", DATE),
        ("paid_on", 20260101, DATE),
        ("evidence", "MT103", LIST),
        ("evidence", ["MT103"] * 21, LENGTH),
        ("evidence.0", "", LENGTH),
        ("iban", "DE02200505501015871393", UNKNOWN),
        ("password", "not asked for here", UNKNOWN),
    ],
    "payment_confirmation": [
        ("received_on", "yesterday", DATE),
        ("received_amount", "162960.00", MONEY),
        ("received_amount.amount", 162960, AMOUNT),
        ("received_amount.amount", "162960.001", "USD has 2 decimals"),
        ("received_amount.amount", "0.00", "Must be more than zero."),
        ("received_amount.amount", "99999999999999999", AMOUNT),
        ("received_amount.amount", "999999999999999", "out of range"),
        ("received_amount.currency", "ZZZ", CURRENCY),
        ("received_amount.currency", MISSING, REQUIRED),
        ("received_amount.rate", "1.08", UNKNOWN),
    ],
    "export_customs": [
        ("lines", MISSING, REQUIRED),
        ("lines", [], LENGTH),
        ("lines", {}, LIST),
        ("lines.0", "coffee", "Invalid input type."),
        ("lines.0.hs_code", "999999", "999999 is not in the Harmonized System."),
        ("lines.1.hs_code", "0901", "An HS code has 6 to 10 digits."),
        ("lines.1.hs_code", "09011O", "An HS code has 6 to 10 digits."),
        ("lines.0.hs_code", 90111, TEXT),
        ("lines.0.country_of_origin", "ZZ", COUNTRY),
        ("lines.0.country_of_origin", "Brazil", COUNTRY),
        ("lines.0.unit", "bag", UNIT),
        ("lines.0.quantity", 0, RANGE),
        ("lines.0.quantity", -240, RANGE),
        ("lines.0.quantity", 10**9 + 1, RANGE),
        ("lines.0.quantity", 240.5, COUNT),
        ("lines.0.quantity", "240", COUNT),
        ("lines.0.quantity", True, COUNT),
        ("lines.0.net_mass_kg", "-1", ABOVE_ZERO),
        ("lines.0.net_mass_kg", "0", ABOVE_ZERO),
        ("lines.0.net_mass_kg", "NaN", "Special numeric values"),
        ("lines.0.net_mass_kg", "14400.0001", "At most three decimals."),
        ("lines.0.net_mass_kg", "heavy", "Not a valid number."),
        ("lines.0.customs_value.currency", "XYZ", CURRENCY),
        ("lines.0.colour", "green", UNKNOWN),
        ("lines.0.product_id", "NY2-1718", "Not a valid UUID."),
        ("gross_mass_kg", None, NULL),
        ("packages", 0, RANGE),
        ("incoterm", "CNF", ONE_OF),
        ("port_of_export", "Santos", PORT),
        ("port_of_export", "ZZSSZ", PORT),
    ],
    "shipping": [
        ("packages.0.count", 0, RANGE),
        ("packages.0.length_cm", "-90", ABOVE_ZERO),
        ("packages.1.weight_kg", MISSING, REQUIRED),
        ("packing_check_list.moisture_proof", False, "Must be checked before shipping."),
        ("packing_check_list.sender_marked", "yes", "Not a valid boolean."),
        ("packing_check_list.contents_marked", MISSING, REQUIRED),
        ("collection.way", "drone", ONE_OF),
        ("collection.address.country", "XX", COUNTRY),
        ("collection.address.email", "not an address", "Not a valid email address."),
        ("if_undeliverable", "keep", ONE_OF),
        ("shipping_notice.mode", "teleport", ONE_OF),
        ("shipping_notice.estimated_arrival", "in May", DATE),
        ("special_goods", ["plutonium"], ONE_OF),
    ],
    "insurance": [
        ("clauses", "ICC D", ONE_OF),
        ("insured_value.currency", "BTC", CURRENCY),
        ("premium", MISSING, REQUIRED),
        ("valid_until", MISSING, REQUIRED),
    ],
    "import_customs": [
        ("entry_number", MISSING, REQUIRED),
        ("paid_by", "nobody", ONE_OF),
        ("duties_and_taxes.1.amount.currency", "EURO", CURRENCY),
        ("duties_and_taxes.0.rate", "7 %", UNKNOWN),
    ],
    "receiving": [
        ("lines.0.quantity_received", -1, "Must be greater than or equal to 0"),
        ("lines.0.damaged", "none", COUNT),
        ("received_by", MISSING, REQUIRED),
        ("condition", "x" * 501, LENGTH),
        ("photographs", "door.jpg", LIST),
    ],
}

# Right by itself, but not for this order: field, value, what is said of it, or of which fields.
DISAGREES: dict[str, list[tuple[str, Any, str | dict[str, str]]]] = {
    "payment": [
        ("amount", "162959.99", "The order's total is 162960.00 USD."),
        ("amount", "162960.001", "The order's total is 162960.00 USD."),
        ("currency", "EUR", "The order is in USD."),
        ("method", "balance", "any method but balance"),
        ("paid_on", "2999-01-01", "Is in the future"),
    ],
    "payment_confirmation": [
        ("received_amount.amount", "100000.00", {"received_amount": "The total is 162960.00 USD"}),
        ("received_amount.currency", "EUR", {"received_amount": "The total is 162960.00 USD"}),
        ("received_on", "2020-01-01", "Is before paid on"),
    ],
    "export_customs": [
        ("gross_mass_kg", "19199.999", "The lines' net masses add up to 19200.000 kg"),
        ("lines.0.net_mass_kg", "99999", {"gross_mass_kg": "The lines' net masses add up to 104799.000 kg"}),
        ("lines.0.quantity", 241, "The order's line has 240."),
        ("lines.0.unit", "KGM", "The order's line is in PK."),
        ("lines.1.customs_value.amount", "1.00", {"lines.1.customs_value": "The order's line is worth 41760.00 USD."}),
        ("lines.0.customs_value.currency", "BRL", {"lines.0.customs_value": "The order's line is worth 121200.00 USD."}),
        ("incoterm", "FOB", "The order's Incoterm is CIF."),
        ("named_place", "Bremen", "The order's named place is Hamburg."),
    ],
    "shipping": [
        ("logistics_channel", "air_freight", "The agreed channel is sea_freight_fcl."),
        ("packages.0.count", 239, {"packages": "320 packages were declared for export, 319 are shipped."}),
        ("packages.0.weight_kg", "59", {"packages": "The goods' net mass is 19200.000 kg"}),
        ("shipping_notice.mode", "air", "CIF is for carriage by sea"),
        ("shipping_notice.port_of_discharge", "NLRTM", "The agreed port is DEHAM."),
        ("shipping_notice.dispatched_on", "2999-01-01", "Is in the future"),
        ("shipping_notice.estimated_arrival", "2020-01-01", "Is before the dispatch."),
    ],
    "insurance": [
        ("insured_value.amount", "179255.99", "the cover is at least 110 % of 162960.00 USD"),
        ("insured_value.currency", "EUR", "the cover is in the order's currency"),
        ("clauses", "ICC Air", "for goods that go by air"),
        ("valid_from", "2999-01-01", {"valid_from": "the cover must begin by then", "valid_until": "Is before valid from."}),
        ("valid_until", "2020-01-01", "Is before valid from."),
    ],
    "import_customs": [
        ("released_on", "2020-01-01", "Is before dispatched on"),
        ("paid_by", "broker", {"broker": "Name the broker who paid."}),
    ],
    "receiving": [
        ("lines.0.quantity_received", 241, {"lines.0.quantity_received": "Only 240 were ordered.", "lines.0.accepted": "add up to the 241 received"}),
        ("lines.0.damaged", 1, {"lines.0.accepted": "Accepted and damaged must add up to the 240 received."}),
        ("lines.1.product_id", NEVER, {"lines.1.product_id": "Is not a line of this order", "lines": "Lacks MOG-PB10"}),
        ("lines.1", MISSING, {"lines": "Lacks MOG-PB10"}),
        ("received_on", "2020-01-01", "Is before dispatched on"),
    ],
}

# The other bodies: who sends one where, what would be right, and what is wrong (its own code where the values are wrong only in their context).
BODIES: dict[str, tuple[str, str, str, Json, list[tuple[str, Any, str | dict[str, str]]]]] = {
    "product": (
        "supplier",
        "POST",
        "/v1/products",
        TRADE.products[0] | {"sku": "NEW-1"},
        [
            ("title", MISSING, REQUIRED),
            ("hs_code", "999999", "999999 is not in the Harmonized System."),
            ("country_of_origin", "BRA", COUNTRY),
            ("unit", "bag", UNIT),
            ("price.currency", "USX", CURRENCY),
            ("price.amount", "0.00", "Must be more than zero."),
            ("price", 505, MONEY),
            ("net_mass_kg", "60.701", {"net_mass_kg": "more than the gross mass"}),
            ("gross_mass_kg", "Infinity", "Special numeric values"),
            ("minimum_quantity", 0, RANGE),
            ("stock", -1, "Must be greater than or equal to 0"),
            ("special_goods", ["gold"], {"special_goods.0": ONE_OF}),
            ("properties", ["natural"], "Not a valid mapping type."),
            ("colour", "green", UNKNOWN),
        ],
    ),
    "change of a product": (
        "supplier",
        "PATCH",
        "/v1/products/{product}",
        {"title": "Arabica", "price": {"amount": "1.00", "currency": "USD"}, "net_mass_kg": "1"},
        [
            ("state", "sold", ONE_OF),
            ("price.currency", "EURO", CURRENCY),
            ("net_mass_kg", "61", "more than the gross mass"),
            ("stock", 5, UNKNOWN),
            ("id", NEVER, UNKNOWN),
        ],
    ),
    "stock": (
        "supplier",
        "PUT",
        "/v1/products/{product}/stock",
        {"on_hand": 10**6},
        [("on_hand", -1, "Must be greater than or equal to 0"), ("on_hand", "900", COUNT), ("on_hand", MISSING, REQUIRED), ("reserved", 0, UNKNOWN)],
    ),
}
