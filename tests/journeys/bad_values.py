"""What may be wrong with each body one can send: a table of fields and values, with what is said of them."""

from __future__ import annotations

from typing import Any, NamedTuple

from tests.journeys.market import MISSING, TRADE
from tradelane.demo.trade import Json

NEVER = "01900000-0000-7000-8000-000000000000"

REQUIRED, UNKNOWN, NULL = "Missing data for required field.", "Unknown field.", "Field may not be null."
TEXT, LIST, DATE, COUNT = "Not a valid string.", "Not a valid list.", "Not a valid date.", "Not a valid integer."
LENGTH, ONE_OF, RANGE, ABOVE_ZERO = "Length must be", "Must be one of", "Must be greater than or equal to 1", "Must be greater than 0"
CURRENCY, COUNTRY, UNIT = "Not an ISO 4217 currency code.", "Not an ISO 3166-1 alpha-2 country code.", "Not a UN/ECE Rec 20 unit code"
MONEY, AMOUNT, UNPRINTABLE = "Money is an object with amount and currency.", "A decimal number as a string", "cannot be printed"
PORT, UUID = "Not a UN/LOCODE", "Not a valid UUID."
SPECIAL, NOT_NEGATIVE = "Special numeric values", "Must be greater than or equal to 0"

Wrong = dict[str, list[tuple[str, Any, str | dict[str, str]]]]
"""By the problem's code: field, value, and a part of what is said of it, or of which fields. A form may be wrong by itself, or disagree with the order."""


class Body(NamedTuple):
    """What `who` sends by `method` to `path`, in which known ids stand in braces."""

    who: str
    method: str
    path: str
    right: Json
    wrong: Wrong


_DISPATCHED, _ARRIVAL = "shipping_notice.dispatched_on", "shipping_notice.estimated_arrival"

# The form of each step.
FORMS: dict[str, Wrong] = {
    "payment": {
        "invalid_fields": [
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
            ("evidence", ["MT103"] * 21, "Longer than maximum length 20."),
            ("evidence.0", "", LENGTH),
            ("iban", "DE02200505501015871393", UNKNOWN),
        ],
        "form_disagrees": [
            ("amount", "162959.99", "The order's total is 162960.00 USD."),
            ("amount", "162960.001", "The order's total is 162960.00 USD."),
            ("currency", "EUR", "The order is in USD."),
            ("method", "balance", "any method but balance"),
            ("paid_on", "2999-01-01", "Is in the future"),
        ],
    },
    "payment_confirmation": {
        "invalid_fields": [
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
        "form_disagrees": [
            ("received_amount.amount", "100000.00", {"received_amount": "The total is 162960.00 USD"}),
            ("received_amount.currency", "EUR", {"received_amount": "The total is 162960.00 USD"}),
            ("received_on", "2020-01-01", "Is before paid on"),
        ],
    },
    "export_customs": {
        "invalid_fields": [
            ("lines", MISSING, REQUIRED),
            ("lines", [], LENGTH),
            ("lines", {}, LIST),
            ("lines.0", "coffee", "Invalid input type."),
            ("lines.0.hs_code", "990101", "990101 is not in the Harmonized System."),
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
            ("lines.0.net_mass_kg", "NaN", SPECIAL),
            ("lines.0.net_mass_kg", "14400.0001", "At most three decimals."),
            ("lines.0.net_mass_kg", "heavy", "Not a valid number."),
            ("lines.0.customs_value.currency", "XYZ", CURRENCY),
            ("lines.0.colour", "green", UNKNOWN),
            ("lines.0.product_id", "NY2-1718", UUID),
            ("gross_mass_kg", None, NULL),
            ("packages", 0, RANGE),
            ("incoterm", "CNF", ONE_OF),
            ("port_of_export", "Santos", PORT),
            ("port_of_export", "ZZSSZ", PORT),
        ],
        "form_disagrees": [
            ("gross_mass_kg", "19199.999", "The lines' net masses add up to 19200.000 kg"),
            ("lines.0.net_mass_kg", "99999", {"gross_mass_kg": "The lines' net masses add up to 104799.000 kg"}),
            ("lines.0.quantity", 241, "The order's line has 240."),
            ("lines.0.unit", "KGM", "The order's line is in PK."),
            ("lines.1.customs_value.amount", "1.00", {"lines.1.customs_value": "The order's line is worth 41760.00 USD."}),
            ("lines.0.customs_value.currency", "BRL", {"lines.0.customs_value": "The order's line is worth 121200.00 USD."}),
            ("incoterm", "FOB", "The order's Incoterm is CIF."),
            ("named_place", "Bremen", "The order's named place is Hamburg."),
        ],
    },
    "shipping": {
        "invalid_fields": [
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
            ("special_goods", ["plutonium"], {"special_goods.0": ONE_OF}),
        ],
        "form_disagrees": [
            ("logistics_channel", "air_freight", "The agreed channel is sea_freight_fcl."),
            ("packages.0.count", 239, {"packages": "320 packages were declared for export, 319 are shipped."}),
            ("packages.0.weight_kg", "59", {"packages": "The goods' net mass is 19200.000 kg"}),
            ("shipping_notice.mode", "air", "CIF is for carriage by sea"),
            ("shipping_notice.port_of_discharge", "NLRTM", "The agreed port is DEHAM."),
            ("shipping_notice.dispatched_on", "2999-01-01", {_DISPATCHED: "Is in the future", _ARRIVAL: "Is before the dispatch."}),
            ("shipping_notice.estimated_arrival", "2020-01-01", "Is before the dispatch."),
        ],
    },
    "insurance": {
        "invalid_fields": [
            ("clauses", "ICC D", ONE_OF),
            ("insured_value.currency", "BTC", CURRENCY),
            ("premium", MISSING, REQUIRED),
            ("valid_until", MISSING, REQUIRED),
        ],
        "form_disagrees": [
            ("insured_value.amount", "179255.99", "the cover is at least 110 % of 162960.00 USD"),
            ("insured_value.currency", "EUR", "the cover is in the order's currency"),
            ("clauses", "ICC Air", "for goods that go by air"),
            ("valid_from", "2999-01-01", {"valid_from": "the cover must begin by then", "valid_until": "Is before valid from."}),
            ("valid_until", "2020-01-01", "Is before valid from."),
        ],
    },
    "import_customs": {
        "invalid_fields": [
            ("entry_number", MISSING, REQUIRED),
            ("paid_by", "nobody", ONE_OF),
            ("duties_and_taxes.1.amount.currency", "EURO", CURRENCY),
            ("duties_and_taxes.0.rate", "7 %", UNKNOWN),
        ],
        "form_disagrees": [
            ("released_on", "2020-01-01", "Is before dispatched on"),
        ],
    },
    "receiving": {
        "invalid_fields": [
            ("lines.0.quantity_received", -1, NOT_NEGATIVE),
            ("lines.0.damaged", "none", COUNT),
            ("received_by", MISSING, REQUIRED),
            ("condition", "x" * 501, LENGTH),
            ("photographs", "door.jpg", LIST),
        ],
        "form_disagrees": [
            ("lines.0.quantity_received", 241, {"lines.0.quantity_received": "Only 240 were ordered.", "lines.0.accepted": "add up to the 241 received"}),
            ("lines.0.damaged", 1, {"lines.0.accepted": "Accepted and damaged must add up to the 240 received."}),
            ("lines.1.product_id", NEVER, {"lines.1.product_id": "Is not a line of this order", "lines": "Lacks MOG-PB10"}),
            ("lines.1", MISSING, {"lines": "Lacks MOG-PB10"}),
            ("received_on", "2020-01-01", "Is before dispatched on"),
        ],
    },
}

_TERMS = TRADE.terms
_OFFERED: list[Json] = TRADE.negotiation[1]["offer"]["lines"]
_LINES = [{"product_id": f"{{{line['sku']}}}"} | {name: line[name] for name in ("quantity", "unit_price")} for line in _OFFERED]

BODIES = {
    "account": Body(
        "nobody",
        "POST",
        "/v1/accounts",
        TRADE.buyer | {"role": "buyer", "email": "new.buyer@buyer.example", "password": "tin-lamp-orchard-9"},
        {
            "invalid_fields": [
                ("email", "not.an.address", "Not a valid email address."),
                ("phone", "030 123456", "An international number"),
                ("user_name", "x", "3 to 30"),
                ("address", {"name": "Ada"}, {"address.street": REQUIRED, "address.city": REQUIRED, "address.country": REQUIRED}),
                ("password", "short", LENGTH),
                ("password", 1234567890123, TEXT),
                ("country", "UK", COUNTRY),
                ("role", "operator", ONE_OF),
                ("name", " ", LENGTH),
                ("roles", ["buyer"], UNKNOWN),
            ],
            "login_missing": [("email", MISSING, {"email": "Give an e-mail address", "user_name": "or a user name"})],
            "password_weak": [("password", "new.buyer@buyer.example", "Must be neither the e-mail address")],
        },
    ),
    "product": Body(
        "supplier",
        "POST",
        "/v1/products",
        TRADE.products[0] | {"sku": "NEW-1"},
        {
            "invalid_fields": [
                ("title", MISSING, REQUIRED),
                ("hs_code", "990101", "990101 is not in the Harmonized System."),
                ("country_of_origin", "BRA", COUNTRY),
                ("unit", "bag", UNIT),
                ("price.currency", "USX", CURRENCY),
                ("price.amount", "0.00", "Must be more than zero."),
                ("price", 505, MONEY),
                ("gross_mass_kg", "Infinity", SPECIAL),
                ("minimum_quantity", 0, RANGE),
                ("stock", -1, NOT_NEGATIVE),
                ("special_goods", ["gold"], {"special_goods.0": ONE_OF}),
                ("properties", ["natural"], "Not a valid mapping type."),
                ("colour", "green", UNKNOWN),
            ],
            "masses_disagree": [("net_mass_kg", "60.701", {"gross_mass_kg": "Must be at least the net mass, 60.701 kg."})],
        },
    ),
    "change of a product": Body(
        "supplier",
        "PATCH",
        "/v1/products/{NY2-1718}",
        {"title": "Arabica", "price": {"amount": "1.00", "currency": "USD"}, "net_mass_kg": "1"},
        {
            "invalid_fields": [
                ("state", "sold", ONE_OF),
                ("title", None, NULL),
                ("price.currency", "EURO", CURRENCY),
                ("stock", 5, UNKNOWN),
                ("id", NEVER, UNKNOWN),
            ],
            "masses_disagree": [("net_mass_kg", "61", {"gross_mass_kg": "Must be at least the net mass, 61 kg."})],
        },
    ),
    "stock": Body(
        "supplier",
        "PUT",
        "/v1/products/{NY2-1718}/stock",
        {"on_hand": 10**6},
        {"invalid_fields": [("on_hand", -1, NOT_NEGATIVE), ("on_hand", "900", COUNT), ("on_hand", MISSING, REQUIRED), ("reserved", 0, UNKNOWN)]},
    ),
    "enquiry": Body(
        "buyer",
        "POST",
        "/v1/enquiries",
        {"lines": _LINES, "terms": _TERMS, "message": "Please offer."},
        {
            "invalid_fields": [
                ("message", MISSING, REQUIRED),
                ("lines", [], LENGTH),
                ("lines.0.product_id", "NY2-1718", UUID),
                ("lines.1.unit_price.currency", "US$", CURRENCY),
                ("terms.incoterm", "FOT", ONE_OF),
                ("terms.ship_to.country", "HH", COUNTRY),
                ("terms.port_of_loading", "Santos", PORT),
                ("terms.preset", "barter", ONE_OF),
                ("valid_until", "2026-12-01T00:00:00Z", UNKNOWN),
            ],
            "lines_invalid": [
                ("lines.0.product_id", NEVER, "There is no such product for sale."),
                ("lines.0.quantity", 19, "At least 20 must be taken."),
                ("lines.1.unit_price.currency", "EUR", "All lines share one currency, which is USD here."),
            ],
            "terms_invalid": [("terms.insurance", "none", "Under CIF the supplier insures the goods")],
        },
    ),
    "offer": Body(
        "supplier",
        "POST",
        "/v1/enquiries/{enquiry}/actions/offer",
        {"lines": _LINES, "terms": _TERMS, "valid_until": "2998-01-01T00:00:00Z"},
        {
            "invalid_fields": [
                ("lines.0.quantity", MISSING, REQUIRED),
                ("lines.0.unit_price.amount", "0", "Must be more than zero."),
                ("terms", MISSING, REQUIRED),
                ("valid_until", "2998-01-01T00:00:00", "Not a valid aware datetime."),
                ("valid_until", "tomorrow", "Not a valid datetime."),
                ("id", NEVER, UNKNOWN),
            ],
            "lines_invalid": [
                ("lines.0.product_id", "{MOG-PB10}", {"lines.1.product_id": "This product is on an earlier line."}),
                ("lines.0.quantity", 10**9, "More than can be traded in one line."),
            ],
            "terms_invalid": [("terms.port_of_discharge", MISSING, "its port must be named")],
            "validity_invalid": [
                ("valid_until", "2998-01-01T00:00:00Z", "Must be in the future, and within a year."),
                ("valid_until", "2020-01-01T00:00:00Z", "Must be in the future, and within a year."),
            ],
        },
    ),
    "message": Body(
        "buyer",
        "POST",
        "/v1/enquiries/{enquiry}/messages",
        {"text": "Any news?"},
        {"invalid_fields": [("text", "", LENGTH), ("text", "x" * 4001, LENGTH), ("text", "Esc\x1b[2J", UNPRINTABLE), ("to", "supplier", UNKNOWN)]},
    ),
    "order": Body(
        "buyer",
        "POST",
        "/v1/orders",
        {"lines": [{"product_id": "{NY2-1718}", "quantity": 240}, {"product_id": "{MOG-PB10}", "quantity": 80}], "terms": _TERMS},
        {
            "invalid_fields": [
                ("lines.0.quantity", 0, RANGE),
                ("lines.0.unit_price", {"amount": "1.00", "currency": "USD"}, UNKNOWN),
                ("terms.channel", MISSING, REQUIRED),
                ("terms.named_place", "", LENGTH),
                ("terms.ship_to.street", MISSING, REQUIRED),
                ("terms.settlement", "cash", ONE_OF),
            ],
            "lines_invalid": [
                ("lines.1.product_id", NEVER, "There is no such product for sale."),
                ("lines.1.quantity", 9, "At least 10 must be taken."),
            ],
            "terms_invalid": [
                ("terms.preset", "parcel", {"terms.insurance": "Under CIF the supplier insures the goods"}),
                ("terms.preset", MISSING, {f"terms.{name}": "or name a preset." for name in ("settlement", "customs", "insurance")}),
            ],
        },
    ),
    "exception": Body(
        "buyer",
        "POST",
        "/v1/orders/{receiving}/actions/exception",
        {"reason": "damaged", "note": "Wet bags."},
        {
            "invalid_fields": [("note", MISSING, REQUIRED), ("evidence", "a photograph", LIST), ("step", "receiving", UNKNOWN)],
            "form_disagrees": [("reason", "seized", ONE_OF)],
        },
    ),
    "draft": Body(
        "buyer",
        "PUT",
        "/v1/orders/{payment}/drafts/payment",
        {"method": "bank_transfer"},
        {
            "invalid_fields": [("iban", "DE02", UNKNOWN)],
        },
    ),
    "deposit": Body(
        "operator",
        "POST",
        "/v1/deposits",
        {"account_id": "{buyer}", "amount": {"amount": "10.00", "currency": "USD"}, "reference": "Bank 1"},
        {
            "invalid_fields": [
                ("amount.amount", "-10.00", AMOUNT),
                ("amount.amount", "0.00", "Must be more than zero."),
                ("amount.currency", "usd", CURRENCY),
                ("account_id", "the buyer", UUID),
                ("reference", MISSING, REQUIRED),
            ],
            "deposit_refused": [
                ("amount.currency", "XAU", "Funds cannot be held in it."),
                ("account_id", "4b1d1f6e-5b8d-4c7e-9d8a-0f2c3b4a5d6e", "Not the id of an account."),
            ],
        },
    ),
    "tracking": Body(
        "operator",
        "POST",
        "/v1/tracking-events",
        {"waybill_number": "SSZHAM", "event_id": "1", "status": "in_transit", "occurred_at": "2026-01-01T00:00:00Z"},
        {
            "invalid_fields": [
                ("status", "lost", ONE_OF),
                ("occurred_at", "2026-01-01T00:00:00", "Not a valid aware datetime."),
                ("waybill_number", "", LENGTH),
                ("event_id", MISSING, REQUIRED),
            ]
        },
    ),
    "label batch": Body(
        "supplier",
        "POST",
        "/v1/label-batches",
        {"order_numbers": ["TO-NOBODYS"]},
        {
            "invalid_fields": [
                ("order_numbers", MISSING, REQUIRED),
                ("order_numbers", "TO-NOBODYS", LIST),
                ("order_numbers", [], "Length must be between 1 and 1000."),
                ("order_numbers", [f"TO-{number}" for number in range(1001)], "Length must be between 1 and 1000."),
                ("order_numbers", ["TO-1", "TO-2", "TO-1"], "Named more than once: TO-1."),
                ("order_numbers", ["TO-1", "x" * 21], {"order_numbers.1": LENGTH}),
                ("order_numbers", ["TO-1", 2], {"order_numbers.1": TEXT}),
                ("order_ids", ["{buyer}"], UNKNOWN),
            ]
        },
    ),
    "quote": Body(
        "buyer",
        "POST",
        "/v1/quotes",
        {"destination": {"country": "DE"}, "packages": [{"count": 2, "length_cm": "40", "width_cm": "30", "height_cm": "20", "weight_kg": "3.2"}]},
        {
            "invalid_fields": [
                ("destination", MISSING, REQUIRED),
                ("destination.country", "Germany", COUNTRY),
                ("destination.city", "Hamburg", UNKNOWN),
                ("packages", [], LENGTH),
                ("packages.0.count", 0, RANGE),
                ("packages.0.weight_kg", MISSING, REQUIRED),
                ("packages.0.weight_kg", "0", ABOVE_ZERO),
                ("packages.0.length_cm", "NaN", SPECIAL),
                ("packages.0.length_cm", "1.0001", "At most three decimals."),
                ("special_goods", ["bees"], {"special_goods.0": ONE_OF}),
                ("incoterm", "FOT", ONE_OF),
                ("value", {"amount": "0", "currency": "USD"}, {"value.amount": "Must be more than zero."}),
                ("wanted_by", "soon", DATE),
                ("wanted_by", "2020-01-01", "Is in the past."),
            ]
        },
    ),
    "tariff": Body(
        "operator",
        "PUT",
        "/v1/tariffs/rail_freight",
        {"currency": "CHF", "valid_from": "2999-01-01", "zones": [{"name": "all", "countries": ["*"], "breaks": [{"up_to_kg": "60000", "price": "1.00"}]}]},
        {
            "invalid_fields": [
                ("currency", "CHX", CURRENCY),
                ("valid_from", MISSING, REQUIRED),
                ("zones.0.countries", ["HH"], {"zones.0.countries.0": "nor *."}),
                ("zones.0.breaks.0.price", "free", "Not a valid number."),
                ("zones.0.rates", [], UNKNOWN),
                ("channel", "sea_freight_fcl", UNKNOWN),
            ],
            "tariff_disagrees": [
                ("zones.0.breaks.0.price", "1.005", "CHF has 2 decimals"),
                ("valid_until", "2998-12-31", "Is before 2999-01-01"),
            ],
            "tariff_begins_in_the_past": [("valid_from", "2020-01-01", "or later: rail_freight has a tariff")],
        },
    ),
    "exchange rates": Body(
        "operator",
        "PUT",
        "/v1/exchange-rates",
        {"rates": [{"base": "EUR", "quote": "USD", "rate": "1.0842", "valid_from": "2026-01-01T00:00:00Z"}]},
        {
            "invalid_fields": [
                ("rates", [], LENGTH),
                ("rates", {}, LIST),
                ("rates.0.base", "euro", CURRENCY),
                ("rates.0.quote", MISSING, REQUIRED),
                ("rates.0.rate", "0", "Must be greater than or equal to"),
                ("rates.0.rate", "NaN", SPECIAL),
                ("rates.0.rate", "1,08", "Not a valid number."),
                ("rates.0.valid_from", "2026-01-01", "Not a valid"),
                ("rates.0.valid_until", 1, "Not a valid"),
                ("rates.0.source", "ECB", UNKNOWN),
            ],
            "rates_invalid": [
                ("rates.0.quote", "EUR", "Must be another currency than the base."),
                ("rates.0.rate", "1.084212345678", "At most 12 significant digits."),
                ("rates.0.valid_until", "2026-01-01T00:00:00Z", "Must be after valid_from."),
            ],
        },
    ),
    "exchange quote": Body(
        "buyer",
        "POST",
        "/v1/exchange-quotes",
        {"amount": {"amount": "100.00", "currency": "USD"}, "currency": "EUR"},
        {
            "invalid_fields": [
                ("amount", "100.00", MONEY),
                ("amount.amount", "0.00", "Must be more than zero."),
                ("amount.amount", "1.001", "USD has 2 decimals, 1.001 has more."),
                ("currency", "eur", CURRENCY),
                ("rate", "1.2", UNKNOWN),
            ],
            "exchange_needless": [("currency", "USD", "This is the amount's own currency.")],
            "no_exchange_rate": [("currency", "BRL", "There is no exchange rate between USD and BRL")],
        },
    ),
    "freight account": Body(
        "supplier",
        "POST",
        "/v1/freight-account",
        {"currency": "USD"},
        {
            "invalid_fields": [("currency", "DOLLAR", CURRENCY), ("currency", MISSING, REQUIRED), ("balance", "1.00", UNKNOWN)],
            "freight_account_refused": [("currency", "XAU", "Funds cannot be held in it.")],
        },
    ),
    "top-up": Body(
        "supplier",
        "POST",
        "/v1/freight-account/top-ups",
        {"amount": {"amount": "10.00", "currency": "USD"}},
        {
            "invalid_fields": [
                ("amount", 10, MONEY),
                ("amount.amount", "-1.00", AMOUNT),
                ("amount.amount", "0", "Must be more than zero."),
                ("from", "x", UNKNOWN),
            ]
        },
    ),
}
