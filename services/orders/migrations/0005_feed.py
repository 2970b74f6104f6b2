"""What the parties of trades are told, from now on: an event's place in the one order of all, and whose it is."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from shared.platform.columns import Id, Json, Serial

revision = "orders_feed"
down_revision = "orders_exchange"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "feed",
        sa.Column("position", Serial, primary_key=True, autoincrement=True),
        sa.Column("id", Id(), nullable=False),
        sa.Column("type", sa.String(80), nullable=False),
        sa.Column("buyer_id", Id()),
        sa.Column("supplier_id", Id()),
        sa.Column("event", Json),
    )
    op.create_index("feed_buyer", "feed", ["buyer_id", "position"])
    op.create_index("feed_supplier", "feed", ["supplier_id", "position"])


def downgrade() -> None:
    op.drop_table("feed")
