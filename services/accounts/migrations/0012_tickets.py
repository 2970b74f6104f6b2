"""Tickets: customers' requests for help, and operators' answers."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from shared.platform.columns import Id, UtcDateTime

revision = "accounts_0012_tickets"
down_revision = "accounts_0011_presence"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "tickets",
        sa.Column("id", Id(), primary_key=True),
        sa.Column("number", sa.String(20), nullable=False, unique=True),
        sa.Column("account_id", Id(), sa.ForeignKey("accounts.id")),
        sa.Column("email", sa.String(254)),
        sa.Column("name", sa.String(254), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("category", sa.String(20), nullable=False),
        sa.Column("subject", sa.String(120), nullable=False),
        sa.Column("order_number", sa.String(20)),
        sa.Column("customer_unread", sa.Integer, nullable=False),
        sa.Column("operator_unread", sa.Integer, nullable=False),
        sa.Column("opened_at", UtcDateTime, nullable=False),
        sa.Column("updated_at", UtcDateTime, nullable=False),
        sa.CheckConstraint("state IN ('open', 'answered', 'closed')", name="tickets_state"),
        sa.CheckConstraint("(account_id IS NULL) = (email IS NOT NULL)", name="tickets_customer"),
    )
    op.create_index("tickets_of_account", "tickets", ["account_id", "id"])
    op.create_index("tickets_by_state", "tickets", ["state", "id"])
    op.create_table(
        "ticket_messages",
        sa.Column("id", Id(), primary_key=True),
        sa.Column("ticket_id", Id(), sa.ForeignKey("tickets.id"), nullable=False),
        sa.Column("side", sa.String(10), nullable=False),
        sa.Column("author", sa.String(254), nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("sent_at", UtcDateTime, nullable=False),
    )
    op.create_index("ticket_thread", "ticket_messages", ["ticket_id", "sent_at", "id"])


def downgrade() -> None:
    op.drop_table("ticket_messages")
    op.drop_table("tickets")
