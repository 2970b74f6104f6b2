"""The stock's audit, for `reconcile`: what is set aside is what the reservations say. It reads everything and changes nothing."""

from __future__ import annotations

from sqlalchemy import func, select

from services.catalog.domain.reservation import RESERVED
from services.catalog.models import products, reservation_lines, reservations
from shared.platform.audit import Sum, faults
from shared.platform.database import Transaction


def sums(tx: Transaction) -> list[Sum]:
    """All checks in turn."""
    return [*_reserved(tx), *_states(tx)]


def reservation_states(tx: Transaction) -> dict[str, str]:
    """Each order's reservation by order id."""
    return {row.order_id: row.state for row in tx.execute(select(reservations.c.order_id, reservations.c.state))}


def _reserved(tx: Transaction) -> list[Sum]:
    reserved = select(reservation_lines.c.product_id, func.sum(reservation_lines.c.quantity).label("quantity")).join(reservations)
    held = reserved.where(reservations.c.state == RESERVED).group_by(reservation_lines.c.product_id).subquery()
    quantity = func.coalesce(held.c.quantity, 0)
    compared = select(products.c.id, products.c.reserved, quantity.label("held")).outerjoin(held, held.c.product_id == products.c.id)
    differing = tx.execute(compared.where(products.c.reserved != quantity))
    found = [(row.id, {"reserved": row.reserved, "by reservations": int(row.held)}, row.reserved - int(row.held)) for row in differing]
    return faults("reserved = reservations", "all products", tx.execute(select(func.count()).select_from(products)).scalar_one(), found)


def _states(tx: Transaction) -> list[Sum]:
    counts = tx.execute(select(reservations.c.state, func.count().label("orders")).group_by(reservations.c.state).order_by(reservations.c.state))
    return [Sum("reservations", row.state, {"orders": row.orders}) for row in counts]
