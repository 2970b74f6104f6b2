"""Operations of payments on exchange: the rate table, and what an amount comes to in another currency."""

from __future__ import annotations

from marshmallow import fields, validate

from shared.contracts.fields import Currency, Id, Money, Rate, Shape, Timestamp
from shared.contracts.operations import Operation


class NewRate(Shape):
    base = Currency(required=True)
    quote = Currency(required=True)
    rate = Rate(required=True, metadata={"description": "What one of the base currency is in the quote currency, in at most 12 significant digits."})
    valid_from = Timestamp(required=True)
    valid_until = Timestamp(load_default=None, allow_none=True, metadata={"description": "It counts until before then; without it until a later one begins."})


class AddRates(Shape):
    """All of them or none. One that is there already is left as it is."""

    rates = fields.List(fields.Nested(NewRate), required=True, validate=validate.Length(min=1, max=10_000))


class ExchangeRate(NewRate):
    id = Id(required=True)


class ListRates(Shape):
    base = Currency()
    quote = Currency()
    at = Timestamp(metadata={"description": "Those of another time than now."})


class ExchangeRates(Shape):
    items = fields.List(fields.Nested(ExchangeRate), required=True, metadata={"description": "Those that count, one a pair, by base and quote."})


class QuoteExchange(Shape):
    amount = Money(required=True, positive=True)
    currency = Currency(required=True)


class Via(Shape):
    """A cross rate's second row: from the common currency on."""

    currency = fields.String(required=True)
    rate_id = Id(required=True)


class ExchangeQuote(Shape):
    rate_id = Id(required=True, metadata={"description": "The row of the rate table; of a cross rate its first."})
    rate = Rate(required=True, metadata={"description": "What one of the amount's currency is in the other; the table's, turned round, or crossed."})
    total = Money(required=True, metadata={"description": "The amount in the other currency, rounded half to even."})
    via = fields.Nested(Via, required=True, allow_none=True)
    valid_until = Timestamp(required=True, allow_none=True)


class AgreedExchange(Shape):
    """At which rate an order is paid in another currency than its own: that of the time when it was placed, and no other."""

    rate_id = Id(required=True)
    rate = Rate(required=True, metadata={"description": "What one of the order's currency is in the currency it is paid in."})
    total = Money(required=True, metadata={"description": "What the buyer pays."})


ADD_EXCHANGE_RATES = Operation("payments", "add_exchange_rates", AddRates, ExchangeRates, writes=True)
LIST_EXCHANGE_RATES = Operation("payments", "list_exchange_rates", ListRates, ExchangeRates)
QUOTE_EXCHANGE = Operation("payments", "quote_exchange", QuoteExchange, ExchangeQuote)
