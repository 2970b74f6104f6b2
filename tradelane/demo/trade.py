"""A trade as its file tells it, and the requests it makes of the system. Reading and checking files is `trade_file.py`'s."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from functools import reduce
from operator import add
from typing import Any

from shared.kit.money import Money

Json = dict[str, Any]

BOOKED = ("packages", "special_goods", "packing_check_list", "collection", "if_undeliverable")
"""What the shipping form and the booking of a channel have in common."""


@dataclass(frozen=True, slots=True)
class Trade:
    """A checked trade file, otherwise as written: what stands in braces is filled in as each request is made."""

    source: str
    title: str
    buyer: Json
    supplier: Json
    products: list[Json]
    terms: Json
    steps: dict[str, Json]
    story: str = ""
    enquiry: Json | None = None
    negotiation: list[Json] = field(default_factory=list)
    quote: Json | None = None
    order: Json | None = None
    payment_method: Json | None = None
    freight_account: Json | None = None
    deposit: Json | None = None

    @property
    def online(self) -> bool:
        """Whether its shipping is booked with the platform."""
        return bool(self.steps.get("shipping", {}).get("online"))

    def enquiry_request(self) -> Json:
        """The contract's OpenEnquiry, braces still open."""
        return _by_product_id(self.enquiry or {})

    def order_request(self) -> Json:
        """The contract's PlaceOrder, braces still open."""
        return _by_product_id({"terms": self.terms} | (self.order or {}))

    def quote_request(self) -> Json:
        """The contract's AskQuotes, braces still open."""
        ship_to = self.terms["ship_to"]
        return {"destination": {name: ship_to[name] for name in ("country", "postal_code") if name in ship_to}, **(self.quote or {})}

    def booking_request(self) -> Json:
        """The contract's CreateLogisticsOrder, braces still open: what the shipping form says of packages, collection and the rest."""
        form = self.steps["shipping"]["form"]
        return {name: form[name] for name in BOOKED if name in form}

    def offer_request(self, offer: Json) -> Json:
        """The contract's OfferTerms, braces still open: the file's terms, unless this offer brings its own."""
        return _by_product_id({"terms": self.terms} | offer)

    def exception_report(self, step: str) -> Json | None:
        """The contract's ExceptionForm, braces still open; None where all goes well at the step."""
        exception = self.steps[step].get("exception")
        return exception and {name: value for name, value in exception.items() if name != "resolved"}

    def agreed_order(self) -> Json:
        """What the order will say of goods and money once the parties agree, as the contract's Order does; a product's id is its SKU here."""
        offers = [move["offer"] for move in self.negotiation if "offer" in move]
        agreed = (offers[-1] if offers else self.order or self.enquiry or {})["lines"]
        products = {product["sku"]: product for product in self.products}
        lines = [
            _order_line(products[line["sku"]], line["quantity"], _money(products[line["sku"]]["price"] if self.order else line["unit_price"]))
            for line in agreed
        ]
        total = reduce(add, (_money(line["line_total"]) for line in lines))
        return {"number": "TO-00000-00000", "terms": self.terms, "lines": lines, "total": _json(total)}


def _by_product_id(request: Json) -> Json:
    """Its lines name products by SKU in the file, by id to the system."""
    lines = [{"product_id": f"{{product:{line['sku']}}}"} | {name: value for name, value in line.items() if name != "sku"} for line in request["lines"]]
    return request | {"lines": lines}


def _order_line(product: Json, quantity: int, unit_price: Money) -> Json:
    return {
        "product_id": product["sku"],
        **{name: product.get(name) for name in ("sku", "title", "unit", "hs_code", "country_of_origin")},
        "quantity": quantity,
        "unit_price": _json(unit_price),
        "line_total": _json(unit_price.times(quantity)),
        **{name: str(Decimal(str(product[name])) * quantity) for name in ("net_mass_kg", "gross_mass_kg")},
    }


def _money(amount: Json) -> Money:
    return Money.of(amount["amount"], amount["currency"])


def _json(money: Money) -> Json:
    return {"amount": str(money.amount), "currency": money.currency}
