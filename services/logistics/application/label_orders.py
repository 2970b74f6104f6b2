"""Orders that a waybill is issued for, found for their labels: one by its id, many by their trade order numbers."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy import Row, Select, and_, select

from services.logistics.application import shipments
from services.logistics.application.channel_list import CHANNELS
from services.logistics.application.label import MOST_PACKAGES, Consignment, Label, labels
from services.logistics.domain.logistics_order import OVER
from services.logistics.domain.refusal import Refusal
from services.logistics.models import logistics_orders as booked, shipments as table
from shared.kit.errors import Conflict, NotFound
from shared.platform.calls import Call
from shared.platform.database import Transaction

_COLUMNS = ("carrier", "channel", "waybill_number", "packages", "special_goods", "sender", "if_undeliverable", "created_at")
_VALID = and_(booked.c.order_id == table.c.order_id, booked.c.waybill_number.is_not(None), booked.c.state.not_in(OVER))
_BOOKINGS: Select[Any] = select(table.c.order_number, table.c.supplier_id, table.c.facts, *(booked.c[name] for name in _COLUMNS)).outerjoin(booked, _VALID)

_NO_ORDER = Refusal("order_not_found", "You have no order of this number.")
_NO_WAYBILL = Refusal("label_not_found", "There is no label before the waybill is issued: book the order's channel online first.")


def get_labels(tx: Transaction, call: Call) -> list[Label]:
    """The order's labels. NotFound `label_not_found` before its waybill is issued, and for everybody but its supplier and operators."""
    actor = call.require_actor()
    row = tx.execute(_BOOKINGS.where(table.c.order_id == call.data["id"])).one_or_none()
    if row is None or not (actor.is_operator or actor.id == row.supplier_id) or (refusal := _refusal(row)) is _NO_WAYBILL:
        raise NotFound(_NO_WAYBILL.reason, _NO_WAYBILL.message)
    if refusal:
        raise Conflict(refusal.reason, refusal.message)
    return labels(consignment(row))


def of_numbers(tx: Transaction, supplier_id: str, numbers: Collection[str]) -> dict[str, Row[Any] | Refusal]:
    """The supplier's orders by their numbers, or why they have no labels."""
    found = {row.order_number: row for row in tx.execute(_BOOKINGS.where(table.c.order_number.in_(numbers), table.c.supplier_id == supplier_id))}
    return {number: (_refusal(found[number]) or found[number]) if number in found else _NO_ORDER for number in numbers}


def package_count(row: Row[Any]) -> int:
    """How many labels it has."""
    return sum(each["count"] for each in row.packages)


def consignment(row: Row[Any]) -> Consignment:
    """What its labels tell of; it takes no database, but a while."""
    channel = CHANNELS[row.channel].name
    order = shipments.facts(row)
    return Consignment(order, row.carrier, channel, row.waybill_number, row.packages, row.special_goods, row.sender, row.if_undeliverable, row.created_at)


def _refusal(row: Row[Any]) -> Refusal | None:
    if row.waybill_number is None:
        return _NO_WAYBILL
    if (count := package_count(row)) > MOST_PACKAGES:
        return Refusal("too_many_packages", f"The order has {count:,} packages; labels are printed for up to {MOST_PACKAGES} of an order.")
    return None
