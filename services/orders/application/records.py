"""Enquiries and orders read from their rows, for those who may see them, as the domain wants to know them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Table, select

from services.orders.domain.enquiry import Negotiation
from services.orders.domain.lifecycle import Situation
from services.orders.domain.terms import Terms
from services.orders.models import deadlines, enquiries, enquiry_offers, order_history, orders
from shared.kit.actor import Actor
from shared.kit.errors import NotFound, PreconditionFailed
from shared.kit.money import Money
from shared.platform.database import Transaction


@dataclass(frozen=True, slots=True)
class Author:
    """Who makes something happen: an account, `clock` or a service, in the role that the table gives them."""

    id: str
    role: str


CLOCK = Author("clock", "clock")


def party(row: Row[Any], role: str) -> dict[str, str]:
    """The buyer or supplier of a row, as a `Party`."""
    return {"id": getattr(row, f"{role}_id"), "name": getattr(row, f"{role}_name")}


def author(actor: Actor, row: Row[Any]) -> Author:
    """A party by its id, otherwise the operator."""
    return Author(actor.id, {row.buyer_id: "buyer", row.supplier_id: "supplier"}.get(actor.id, "operator"))


@dataclass(frozen=True, slots=True)
class Order:
    """An order's row with its running deadlines (kind → due)."""

    row: Row[Any]
    deadlines: Mapping[str, datetime]

    @property
    def situation(self) -> Situation:
        row = self.row
        return Situation(
            terms=Terms(**row.terms),
            state=row.state,
            awaiting=tuple(row.awaiting),
            buyer_id=row.buyer_id,
            supplier_id=row.supplier_id,
            abort_proposed_by=row.abort_proposed_by,
            paid=row.paid is not None,
            refund_open=row.refund is not None and row.refund_received_at is None,
            deadlines=self.deadlines,
        )

    @property
    def total(self) -> Money:
        return Money(self.row.total, self.row.currency)

    @property
    def refund(self) -> Money | None:
        """What the buyer has paid and was to get back."""
        return None if self.row.refund is None else Money(self.row.refund, self.row.currency)


@dataclass(frozen=True, slots=True)
class Enquiry:
    """An enquiry's row with its latest offer."""

    row: Row[Any]
    offer: Row[Any] | None

    @property
    def negotiation(self) -> Negotiation:
        return Negotiation(
            state=self.row.state,
            buyer_id=self.row.buyer_id,
            supplier_id=self.row.supplier_id,
            complete=self.row.order_lines is not None,
            offered_by=self.offer.made_by_id if self.offer else None,
            valid_until=self.offer.valid_until if self.offer else None,
        )


def find_order(tx: Transaction, order_id: str, actor: Actor | None = None, lock: bool = False) -> Order:
    """The order, locked until the end of the transaction where asked; NotFound where there is none that the actor (if any) may see."""
    row = _find(tx, orders, order_id, actor, lock)
    running = tx.execute(select(deadlines).where(deadlines.c.aggregate == "order", deadlines.c.aggregate_id == order_id))
    return Order(row, {each.kind: each.due_at for each in running})


def find_enquiry(tx: Transaction, enquiry_id: str, actor: Actor | None = None, lock: bool = False) -> Enquiry:
    """As `find_order`."""
    row = _find(tx, enquiries, enquiry_id, actor, lock)
    latest = select(enquiry_offers).where(enquiry_offers.c.enquiry_id == enquiry_id).order_by(enquiry_offers.c.ordinal.desc()).limit(1)
    return Enquiry(row, tx.execute(latest).one_or_none())


def check_version(row: Row[Any], data: Mapping[str, Any]) -> None:
    """PreconditionFailed where the caller's `if_match` is not the row's version."""
    if data.get("if_match", row.version) != row.version:
        raise PreconditionFailed("version_changed", f"It is at version {row.version} by now; read it again.", version=row.version)


def _find(tx: Transaction, table: Table, key: str, actor: Actor | None, lock: bool) -> Row[Any]:
    wanted = select(table).where(table.c.id == key)
    row = tx.execute(wanted.with_for_update() if lock else wanted).one_or_none()
    if row is None or not (actor is None or actor.is_operator or actor.id in (row.buyer_id, row.supplier_id)):
        raise NotFound("not_found", f"There is no such {'order' if table is orders else 'enquiry'}.")
    return row


def history_of(tx: Transaction, table: Table, key: str) -> list[Row[Any]]:
    """All entries of an order's or enquiry's history, oldest first."""
    aggregate = table.c.order_id if table is order_history else table.c.enquiry_id
    return list(tx.execute(select(table).where(aggregate == key).order_by(table.c.version)))
