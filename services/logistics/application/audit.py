"""Logistics' audit, for `reconcile`: what there is, counted, and what must not be. It reads everything and changes nothing."""

from __future__ import annotations

from sqlalchemy import Column, Select, Table, and_, case, func, or_, select

from services.logistics.application.papers import PAPERS
from services.logistics.domain.logistics_order import OVER
from services.logistics.domain.tracking import ARRIVED as ARRIVED_STATUSES
from services.logistics.models import (
    ARRIVED,
    DELIVERED,
    DISPATCHED,
    EXPORT,
    documents,
    filings,
    logistics_orders,
    shipments,
    tracking_events,
    waybill_serials,
)
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

_booked = logistics_orders.c
_asked = _booked.freight + _booked.return_fee
_shipped_as = select(shipments.c.waybill_key).where(shipments.c.order_id == _booked.order_id, _under_way).scalar_subquery()
_others = logistics_orders.alias()
_another = select(_others).where(_others.c.order_id == _booked.order_id, _others.c.id != _booked.id, _others.c.state.not_in(OVER)).exists()

# The same for logistics orders.
_BOOKED_BROKEN = {
    "freight paid is what was asked for": case(
        (_booked.state.in_(OVER), _booked.paid != 0),
        (_booked.state == "awaiting_freight", or_(_booked.paid != 0, _booked.due != _asked)),
        else_=_booked.paid + _booked.due != _asked,
    ),
    "freight is owed only where it is waited for": and_(_booked.due > 0, _booked.state.not_in(("awaiting_freight", "on_hold"))),
    "an order has one live logistics order": and_(_booked.state.not_in(OVER), _another),
    "online shipments go by the waybill issued": and_(_booked.state.not_in(OVER), _shipped_as != _booked.waybill_key),
    "parcels handed over are weighed": and_(_booked.handed_over_at.is_not(None), _booked.weighed_kg.is_(None)),
}


def sums(tx: Transaction) -> list[Sum]:
    """What there is, then each check: how many shipments break it, and which."""
    lines = [
        Sum("shipments", "by state", _counts(tx, shipments.c.state)),
        Sum("filings", "by kind", _counts(tx, filings.c.kind)),
        Sum("documents", "by name", _counts(tx, documents.c.name)),
        Sum("logistics orders", "by state", _counts(tx, logistics_orders.c.state)),
    ]
    for table, every, rules in ((shipments, "all shipments", _BROKEN), (logistics_orders, "all logistics orders", _BOOKED_BROKEN)):
        everything = _count(tx, table)
        for check, broken in rules.items():
            found: Select[tuple[str]] = select(table.c.order_id).where(broken).order_by(table.c.order_id)
            lines += faults(check, every, everything, [(order_id, {}, 1) for order_id in tx.execute(found).scalars()])
    return lines + _waybills(tx)


def order_states(tx: Transaction) -> dict[str, str]:
    """The state of each order's shipment by order id."""
    return {row.order_id: row.state for row in tx.execute(select(shipments.c.order_id, shipments.c.state))}


def freight_paid(tx: Transaction) -> dict[tuple[str, str], int]:
    """What is paid for each order's logistics orders, by order id and currency, in minor units; orders that it is nothing for are left out."""
    paid = select(_booked.order_id, _booked.currency, func.sum(_booked.paid).label("paid")).where(_booked.paid > 0)
    return {(row.order_id, row.currency): int(row.paid) for row in tx.execute(paid.group_by(_booked.order_id, _booked.currency))}


def _waybills(tx: Transaction) -> list[Sum]:
    """Of each channel's number range as many numbers are used as waybills were issued: none is lost, none used twice."""
    issued = select(_booked.channel, func.count().label("number")).where(_booked.waybill_number.is_not(None)).group_by(_booked.channel).subquery()
    number = func.coalesce(issued.c.number, 0)
    ranges = select(waybill_serials.c.channel, waybill_serials.c.last, number.label("issued"))
    differing = tx.execute(ranges.outerjoin(issued, issued.c.channel == waybill_serials.c.channel).where(waybill_serials.c.last != number))
    found = [(row.channel, {"numbers used": row.last, "waybills issued": row.issued}, row.last - row.issued) for row in differing]
    return faults("waybills issued = numbers used", "all channels", _count(tx, waybill_serials), found)


def _count(tx: Transaction, table: Table) -> int:
    return tx.execute(select(func.count()).select_from(table)).scalar_one()  # type: ignore[no-any-return]


def _counts(tx: Transaction, column: Column[str]) -> dict[str, int]:
    rows = tx.execute(select(column.label("name"), func.count().label("number")).group_by(column).order_by(column))
    return {row.name: row.number for row in rows}
