"""Accounts, their sessions, and the keys that tokens are signed with."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from shared.platform.columns import Id, Json, UtcDateTime

revision = "accounts_0001"
down_revision = None
branch_labels = ("accounts",)
depends_on = None


def upgrade() -> None:
    op.create_table(
        "accounts",
        sa.Column("id", Id(), primary_key=True),
        sa.Column("email", sa.String(254), nullable=False),
        sa.Column("email_key", sa.Text, nullable=False, unique=True),
        sa.Column("password_hash", sa.String(200), nullable=False),
        sa.Column("name", sa.String(120), nullable=False),
        sa.Column("company", sa.String(120)),
        sa.Column("country", sa.String(2), nullable=False),
        sa.Column("phone", sa.String(40)),
        sa.Column("roles", Json, nullable=False),
        sa.Column("created_at", UtcDateTime, nullable=False),
    )
    op.create_table(
        "sessions",
        sa.Column("id", Id(), primary_key=True),
        sa.Column("account_id", Id(), sa.ForeignKey("accounts.id"), nullable=False, index=True),
        sa.Column("token_hash", sa.String(64), nullable=False),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.Column("expires_at", UtcDateTime, nullable=False),
    )
    op.create_table(
        "signing_keys",
        sa.Column("kid", sa.String(43), primary_key=True),
        sa.Column("algorithm", sa.String(10), nullable=False, unique=True),
        sa.Column("private_key", sa.Text, nullable=False),
        sa.Column("public_key", Json, nullable=False),
        sa.Column("created_at", UtcDateTime, nullable=False),
    )


def downgrade() -> None:
    for table in ("signing_keys", "sessions", "accounts"):
        op.drop_table(table)
