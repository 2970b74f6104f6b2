"""What the cross-checks know of an order, and how they tell what disagrees."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from services.orders.domain.terms import Terms
from shared.kit.money import Money

Form = Mapping[str, Any]
"""A submitted form as its contract loads it: dates, Decimals, Money, str."""


@dataclass(frozen=True, slots=True)
class Line:
    """An order's line, under the names of the contract's OrderLine; the masses are of the whole line."""

    product_id: str
    sku: str
    title: str
    quantity: int
    unit: str
    unit_price: Money
    line_total: Money
    hs_code: str | None
    country_of_origin: str | None
    net_mass_kg: Decimal
    gross_mass_kg: Decimal
    properties: Mapping[str, str] = field(default_factory=dict)
    options: Mapping[str, str] = field(default_factory=dict)
    special_goods: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class OrderFacts:
    """`payable` is the total in the currency it is paid in; `submitted` are the forms that completed earlier steps, by step, loaded; `today` is the date of the order's clock, in UTC."""

    lines: tuple[Line, ...]
    total: Money
    payable: Money
    terms: Terms
    today: date
    submitted: Mapping[str, Form] = field(default_factory=dict)

    def earlier(self, path: str) -> Any:
        """A field of an earlier form (`shipping.shipping_notice.dispatched_on`); None where it was not given."""
        value: Any = self.submitted
        for name in path.split("."):
            value = value.get(name) if value else None
        return value


class Problems(dict[str, list[str]]):
    """Field path (`lines.0.quantity`) → sentences."""

    def unless(self, holds: bool, path: str, message: str) -> None:
        """Adds the sentence where what should hold does not."""
        if not holds:
            self.setdefault(path, []).append(message)

    def unless_between(self, day: date, path: str, facts: OrderFacts, after: Iterable[str]) -> None:
        """The day must not be in the future, nor before any of those days of earlier forms that are known."""
        self.unless(day <= facts.today, path, f"Is in the future (today is {facts.today}).")
        for name in after:
            earliest = facts.earlier(name)
            self.unless(earliest is None or day >= earliest, path, f"Is before {name.rpartition('.')[2].replace('_', ' ')} {earliest}.")


def paired(form: Form, facts: OrderFacts, problems: Problems) -> list[tuple[str, Form, Line]]:
    """The form's lines, each with its path and the order's line of the same product; a problem for every line that is too many or missing.

    Where an order has several lines of one product, they are taken in turn.
    """
    open_lines = list(facts.lines)
    pairs = []
    for number, given in enumerate(form["lines"]):
        line = next((each for each in open_lines if each.product_id == given["product_id"]), None)
        problems.unless(line is not None, f"lines.{number}.product_id", "Is not a line of this order, or is there once too often.")
        if line is not None:
            open_lines.remove(line)
            pairs.append((f"lines.{number}", given, line))
    for line in open_lines:
        problems.unless(False, "lines", f"Lacks {line.sku}, {line.title} ({line.product_id}).")
    return pairs
