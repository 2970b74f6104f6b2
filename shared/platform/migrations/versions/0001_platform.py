"""Outbox, inbox, commands and leases."""

import sqlalchemy as sa
from alembic import op

from shared.platform.columns import Id, Json, Serial, UtcDateTime

revision = "platform_0001"
down_revision = None
branch_labels = ("platform",)


def upgrade() -> None:
    op.create_table(
        "outbox",
        sa.Column("position", Serial, primary_key=True, autoincrement=True),
        sa.Column("id", Id(), nullable=False, unique=True),
        sa.Column("type", sa.String(80), nullable=False),
        sa.Column("subject", sa.String(80), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("time", UtcDateTime, nullable=False),
        sa.Column("context", Json, nullable=False),
        sa.Column("data", Json, nullable=False),
        sa.Column("sent_at", UtcDateTime),
    )
    unsent = sa.text("sent_at IS NULL")
    op.create_index("outbox_unsent", "outbox", ["position"], postgresql_where=unsent, sqlite_where=unsent)
    op.create_index("outbox_stream", "outbox", ["subject", "version"], unique=True)
    op.create_table("streams", sa.Column("subject", sa.String(80), primary_key=True), sa.Column("version", sa.Integer, nullable=False))
    op.create_table(
        "inbox",
        sa.Column("id", sa.String(80), primary_key=True),
        sa.Column("type", sa.String(80), nullable=False),
        sa.Column("source", sa.String(40), nullable=False),
        sa.Column("subject", sa.String(80), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("state", sa.String(10), sa.CheckConstraint("state IN ('done', 'pending', 'dead', 'dropped')", name="inbox_state"), nullable=False),
        sa.Column("received_at", UtcDateTime, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("next_attempt_at", UtcDateTime),
        sa.Column("error", sa.Text),
        sa.Column("event", Json),
        sa.Column("duplicates", sa.Integer, nullable=False, server_default="0"),
    )
    waiting = sa.text("state <> 'done'")
    op.create_index("inbox_waiting", "inbox", ["source", "subject", "version"], postgresql_where=waiting, sqlite_where=waiting)
    op.create_table(
        "positions",
        sa.Column("source", sa.String(40), primary_key=True),
        sa.Column("subject", sa.String(80), primary_key=True),
        sa.Column("version", sa.Integer, nullable=False),
    )
    op.create_table(
        "commands",
        sa.Column("id", sa.String(80), primary_key=True),
        sa.Column("fingerprint", sa.String(64), nullable=False),
        sa.Column("answer", Json, nullable=False),
        sa.Column("created_at", UtcDateTime, nullable=False, index=True),
    )
    op.create_table(
        "leases",
        sa.Column("name", sa.String(40), primary_key=True),
        sa.Column("holder", sa.String(80), nullable=False),
        sa.Column("acquired_at", UtcDateTime, nullable=False),
        sa.Column("expires_at", UtcDateTime, nullable=False),
    )


def downgrade() -> None:
    for table in ("leases", "commands", "positions", "inbox", "streams", "outbox"):
        op.drop_table(table)
