"""Orders that are paid in another currency than their prices': what they come to is quoted before they are placed, and fixed as they are."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from services.orders.application.goods import Products
from shared.contracts.dumping import dump
from shared.contracts.exchange import AgreedExchange, QuoteExchange
from shared.kit.errors import Conflict, Invalid
from shared.kit.money import Money

Exchanges = Mapping[Money, Mapping[str, Any]]
"""Order totals that are paid in another currency, each with its `AgreedExchange` as JSON."""


def quoted(data: Mapping[str, Any], products: Products, ask: Callable[[dict[str, Any]], Mapping[str, Any]]) -> Exchanges:
    """What each supplier's order comes to in `payment_currency` where that is another; `ask` is payments' `quote_exchange`.

    Lines that cannot be ordered are passed over: placing them says what is wrong. Invalid where there is no rate.
    """
    wanted = data.get("payment_currency")
    exchanges = {}
    for total in _totals(data["lines"], products):
        if wanted not in (None, total.currency):
            try:
                quote = ask(dump(QuoteExchange, {"amount": total, "currency": wanted}))
            except (Conflict, Invalid) as error:
                raise Invalid(error.code, error.message, {"payment_currency": [error.message]}) from error
            exchanges[total] = {name: quote[name] for name in AgreedExchange._declared_fields}
    return exchanges


def _totals(lines: list[dict[str, Any]], products: Products) -> set[Money]:
    """What the orders come to, one a supplier."""
    totals: dict[tuple[str, str], int] = {}
    for line in lines:
        if product := products.get(line["product_id"]):
            owner = (product["supplier"]["id"], product["price"].currency)
            totals[owner] = totals.get(owner, 0) + product["price"].minor * line["quantity"]
    return {Money(minor, currency) for (_, currency), minor in totals.items()}
