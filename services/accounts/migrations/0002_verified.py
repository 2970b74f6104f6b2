"""Whether an account has been found to be who it says."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from shared.platform.columns import UtcDateTime

revision = "accounts_0002"
down_revision = "accounts_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("accounts", sa.Column("verified_at", UtcDateTime))


def downgrade() -> None:
    with op.batch_alter_table("accounts") as accounts:
        accounts.drop_column("verified_at")
