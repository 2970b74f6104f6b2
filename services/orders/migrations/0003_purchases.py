"""Purchases: baskets of several suppliers' products that were ordered as one."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from shared.platform.columns import Id, UtcDateTime

revision = "orders_purchases"
down_revision = "orders_channel_change"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "purchases",
        sa.Column("id", Id(), primary_key=True),
        sa.Column("number", sa.String(20), nullable=False, unique=True),
        sa.Column("buyer_id", Id(), nullable=False),
        sa.Column("buyer_name", sa.String(120), nullable=False),
        sa.Column("created_at", UtcDateTime, nullable=False),
    )
    with op.batch_alter_table("orders") as orders:
        orders.add_column(sa.Column("purchase_id", Id(), sa.ForeignKey("purchases.id", name="orders_purchase_id_fkey")))
        orders.add_column(sa.Column("purchase_number", sa.String(20)))
        orders.create_index("ix_orders_purchase_id", ["purchase_id"])


def downgrade() -> None:
    with op.batch_alter_table("orders") as orders:
        orders.drop_index("ix_orders_purchase_id")
        orders.drop_column("purchase_number")
        orders.drop_column("purchase_id")
    op.drop_table("purchases")
