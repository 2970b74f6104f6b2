"""How an order from a listing is to be paid, as far as it is said when it is placed: in which currency, and by which of the buyer's methods.

Payments is asked before the transaction, and what it answers is fixed with the order.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from services.orders.application.goods import Products
from services.orders.application.records import Order
from services.orders.models import drafts
from shared.contracts.dumping import dump
from shared.contracts.exchange import QUOTE_EXCHANGE, AgreedExchange, QuoteExchange
from shared.contracts.operations import Operation
from shared.contracts.payment_methods import LIST_PAYMENT_METHODS
from shared.kit.errors import Conflict, Invalid
from shared.kit.money import Money
from shared.platform.database import Transaction

Ask = Callable[[Operation, dict[str, Any]], Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Paying:
    """`exchanges` are the totals that are paid in another currency, each with its `AgreedExchange` as JSON; `method` is the buyer's `PaymentMethod`."""

    exchanges: Mapping[Money, Mapping[str, Any]] = field(default_factory=dict)
    method: Mapping[str, Any] | None = None

    def prepare(self, tx: Transaction, order: Order) -> None:
        """Keep the payment form as far as it is known by now: all but the day."""
        if self.method is None:
            return
        if order.situation.terms.settlement != "escrow":
            raise Invalid(
                "invalid_fields", "Some fields are missing or wrong.", {"payment_method_id": ["Only where the platform takes the money: under escrow."]}
            )
        form = {
            "method": self.method["kind"],
            "payment_method_id": self.method["id"],
            "amount": str(order.payable.amount),
            "currency": order.payable.currency,
            "payer_name": order.row.buyer_name,
            "reference": order.row.number,
        }
        tx.add(drafts, {"order_id": order.row.id, "step": "payment", "form": form, "saved_at": tx.now})


def asked(data: Mapping[str, Any], products: Products, ask: Ask) -> Paying:
    """What payments says to what was asked for. Invalid where there is no rate, or no such method of the caller's.

    Lines that cannot be ordered are passed over: placing them says what is wrong.
    """
    return Paying(_exchanges(data, products, ask), _method(data, ask))


def _method(data: Mapping[str, Any], ask: Ask) -> Mapping[str, Any] | None:
    wanted = data.get("payment_method_id")
    if wanted is None:
        return None
    mine = ask(LIST_PAYMENT_METHODS, {})["items"]
    method = next((each for each in mine if each["id"] == wanted), None)
    if method is None:
        raise Invalid("payment_method_missing", "There is no such payment method.", {"payment_method_id": ["Not a method that you have bound."]})
    return method  # type: ignore[no-any-return]


def _exchanges(data: Mapping[str, Any], products: Products, ask: Ask) -> Mapping[Money, Mapping[str, Any]]:
    wanted = data.get("payment_currency")
    exchanges = {}
    for total in _totals(data["lines"], products):
        if wanted not in (None, total.currency):
            try:
                quote = ask(QUOTE_EXCHANGE, dump(QuoteExchange, {"amount": total, "currency": wanted}))
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
