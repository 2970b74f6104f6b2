"""An order's reservation: whether it can be had, and which states it walks through.

(none) ── placed ──► reserved ── shipped ──► committed
   │                    └─────── over ─────► released
   ├───── placed ──► refused
   └───── over ────► released      the order ended before its goods were reserved: nothing will be
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from shared.kit.errors import Conflict

RESERVED, COMMITTED, RELEASED, REFUSED = STATES = ("reserved", "committed", "released", "refused")


@dataclass(frozen=True, slots=True)
class Shelf:
    """A product's stock as it stands, in its unit."""

    for_sale: bool
    available: int


@dataclass(frozen=True, slots=True)
class Shortage:
    """A product that cannot be had as wanted; of a withdrawn or unknown one nothing is available."""

    product_id: str
    wanted: int
    available: int


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why nothing is reserved: `product_withdrawn` where any product is not for sale (any more), else `out_of_stock`."""

    reason: str
    lines: tuple[Shortage, ...]


def quantities(lines: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    """How many of each product an order's lines (`product_id`, `quantity`) want together, by product id in order."""
    wanted: dict[str, int] = {}
    for line in lines:
        wanted[line["product_id"]] = wanted.get(line["product_id"], 0) + line["quantity"]
    return dict(sorted(wanted.items()))


def refusal(wanted: Mapping[str, int], shelves: Mapping[str, Shelf]) -> Refusal | None:
    """Why these quantities cannot be had, all of them, from these shelves; None where they can."""
    for_sale = {product_id: shelves[product_id].available for product_id in wanted if product_id in shelves and shelves[product_id].for_sale}
    lines = tuple(Shortage(each, quantity, for_sale.get(each, 0)) for each, quantity in wanted.items() if quantity > for_sale.get(each, 0))
    if not lines:
        return None
    return Refusal("out_of_stock" if for_sale.keys() == wanted.keys() else "product_withdrawn", lines)


def after_shipping(state: str | None) -> str:
    """The reservation's state once the order's goods have left; Conflict `nothing_reserved` where none of them were set aside."""
    if state in (RESERVED, COMMITTED):
        return COMMITTED
    raise Conflict("nothing_reserved", f"The goods were shipped, but their reservation is {state or 'not there'}.")


def after_the_end(state: str | None) -> str:
    """The reservation's state once the order is rejected or cancelled. What has left the shelf is not there to be given back."""
    return RELEASED if state is None or state == RESERVED else state
