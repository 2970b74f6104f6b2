"""Mails that are to be sent, and the tokens in them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from shared.platform.columns import Id, UtcDateTime

revision = "accounts_0004_mail"
down_revision = "accounts_0003_lockouts"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "mails",
        sa.Column("id", Id(), primary_key=True),
        sa.Column("account_id", Id(), sa.ForeignKey("accounts.id"), index=True),
        sa.Column("recipient", sa.String(254), nullable=False),
        sa.Column("subject", sa.String(200), nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("purpose", sa.String(20)),
        sa.Column("state", sa.String(10), sa.CheckConstraint("state IN ('waiting', 'sent', 'failed')", name="mail_state"), nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.Column("next_at", UtcDateTime, index=True),
        sa.Column("sent_at", UtcDateTime, index=True),
        sa.Column("reason", sa.Text),
    )
    op.create_table(
        "mailed_tokens",
        sa.Column("token_hash", sa.String(64), primary_key=True),
        sa.Column("account_id", Id(), sa.ForeignKey("accounts.id"), nullable=False, index=True),
        sa.Column("purpose", sa.String(20), nullable=False),
        sa.Column("email", sa.String(254), nullable=False),
        sa.Column("expires_at", UtcDateTime, nullable=False),
    )


def downgrade() -> None:
    for table in ("mailed_tokens", "mails"):
        op.drop_table(table)
