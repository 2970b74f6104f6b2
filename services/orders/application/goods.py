"""The lines of enquiries, offers and orders: checked against the catalog's products, whose facts are copied as they stand now."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from functools import reduce
from typing import Any

from marshmallow import EXCLUDE

from shared.contracts.catalog import Product
from shared.contracts.dumping import dump
from shared.contracts.loading import load
from shared.contracts.trade import OrderLine
from shared.kit.actor import Actor
from shared.kit.errors import Invalid
from shared.kit.money import LARGEST_MINOR, Money

Products = Mapping[str, Mapping[str, Any]]
"""The catalog's products, loaded, by id."""

_LINES = OrderLine(many=True)
_PRODUCTS = Product(many=True, unknown=EXCLUDE)

HEAVIEST = Decimal("999999999.999")  # kg; the contract's largest measure


def read_products(answer: Mapping[str, Any]) -> Products:
    """The catalog's answer to `products_by_id`. What it leaves empty is left out."""
    items = [{name: value for name, value in item.items() if value is not None} for item in answer["items"]]
    return {product["id"]: product for product in load(_PRODUCTS, items)}


def order_line(product: Mapping[str, Any], quantity: int, unit_price: Money, options: Mapping[str, str]) -> dict[str, Any]:
    """An `OrderLine`: what an order keeps of a product, masses and total being the whole line's."""
    return {
        "product_id": product["id"],
        "quantity": quantity,
        "unit_price": unit_price,
        "line_total": unit_price.times(quantity),
        "net_mass_kg": product["net_mass_kg"] * quantity,
        "gross_mass_kg": product["gross_mass_kg"] * quantity,
        **{name: product.get(name) for name in ("sku", "title", "unit", "hs_code", "country_of_origin")},
        "properties": product.get("properties", {}),
        "options": options,
        "special_goods": product.get("special_goods", []),
    }


def parties(buyer: Actor, product: Mapping[str, Any]) -> dict[str, str]:
    """Who trades, as stored: the buyer and the product's supplier."""
    supplier = product["supplier"]
    return {"buyer_id": buyer.id, "buyer_name": buyer.name, "supplier_id": supplier["id"], "supplier_name": supplier["name"]}


def total(lines: Iterable[Mapping[str, Any]]) -> Money:
    """The sum of the lines' totals, which share one currency."""
    totals: list[Money] = [line["line_total"] for line in lines]
    return reduce(Money.__add__, totals)


def dump_lines(lines: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Order lines as stored."""
    return dump(_LINES, lines)  # type: ignore[no-any-return]


def load_lines(stored: Any) -> list[dict[str, Any]]:
    """Stored order lines as Python values. What they hold was checked when it was stored."""
    return [
        {
            **line,
            **{name: Money.of(**line[name]) for name in ("unit_price", "line_total")},
            **{name: Decimal(line[name]) for name in ("net_mass_kg", "gross_mass_kg")},
        }
        for line in stored
    ]


def checked(
    lines: list[dict[str, Any]],
    products: Products,
    buyer_id: str,
    supplier_id: str | None = None,
    *,
    list_prices: bool = False,
    numbers: Sequence[int] | None = None,
) -> list[dict[str, Any]]:
    """The `OrderLine` of each line (`product_id`, and `quantity` and `unit_price` where they are named already) that is complete.
    With `list_prices` the prices are the products' own; `numbers` are those of the lines in the request, where these are not all of them.

    Invalid names each line and field: a product that is unknown, withdrawn, named twice, the buyer's own or of another supplier (than `supplier_id`,
    or the first line's); an option that is not chosen or that the product does not have; a quantity below the product's minimum; prices in two currencies; more mass or money than the platform counts.
    """
    found = [products.get(line["product_id"]) for line in lines]
    supplier_id = supplier_id or next((product["supplier"]["id"] for product in found if product), None)
    prices = [product["price"] if product and list_prices else line.get("unit_price") for line, product in zip(lines, found, strict=True)]
    currency = next((price.currency for price in prices if price), None)
    errors: dict[str, list[str]] = {}
    complete = []
    for number, (line, product, price) in enumerate(zip(lines, found, prices, strict=True)):
        problem = _product_problem(line, lines[:number], product, buyer_id, supplier_id) if product else "There is no such product for sale."
        if product is None or problem:
            problems = {"product_id": str(problem)}
        elif price and price.currency != currency:
            problems = {"product_id" if list_prices else "unit_price.currency": f"All lines share one currency, which is {currency} here."}
        else:
            problems = _choice_problems(line, product, price)
            if not problems and price and "quantity" in line:
                complete.append(order_line(product, line["quantity"], price, line.get("options", {})))
        errors |= {f"lines.{numbers[number] if numbers else number}.{name}": [sentence] for name, sentence in problems.items()}
    if not errors and len(complete) == len(lines) and total(complete).minor > LARGEST_MINOR:
        errors["lines"] = ["More than can be traded in one order."]
    if errors:
        raise Invalid("lines_invalid", "Some lines cannot be traded like this.", errors)
    return complete


def by_supplier(lines: list[dict[str, Any]], products: Products, buyer_id: str) -> dict[str, list[dict[str, Any]]]:
    """The `OrderLine`s of a basket at list prices, by supplier. Invalid as `checked`, but for the one supplier that all lines need not share."""
    numbers: dict[str, list[int]] = {}
    for number, line in enumerate(lines):
        product = products.get(line["product_id"])
        numbers.setdefault(product["supplier"]["id"] if product else "", []).append(number)
    baskets: dict[str, list[dict[str, Any]]] = {}
    errors: dict[str, list[str]] = {}
    for supplier_id, mine in numbers.items():
        try:
            baskets[supplier_id] = checked([lines[number] for number in mine], products, buyer_id, list_prices=True, numbers=mine)
        except Invalid as error:
            errors |= error.errors
    if errors:
        raise Invalid("lines_invalid", "Some lines cannot be traded like this.", errors)
    return baskets


def _product_problem(line: Mapping[str, Any], before: list[dict[str, Any]], product: Mapping[str, Any], buyer_id: str, supplier_id: str | None) -> str | None:
    if any((other["product_id"], other.get("options")) == (line["product_id"], line.get("options")) for other in before):
        return "This product is on an earlier line."
    if product["supplier"]["id"] == buyer_id:
        return "One's own goods cannot be bought."
    if product["supplier"]["id"] != supplier_id:
        return "All lines must be of one supplier's products."
    return None


def _choice_problems(line: Mapping[str, Any], product: Mapping[str, Any], price: Money | None) -> dict[str, str]:
    """What is wrong with the quantity and the options chosen, by field. An option may be left open only where quantity or price is."""
    quantity, chosen, options = line.get("quantity"), line.get("options", {}), product.get("options", {})
    left_open = options.keys() - chosen.keys() if quantity and price else set()
    wrong = {name for name, value in chosen.items() if value not in options.get(name, ())}
    problems = {
        f"options.{name}": f"Choose one of: {', '.join(options[name])}."
        if name in options
        else f"The product has no such option, only: {', '.join(options) or 'none'}."
        for name in sorted(wrong | left_open)
    }
    if quantity and quantity < product["minimum_quantity"]:
        problems["quantity"] = f"At least {product['minimum_quantity']} must be taken."
    elif quantity and price and (price.minor * quantity > LARGEST_MINOR or product["gross_mass_kg"] * quantity > HEAVIEST):
        problems["quantity"] = "More than can be traded in one line."
    return problems
