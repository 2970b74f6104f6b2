"""A trade as its file tells it, and the requests it makes of the system. Reading and checking files is `trade_file.py`'s."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from functools import reduce
from operator import add
from typing import Any

from shared.kit.money import Money

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Trade:
    """A checked trade file, otherwise as written: what stands in braces is filled in as each request is made."""

    source: str
    title: str
    buyer: Json
    supplier: Json
    products: list[Json]
    terms: Json
    enquiry: Json
    negotiation: list[Json]
    steps: dict[str, Json]
    story: str = ""
    deposit: Json | None = None

    def enquiry_request(self) -> Json:
        """The contract's OpenEnquiry, braces still open."""
        return _by_product_id(self.enquiry)

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
        agreed = (offers[-1] if offers else self.enquiry)["lines"]
        products = {product["sku"]: product for product in self.products}
        lines = [_order_line(products[line["sku"]], line["quantity"], _money(line["unit_price"])) for line in agreed]
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
