"""What holds for every product: its masses agree, and its stock covers what is reserved."""

from __future__ import annotations

from decimal import Decimal

from shared.kit.errors import Conflict, Invalid

ACTIVE, WITHDRAWN = STATES = ("active", "withdrawn")


def check_masses(net_kg: Decimal, gross_kg: Decimal) -> None:
    """Goods weigh no less for being packed; Invalid `masses_disagree`."""
    if gross_kg < net_kg:
        raise Invalid("masses_disagree", "The gross mass is below the net mass.", {"gross_mass_kg": [f"Must be at least the net mass, {net_kg} kg."]})


def check_count(on_hand: int, reserved: int) -> None:
    """Reserved goods stand on the shelf until they are shipped, so a count finds at least them; Conflict `stock_reserved`."""
    if on_hand < reserved:
        message = f"{reserved} are reserved for orders, so at least {reserved} must be on hand."
        raise Conflict("stock_reserved", message, {"on_hand": [message]}, reserved=reserved)
