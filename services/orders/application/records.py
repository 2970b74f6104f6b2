"""Enquiries and orders read from their rows, for those who may see them, as the domain wants to know them."""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import cache, cached_property
from typing import Any

from sqlalchemy import Select, Table, and_, bindparam, select

from services.orders.domain.enquiry import Negotiation
from services.orders.domain.lifecycle import Situation
from services.orders.domain.terms import Terms
from services.orders.models import deadlines, enquiries, enquiry_history, enquiry_offers, order_history, orders
from shared.kit.actor import Actor
from shared.kit.errors import NotFound, PreconditionFailed
from shared.kit.money import Money
from shared.platform.database import Transaction
from shared.platform.statements import planned_each_time


@dataclass(frozen=True, slots=True)
class Author:
    """Who makes something happen: an account, `clock` or a service, in the role that the table gives them."""

    id: str
    role: str


CLOCK = Author("clock", "clock")


Row = Any
"""A row of a table, by column."""


@cache
def row_of(table: Table) -> Any:
    """Makes rows of values, None where there is none: what was just written need not be read back."""
    return namedtuple(table.name, table.c.keys(), defaults=[None] * len(table.c))  # noqa: PYI024  (its fields are the table's)


def party(row: Row, role: str) -> dict[str, str]:
    """The buyer or supplier of a row, as a `Party`."""
    return {"id": getattr(row, f"{role}_id"), "name": getattr(row, f"{role}_name")}


def author(actor: Actor, row: Row) -> Author:
    """A party by its id, otherwise the operator."""
    return Author(actor.id, {row.buyer_id: "buyer", row.supplier_id: "supplier"}.get(actor.id, "operator"))


@dataclass(frozen=True)
class Order:
    """An order's row with its running deadlines (kind → due) and its history, oldest first; None where that was not asked for.

    `locked`: until the end of the transaction.
    """

    row: Row
    deadlines: Mapping[str, datetime]
    history: Sequence[Mapping[str, Any]] | None = None
    locked: bool = False

    @cached_property
    def situation(self) -> Situation:
        row = self.row
        return Situation(
            terms=Terms(**row.terms),
            state=row.state,
            awaiting=tuple(row.awaiting),
            buyer_id=row.buyer_id,
            supplier_id=row.supplier_id,
            abort_proposed_by=row.abort_proposed_by,
            channel_proposed_by=row.channel_proposed_by,
            paid=row.paid is not None,
            refund_open=row.refund is not None and row.refund_received_at is None,
            deadlines=self.deadlines,
        )

    @property
    def total(self) -> Money:
        return Money(self.row.total, self.row.currency)

    @property
    def exchange(self) -> dict[str, Any] | None:
        """The `AgreedExchange`, where it is paid in another currency."""
        agreed = self.row.exchange
        return agreed and {**agreed, "rate": Decimal(agreed["rate"]), "total": Money.of(**agreed["total"])}

    @property
    def payable(self) -> Money:
        """What the buyer pays."""
        return self.exchange["total"] if self.exchange else self.total

    @property
    def refund(self) -> Money | None:
        """What the buyer has paid and was to get back."""
        return None if self.row.refund is None else Money(self.row.refund, self.payable.currency)


@dataclass(frozen=True, slots=True)
class Enquiry:
    """An enquiry's row with its latest offer."""

    row: Row
    offer: Row | None

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


_KEY: Any = bindparam("key")
_RUNNING = and_(deadlines.c.aggregate == "order", deadlines.c.aggregate_id == orders.c.id)
_ORDERS = select(orders, deadlines.c.kind, deadlines.c.due_at).outerjoin_from(orders, deadlines, _RUNNING)
_ORDER = _ORDERS.where(orders.c.id == _KEY)
_SEVERAL = orders.c.id.in_(bindparam("keys", expanding=True))
_ALL = planned_each_time(_ORDERS.where(_SEVERAL))
_LOCK_ALL = planned_each_time(select(orders.c.id).where(_SEVERAL).order_by(orders.c.id).with_for_update())
_BEGUN = and_(order_history.c.version == 1, orders.c.id == order_history.c.order_id)
_WITH_HISTORY = (
    select(orders, deadlines.c.kind, deadlines.c.due_at, order_history)
    .select_from(order_history)
    .outerjoin(orders, _BEGUN)  # once, beside the entry of its placing: it is large
    .outerjoin(deadlines, _RUNNING)
    .where(order_history.c.order_id == _KEY)
    .order_by(order_history.c.version)
)
_ENQUIRY = select(enquiries).where(enquiries.c.id == _KEY)
_LATEST_OFFER = select(enquiry_offers).where(enquiry_offers.c.enquiry_id == _KEY).order_by(enquiry_offers.c.ordinal.desc()).limit(1)
_LOCK = {table: select(table.c.id).where(table.c.id == _KEY).with_for_update() for table in (orders, enquiries)}
_HISTORY = select(enquiry_history).where(enquiry_history.c.enquiry_id == _KEY).order_by(enquiry_history.c.version)


def lock_orders(tx: Transaction, ids: Iterable[str]) -> None:
    """Lock these orders, in the order of their ids, and read them in one go for whoever finds them next, each once, in this transaction."""
    keys = sorted(ids)
    tx.later(_LOCK_ALL, {"keys": keys})
    for row in tx.execute(_ALL, {"keys": keys}):
        tx.ahead.setdefault(row.id, []).append(row)


def find_order(tx: Transaction, order_id: str, actor: Actor | None = None, *, lock: bool = False, history: bool = False) -> Order:
    """The order, locked until the end of the transaction where asked, with its history where asked.

    NotFound where there is none that the actor (if any) may see.
    """
    found = _find(tx, orders, _WITH_HISTORY if history else _ORDER, order_id, actor, lock)
    end = len(orders.c)
    running = {each[end]: each[end + 1] for each in found if each[end]}
    return Order(row_of(orders)(*found[0][:end]), running, _entries(each[end + 2 :] for each in found) if history else None, lock)


def find_enquiry(tx: Transaction, enquiry_id: str, actor: Actor | None = None, *, lock: bool = False) -> Enquiry:
    """As `find_order`."""
    row = _find(tx, enquiries, _ENQUIRY, enquiry_id, actor, lock)[0]
    return Enquiry(row_of(enquiries)(*row), tx.execute(_LATEST_OFFER, {"key": enquiry_id}).one_or_none())


def check_version(row: Row, data: Mapping[str, Any]) -> None:
    """PreconditionFailed where the caller's `if_match` is not the row's version."""
    if data.get("if_match", row.version) != row.version:
        raise PreconditionFailed("version_changed", f"It is at version {row.version} by now; read it again.", version=row.version)


def _find(tx: Transaction, table: Table, wanted: Select[Any], key: str, actor: Actor | None, lock: bool) -> Sequence[Row]:
    found = tx.ahead.pop(key, None) if wanted is _ORDER else None
    if found is None:
        if lock:
            # A statement of its own: the one that waited for the lock would still see deadlines as they were before.
            tx.later(_LOCK[table], {"key": key})
        found = tx.execute(wanted, {"key": key}).all()
    if not found or not (actor is None or actor.is_operator or actor.id in (found[0].buyer_id, found[0].supplier_id)):
        raise NotFound("not_found", f"There is no such {'order' if table is orders else 'enquiry'}.")
    return found


def _entries(rows: Iterable[Sequence[Any]]) -> list[dict[str, Any]]:
    """An order's history. The entry of its placing comes with each of its deadlines."""
    columns = order_history.c.keys()
    place = columns.index("version")
    return list({row[place]: dict(zip(columns, row, strict=True)) for row in rows}.values())


def history_of(tx: Transaction, enquiry_id: str) -> list[dict[str, Any]]:
    """All entries of an enquiry's history, oldest first."""
    return [dict(each) for each in tx.execute(_HISTORY, {"key": enquiry_id}).mappings()]
