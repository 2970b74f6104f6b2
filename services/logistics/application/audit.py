"""Logistics' audit, for `reconcile`: what there is, counted, and what must not be. It reads everything and changes nothing."""

from __future__ import annotations

from sqlalchemy import Column, Select, and_, func, or_, select

from services.logistics.application.papers import PAPERS
from services.logistics.domain.tracking import ARRIVED as ARRIVED_STATUSES
from services.logistics.models import ARRIVED, DELIVERED, DISPATCHED, EXPORT, documents, filings, shipments, tracking_events
from shared.platform.audit import Sum, faults
from shared.platform.database import Transaction

_mine = filings.c.order_id == shipments.c.order_id
_declared = select(filings).where(_mine, filings.c.kind == EXPORT).exists()
_papers = select(func.count()).where(documents.c.order_id == shipments.c.order_id, documents.c.name.in_(PAPERS)).scalar_subquery()
_tracked = select(tracking_events).where(tracking_events.c.order_id == shipments.c.order_id, tracking_events.c.status.in_(ARRIVED_STATUSES)).exists()

_under_way = shipments.c.state.in_((DISPATCHED, ARRIVED, DELIVERED))

# By what must hold: the shipments for which it does not.
_BROKEN = {
    "under way only with waybill and notice": and_(_under_way, or_(shipments.c.waybill_number.is_(None), shipments.c.notice.is_(None))),
    "in transit only when dispatched": and_(shipments.c.in_transit, shipments.c.state != DISPATCHED),
    "export declarations have their papers": and_(_declared, _papers != len(PAPERS)),
    "papers have their export declaration": and_(~_declared, _papers > 0),
    "arrivals told were tracked": and_(shipments.c.arrival_told_at.is_not(None), ~_tracked),
}


def sums(tx: Transaction) -> list[Sum]:
    """What there is, then each check: how many shipments break it, and which."""
    lines = [
        Sum("shipments", "by state", _counts(tx, shipments.c.state)),
        Sum("filings", "by kind", _counts(tx, filings.c.kind)),
        Sum("documents", "by name", _counts(tx, documents.c.name)),
    ]
    everything = tx.execute(select(func.count()).select_from(shipments)).scalar_one()
    for check, broken in _BROKEN.items():
        found: Select[tuple[str]] = select(shipments.c.order_id).where(broken).order_by(shipments.c.order_id)
        lines += faults(check, "all shipments", everything, [(order_id, {}, 1) for order_id in tx.execute(found).scalars()])
    return lines


def order_states(tx: Transaction) -> dict[str, str]:
    """The state of each order's shipment by order id."""
    return {row.order_id: row.state for row in tx.execute(select(shipments.c.order_id, shipments.c.state))}


def _counts(tx: Transaction, column: Column[str]) -> dict[str, int]:
    rows = tx.execute(select(column.label("name"), func.count().label("number")).group_by(column).order_by(column))
    return {row.name: row.number for row in rows}
