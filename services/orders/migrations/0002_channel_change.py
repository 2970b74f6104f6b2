"""Another logistics channel, proposed by one party."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from shared.platform.columns import Id

revision = "orders_channel_change"
down_revision = "orders_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("orders", sa.Column("channel_proposed", sa.String(40)))
    op.add_column("orders", sa.Column("channel_proposed_by", Id()))


def downgrade() -> None:
    op.drop_column("orders", "channel_proposed_by")
    op.drop_column("orders", "channel_proposed")
