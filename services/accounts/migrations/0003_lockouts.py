"""Failed attempts are counted."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from shared.platform.columns import UtcDateTime

revision = "accounts_0003_lockouts"
down_revision = "accounts_0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "lockouts",
        sa.Column("key", sa.String(64), primary_key=True),
        sa.Column("kind", sa.String(10), nullable=False),
        sa.Column("failures", sa.Integer, nullable=False),
        sa.Column("failed_at", UtcDateTime, nullable=False, index=True),
        sa.Column("locked_until", UtcDateTime, nullable=False),
    )


def downgrade() -> None:
    op.drop_table("lockouts")
