"""The tables of orders. Only `application.moves` writes `state`, `awaiting` and `version`; the two histories can only grow, by triggers."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import BigInteger, CheckConstraint, Column, ForeignKey, Index, Integer, MetaData, PrimaryKeyConstraint, String, Table, Text, UniqueConstraint

from services.orders.domain import enquiry, lifecycle
from shared.platform.columns import Id, Json, Serial, UtcDateTime

metadata = MetaData()


def _state_check(name: str, states: Iterable[str]) -> CheckConstraint:
    """A CHECK that the state is one of the domain's."""
    return CheckConstraint(f"state IN {tuple(states)}", name=name)


def _parties() -> list[Column[str]]:
    return [
        Column("buyer_id", Id(), nullable=False),
        Column("buyer_name", String(120), nullable=False),
        Column("supplier_id", Id(), nullable=False),
        Column("supplier_name", String(120), nullable=False),
    ]


def _list_indexes(table: Table) -> None:
    """For keyset pages, newest first: everybody's (operators), a buyer's and a supplier's, each also by state."""
    for party in ((), ("buyer_id",), ("supplier_id",)):
        for state in ((), ("state",)):
            columns = (*party, *state, "created_at", "id")
            Index("_".join((table.name, *(name.removesuffix("_id") for name in party), *state, "page")), *(table.c[name] for name in columns))


def _history(name: str, aggregate: str, of: Table) -> Table:
    """One row a version: who, when, from, to, why, and what was submitted."""
    return Table(
        name,
        metadata,
        Column(aggregate, Id(), ForeignKey(of.c.id), nullable=False),
        Column("version", Integer, nullable=False),
        Column("at", UtcDateTime, nullable=False),
        Column("actor_id", String(40), nullable=False),  # an account, the clock or a service
        Column("actor_role", String(20), nullable=False),
        Column("step", String(40)),
        Column("action", String(60), nullable=False),
        Column("label", String(120), nullable=False),
        Column("from_state", String(40)),
        Column("to_state", String(40), nullable=False),
        Column("reason", Text),
        Column("note", Text),
        Column("form", Json),
        PrimaryKeyConstraint(aggregate, "version"),
    )


enquiries = Table(
    "enquiries",
    metadata,
    Column("id", Id(), primary_key=True),
    Column("number", String(20), nullable=False, unique=True),
    Column("state", String(40), _state_check("enquiries_state", enquiry.STATES), nullable=False),
    Column("version", Integer, nullable=False),
    *_parties(),
    Column("lines", Json, nullable=False),  # what was asked for, as `AskedLine`
    Column("terms", Json),
    Column("order_lines", Json),  # `OrderLine`s where the enquiry names all that an order needs
    Column("order_id", Id()),
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
)
_list_indexes(enquiries)

enquiry_offers = Table(
    "enquiry_offers",
    metadata,
    Column("id", Id(), primary_key=True),
    Column("enquiry_id", Id(), ForeignKey(enquiries.c.id), nullable=False),
    Column("ordinal", Integer, nullable=False),
    Column("made_by_id", Id(), nullable=False),
    Column("made_by_name", String(120), nullable=False),
    Column("lines", Json, nullable=False),  # `OrderLine`s: the products' facts as they stood when it was made
    Column("terms", Json, nullable=False),
    Column("valid_until", UtcDateTime, nullable=False),
    Column("made_at", UtcDateTime, nullable=False),
    UniqueConstraint("enquiry_id", "ordinal", name="enquiry_offers_ordinal"),
)

messages = Table(
    "messages",
    metadata,
    Column("id", Id(), primary_key=True),
    Column("enquiry_id", Id(), ForeignKey(enquiries.c.id), nullable=False),
    Column("sender_id", Id(), nullable=False),
    Column("sender_name", String(120), nullable=False),
    Column("text", Text, nullable=False),
    Column("sent_at", UtcDateTime, nullable=False),
)
Index("messages_thread", messages.c.enquiry_id, messages.c.sent_at, messages.c.id)

# A basket that was ordered as one, from several suppliers.
purchases = Table(
    "purchases",
    metadata,
    Column("id", Id(), primary_key=True),
    Column("number", String(20), nullable=False, unique=True),
    Column("buyer_id", Id(), nullable=False),
    Column("buyer_name", String(120), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
)

orders = Table(
    "orders",
    metadata,
    Column("id", Id(), primary_key=True),
    Column("number", String(20), nullable=False, unique=True),
    Column("enquiry_id", Id(), ForeignKey(enquiries.c.id), unique=True),  # an enquiry makes one order, never two
    Column("purchase_id", Id(), ForeignKey(purchases.c.id), index=True),
    Column("purchase_number", String(20)),
    Column("state", String(40), _state_check("orders_state", lifecycle.STATES), nullable=False),
    Column("awaiting", Json, nullable=False),  # events of other services that the submitted step waits for
    Column("version", Integer, nullable=False),
    *_parties(),
    Column("terms", Json, nullable=False),
    Column("lines", Json, nullable=False),  # `OrderLine`s
    Column("currency", String(3), nullable=False),
    Column("exchange", Json),  # `AgreedExchange` where it is paid in another currency
    Column("total", BigInteger, nullable=False),  # minor units, as are the next two, which are in the currency it is paid in
    Column("paid", BigInteger),
    Column("refund", BigInteger),
    Column("refund_received_at", UtcDateTime),
    Column("abort_proposed_by", Id()),
    Column("channel_proposed", String(40)),
    Column("channel_proposed_by", Id()),
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
)
_list_indexes(orders)

enquiry_history = _history("enquiry_history", "enquiry_id", enquiries)
order_history = _history("order_history", "order_id", orders)

# One row an event that the parties of an order or enquiry are told, or the one of them whom it is for. It can only grow.
feed = Table(
    "feed",
    metadata,
    Column("position", Serial, primary_key=True, autoincrement=True),
    Column("id", Id(), nullable=False),
    Column("type", String(80), nullable=False),
    Column("buyer_id", Id()),
    Column("supplier_id", Id()),
    Column("event", Json),  # what another service published; our own stands in the outbox
)
Index("feed_buyer", feed.c.buyer_id, feed.c.position)
Index("feed_supplier", feed.c.supplier_id, feed.c.position)

# The form of the step at hand, saved incomplete; gone when it is submitted.
drafts = Table(
    "drafts",
    metadata,
    Column("order_id", Id(), ForeignKey(orders.c.id), nullable=False),
    Column("step", String(40), nullable=False),
    Column("form", Json, nullable=False),
    Column("saved_at", UtcDateTime, nullable=False),
    PrimaryKeyConstraint("order_id", "step"),
)

# What an enquiry or order has time for until `due_at`. `strikes_at` is when the clock looks at it next, null where the clock does nothing about it.
deadlines = Table(
    "deadlines",
    metadata,
    Column("aggregate", String(10), CheckConstraint("aggregate IN ('enquiry', 'order')", name="deadlines_aggregate"), nullable=False),
    Column("aggregate_id", Id(), nullable=False),
    Column("kind", String(40), nullable=False),
    Column("due_at", UtcDateTime, nullable=False),
    Column("strikes_at", UtcDateTime),
    PrimaryKeyConstraint("aggregate", "aggregate_id", "kind"),
)
Index("deadlines_strike", deadlines.c.aggregate, deadlines.c.strikes_at)

# One row at most: how far the test clock is ahead. It stays empty in production mode.
test_clock = Table(
    "test_clock",
    metadata,
    Column("id", Integer, CheckConstraint("id = 1", name="test_clock_one"), primary_key=True, autoincrement=False),
    Column("ahead", BigInteger, nullable=False),  # microseconds
)
