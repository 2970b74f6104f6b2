"""Mails are looked for by when they were written, no more by when they left."""

from __future__ import annotations

from alembic import op

revision = "accounts_0013_mails_by_age"
down_revision = "accounts_0012_tickets"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_mails_created_at", "mails", ["created_at"])
    op.drop_index("ix_mails_sent_at", "mails")


def downgrade() -> None:
    op.create_index("ix_mails_sent_at", "mails", ["sent_at"])
    op.drop_index("ix_mails_created_at", "mails")
