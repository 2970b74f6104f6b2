"""Logistics orders as rows: found under the lock of their order's shipment, moved along their table, and shown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Row, select, update

from services.logistics.application import shipments
from services.logistics.domain import logistics_order as life
from services.logistics.domain.channels import Packages
from services.logistics.domain.logistics_order import Standing
from services.logistics.models import PLANNED, logistics_orders as table
from shared.kit.actor import Actor
from shared.kit.errors import NotFound, PreconditionFailed
from shared.kit.money import Money
from shared.platform.calls import Call
from shared.platform.database import Transaction

CHARGED = "payments.freight_charged.v1"

_LIVE = table.c.state.not_in(life.OVER)


@dataclass(frozen=True, slots=True)
class Booked:
    """A logistics order's row, with that of its order's shipment; whoever else wants to change either waits."""

    row: Row[Any]
    shipment: Row[Any]

    @property
    def standing(self) -> Standing:
        row = self.row
        return Standing(
            state=row.state,
            supplier_id=row.supplier_id,
            way=row.collection["way"],
            if_undeliverable=row.if_undeliverable,
            shipped=self.shipment.state != PLANNED,
            weighed=row.weighed_kg is not None,
            owing=row.due > 0,
        )

    def money(self, minor: int) -> Money:
        return Money(minor, self.row.currency)


def live_of(tx: Transaction, shipment: Row[Any]) -> Booked | None:
    """The one that the order has, if any; the shipment is locked."""
    row = tx.execute(select(table).where(table.c.order_id == shipment.order_id, _LIVE)).one_or_none()
    return Booked(row, shipment) if row else None


def latest_of(tx: Transaction, order_id: str) -> Booked:
    """The latest that was made for the order; NotFound without one."""
    ids = tx.execute(select(table.c.id).where(table.c.order_id == order_id).order_by(table.c.created_at.desc(), table.c.id.desc()).limit(1))
    return find(tx, table.c.id == ids.scalar_one_or_none())


def find(tx: Transaction, which: ColumnElement[bool], *, lock: bool = False) -> Booked:
    """The one; NotFound `logistics_order_not_found` without it."""
    order_id = tx.execute(select(table.c.order_id).where(which)).scalar_one_or_none()
    if order_id is None:
        raise not_found()
    shipment = shipments.find(tx, order_id, lock=lock)
    return Booked(tx.execute(select(table).where(which)).one(), shipment)


def check_version(booked: Booked, call: Call) -> None:
    """PreconditionFailed where the caller's `if_match` is another version."""
    version = booked.row.version
    if call.data.get("if_match", version) != version:
        raise PreconditionFailed("version_changed", f"It is at version {version} by now; read it again.", version=version)


def not_found() -> NotFound:
    """The answer to whoever may not see a logistics order, and where there is none."""
    return NotFound("logistics_order_not_found", "There is no such logistics order.")


def move(tx: Transaction, booked: Booked, along: life.Row, told: Mapping[str, Any] | None = None, **changes: Any) -> Booked:
    """Follow the table's row, with these changes of columns; `told` is what its event says besides the order's id."""
    values = {"state": along.target, "version": booked.row.version + 1, "updated_at": tx.now, **changes}
    row = tx.execute(update(table).where(table.c.id == booked.row.id).values(values).returning(table)).one()
    if along.event:
        tx.emit(along.event, row.order_id, {"order_id": row.order_id, **(told or {})})
    return Booked(row, booked.shipment)


def parts(packages: list[dict[str, Any]]) -> list[Packages]:
    """Packages as the contracts have them, the way the rules want them."""
    return [Packages(each["count"], (each["length_cm"], each["width_cm"], each["height_cm"]), each["weight_kg"]) for each in packages]


def shown(booked: Booked, actor: Actor) -> dict[str, Any]:
    """A `LogisticsOrder` as this actor sees it."""
    row = booked.row
    allowed = life.allowed_actions(booked.standing, actor)
    return {
        **row._asdict(),
        "label": life.STATES[row.state],
        "awaiting": [CHARGED] if row.due and not row.reason else [],
        "collection": {**row.collection, "address": row.sender},
        **{name: booked.money(getattr(row, name)) for name in ("freight", "return_fee", "paid")},
        "actions": [{"name": each.action, "label": each.label, "form": each.form, "step": "shipping"} for each in allowed],
    }
