"""What is told to the parties of trades: all their events, own and others', in one order that only grows at its end as readers see it.

Positions are given out as rows are written, and rows appear as transactions commit, in another order. `news` says up to where nothing can
appear any more; nobody is to read further. A party's position therefore never skips an event that commits late.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Integer, Select, String, bindparam, func, literal, literal_column, select, text, union_all

from services.orders.application.records import Row
from services.orders.models import feed
from shared.contracts.trade_events import MOST, SEE_ALL, TOLD
from shared.kit.errors import Invalid
from shared.platform.calls import Call
from shared.platform.columns import Id, Json
from shared.platform.database import Transaction
from shared.platform.records import outbox
from shared.platform.wire import Event, timestamp

HEARD = tuple(each.type for each in TOLD.values() if each.source != "orders")
"""What other services tell about orders, and the parties are told in turn."""
MOST_NEWS = 1000

# Written once the transaction has changed something else: it must have its number before the row gets a position (see `news`).
_HEAR = text(
    "INSERT INTO feed (id, type, buyer_id, supplier_id, event)"
    " SELECT :key, :kind, CASE WHEN :for_buyer THEN buyer_id END, CASE WHEN :for_supplier THEN supplier_id END, :said FROM orders WHERE id = :about"
).bindparams(bindparam("key", type_=Id()), bindparam("about", type_=Id()), bindparam("said", type_=Json))

_NEWEST = select(func.coalesce(func.max(feed.c.position), 0))
_NUMBER = {"postgresql": select(literal_column("pg_current_xact_id()::text::bigint")), "sqlite": select(literal(0))}
"""A transaction's number, behind all that were given before."""
_OLDEST = {"postgresql": select(literal_column("pg_snapshot_xmin(pg_current_snapshot())::text::bigint")), "sqlite": select(literal(1))}
"""The number of the first transaction that is at work, or of the next where none is. SQLite has one writer at a time, and nothing to doubt."""

_BEHIND = feed.c.position > bindparam("after", type_=BigInteger), feed.c.position <= bindparam("until", type_=BigInteger)
_WHOSE = select(feed.c.buyer_id, feed.c.supplier_id).where(*_BEHIND).limit(MOST_NEWS)


def tell(tx: Transaction, row: Row, type: str, data: Mapping[str, Any]) -> None:
    """Publish an event about an order or enquiry, and tell its parties."""
    event_id = tx.emit(type, row.id, data, row.version)
    tx.add(feed, {"id": event_id, "type": type, "buyer_id": row.buyer_id, "supplier_id": row.supplier_id})


def hear(tx: Transaction, event: Event) -> None:
    """Tell an order's parties what another service did about it, as far as it is not for one of them alone."""
    audience = TOLD[event.type].audience
    said = {"source": event.source, "subject": event.subject, "time": event.time.isoformat(), "data": event.raw}
    values = {"key": event.id, "kind": event.type, "about": event.subject, "said": said}
    tx.later(_HEAR, values | {"for_buyer": "buyer" in audience, "for_supplier": "supplier" in audience})


def news(tx: Transaction, call: Call) -> dict[str, Any]:
    """`News`. The newest row tells nothing of those before it whose transaction is still at work. Each of these had its number before its position, so
    once all are over that had a number when the newest row was seen, all up to there has come, or never will. Each statement sees its own moment."""
    since, doubt, dialect = call.data["since"], call.data["doubt"], tx.connection.dialect.name
    newest = tx.execute(_NEWEST, {}).scalar_one()
    if newest == since:
        return {"position": since, "accounts": [], "doubt": None}
    doubt = doubt or {"position": newest, "transaction": tx.execute(_NUMBER[dialect], {}).scalar_one()}
    if tx.execute(_OLDEST[dialect], {}).scalar_one() <= doubt["transaction"]:
        return {"position": since, "accounts": [], "doubt": doubt}
    return {"position": doubt["position"], "accounts": _whose(tx, since, doubt["position"]), "doubt": None}


def _whose(tx: Transaction, since: int | None, position: int) -> list[str] | None:
    if since is None:
        return []
    rows = tx.execute(_WHOSE, {"after": since, "until": position}).all()
    return None if len(rows) == MOST_NEWS else sorted({party for row in rows for party in row if party})


def list_events(tx: Transaction, call: Call) -> dict[str, Any]:
    """`TradeEvents` of the caller."""
    actor, data = call.require_actor(), call.data
    if data["after"] > data["until"] and data["after"] > tx.execute(_NEWEST, {}).scalar_one():
        what_to_do = "No event has this position. Read your trades afresh, and then their events without a position."
        raise Invalid("position_unknown", what_to_do, {"Last-Event-ID": ["Is none that was given."]})
    wanted: dict[str, Any] = {"after": data["after"], "until": data["until"], "most": MOST + 1, "mine": actor.id}
    if "types" in data:
        wanted["types"] = data["types"].split(",")
    rows = tx.execute(_statement(bool(actor.roles & SEE_ALL), "types" in data), wanted).all()
    items = [_event(row) for row in rows[:MOST]]
    return {"items": items, "position": items[-1]["position"] if len(rows) > MOST else max(data["after"], data["until"])}


@cache
def _statement(everything: bool, of_types: bool) -> Select[Any]:
    """One limited branch a role, each along its own index. Of our own events the outbox has the rest."""
    asked: list[ColumnElement[bool]] = [*_BEHIND]
    if of_types:
        asked.append(feed.c.type.in_(bindparam("types", type_=String, expanding=True)))
    mine = [[]] if everything else [[column == bindparam("mine", type_=Id())] for column in (feed.c.buyer_id, feed.c.supplier_id)]
    most = bindparam("most", type_=Integer)
    shown = feed.c.position, feed.c.id, feed.c.type, feed.c.event
    found = union_all(*(select(select(*shown).where(*own, *asked).order_by(feed.c.position).limit(most).subquery()) for own in mine)).subquery()
    whole = select(found, outbox.c.subject, outbox.c.time, outbox.c.data).outerjoin_from(found, outbox, outbox.c.id == found.c.id)
    return whole.order_by(found.c.position).limit(most)


def _event(row: Any) -> dict[str, Any]:
    own = {"source": "orders", "subject": row.subject, "time": row.time, "data": row.data}
    said = own if row.event is None else row.event | {"time": timestamp(row.event["time"])}
    return {**said, "source": f"/{said['source']}", "position": row.position, "id": row.id, "type": row.type}
