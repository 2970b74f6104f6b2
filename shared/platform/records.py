"""The platform's own tables, which stand beside each service's tables in its schema: what was sent, received, answered."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, Index, Integer, MetaData, String, Table, Text, text

from shared.platform.columns import Id, Json, Serial, UtcDateTime

metadata = MetaData()

# One row an event; written in the transaction that changed the state, marked once the broker has confirmed it.
outbox = Table(
    "outbox",
    metadata,
    Column("position", Serial, primary_key=True, autoincrement=True),
    Column("id", Id(), nullable=False, unique=True),
    Column("type", String(80), nullable=False),
    Column("subject", String(80), nullable=False),
    Column("version", Integer, nullable=False),
    Column("time", UtcDateTime, nullable=False),
    Column("context", Json, nullable=False),  # correlation id, causation id, traceparent
    Column("data", Json, nullable=False),
    Column("sent_at", UtcDateTime),
)
Index("outbox_unsent", outbox.c.position, postgresql_where=text("sent_at IS NULL"), sqlite_where=text("sent_at IS NULL"))
Index("outbox_stream", outbox.c.subject, outbox.c.version, unique=True)

# How many events each of our aggregates has published that has no version of its own: the next one's, without gaps.
streams = Table("streams", metadata, Column("subject", String(80), primary_key=True), Column("version", Integer, nullable=False))

# One row a received event that concerned us. `pending` ones wait for their turn or their next attempt, `dead` ones for an operator.
INBOX_STATES = ("done", "pending", "dead", "dropped")
inbox = Table(
    "inbox",
    metadata,
    Column("id", String(80), primary_key=True),
    Column("type", String(80), nullable=False),
    Column("source", String(40), nullable=False),
    Column("subject", String(80), nullable=False),
    Column("version", Integer, nullable=False),
    Column("state", String(10), CheckConstraint("state IN ('done', 'pending', 'dead', 'dropped')", name="inbox_state"), nullable=False),
    Column("received_at", UtcDateTime, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("next_attempt_at", UtcDateTime),
    Column("error", Text),
    Column("event", Json),  # kept only while it is not done
    Column("duplicates", Integer, nullable=False, server_default="0"),
)
Index("inbox_waiting", inbox.c.source, inbox.c.subject, inbox.c.version, postgresql_where=text("state <> 'done'"), sqlite_where=text("state <> 'done'"))

# The version of each foreign aggregate up to which we have handled its events.
positions = Table(
    "positions",
    metadata,
    Column("source", String(40), primary_key=True),
    Column("subject", String(80), primary_key=True),
    Column("version", Integer, nullable=False),
)

# The first answer to each command, given again when it is retried.
commands = Table(
    "commands",
    metadata,
    Column("id", String(80), primary_key=True),
    Column("fingerprint", String(64), nullable=False),
    Column("answer", Json, nullable=False),
    Column("created_at", UtcDateTime, nullable=False, index=True),
)

# Who may do what only one may do at a time.
leases = Table(
    "leases",
    metadata,
    Column("name", String(40), primary_key=True),
    Column("holder", String(80), nullable=False),
    Column("acquired_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
)
