"""What trade files leave open in braces (`{product:SKU}`, `{today+14}`, `{total*1.1}`) and how it is filled in from an order."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import ROUND_UP, Decimal
from typing import Any


class NotKnown(LookupError):
    """Braces that mean nothing, or nothing yet."""


_BRACES = re.compile(r"\{(?P<name>\w+)(?::(?P<sku>[^{}]+)|(?P<sign>[+*-])(?P<number>\d+(?:\.\d+)?))?\}")


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known when a form is filled in: `products` (SKU → id) at first, the order (as the HTTP interface answers it) once it is placed,
    and what else has come of the trade by its name: `payment_method`, `waybill`."""

    today: date
    products: Mapping[str, str]
    order: Mapping[str, Any] = field(default_factory=dict)
    password: str = field(default="", repr=False)
    known: Mapping[str, str] = field(default_factory=dict)

    def fill(self, value: Any) -> Any:
        """A copy of the value, its lists and mappings, with all braces filled in. A text that is nothing but braces takes on the fact's own type.

        Raises NotKnown for braces that mean nothing, or nothing yet.
        """
        if isinstance(value, Mapping):
            return {name: self.fill(each) for name, each in value.items()}
        if isinstance(value, list):
            return [self.fill(each) for each in value]
        if not isinstance(value, str):
            return value
        whole = _BRACES.fullmatch(value)
        return self._fact(whole) if whole else _BRACES.sub(lambda braces: str(self._fact(braces)), value)

    def _fact(self, braces: re.Match[str]) -> Any:
        try:
            return self._look_up(braces["name"], braces["sku"], braces["sign"], braces["number"])
        except (LookupError, ValueError, OverflowError):
            raise NotKnown(f"{braces[0]} is not known here.") from None

    def _look_up(self, name: str, sku: str | None, sign: str | None, number: str | None) -> Any:
        match name, sku, sign:
            case "today", None, None | "+" | "-":
                return (self.today + timedelta(days=int(f"{sign or ''}{number or 0}"))).isoformat()
            case "product", str(), None:
                return self.products[sku]
            case "quantity" | "value" | "net" | "gross", str(), None:
                return self._line(sku)[_OF_A_LINE[name]]
            case "net" | "gross", None, None:
                return str(sum(Decimal(line[_OF_A_LINE[name]]) for line in self.order["lines"]))
            case "total", None, None | "*":
                return _times(self.order["total"], Decimal(number or 1))
            case "amount" | "currency", None, None:
                return self.order.get("payable", self.order["total"])[name]
            case "number", None, None:
                return self.order["number"]
            case "password" | "payment_method" | "waybill", None, None:
                return {"password": self.password, **self.known}[name]
        raise KeyError(name)

    def _line(self, sku: str) -> Mapping[str, Any]:
        found: Mapping[str, Any] = {line["sku"]: line for line in self.order["lines"]}[sku]
        return found


_OF_A_LINE = {"quantity": "quantity", "value": "line_total", "net": "net_mass_kg", "gross": "gross_mass_kg"}


def _times(money: Mapping[str, str], factor: Decimal) -> dict[str, str]:
    """Rounded up, so that a cover of 1.1 never falls short of 110 %."""
    amount = Decimal(money["amount"])
    return {"amount": str((amount * factor).quantize(amount, rounding=ROUND_UP)), "currency": money["currency"]}
