"""When accounts were last seen."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from shared.platform.columns import Id, UtcDateTime

revision = "accounts_0011_presence"
down_revision = "accounts_0010_profiles"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "presence",
        sa.Column("account_id", Id(), sa.ForeignKey("accounts.id"), primary_key=True),
        sa.Column("last_seen_at", UtcDateTime, nullable=False),
    )


def downgrade() -> None:
    op.drop_table("presence")
