"""Batches of labels, and shipments found by their trade order's number."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from shared.platform.columns import Id, Json, UtcDateTime

revision = "logistics_labels"
down_revision = "logistics_logistics_orders"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("shipments", sa.Column("order_number", sa.String(20)))
    shipments = sa.table("shipments", sa.column("order_number"), sa.column("facts", Json))
    op.execute(sa.update(shipments).values(order_number=shipments.c.facts["number"].as_string()))
    op.create_index("shipments_order_number", "shipments", ["order_number"], unique=True)
    op.create_table(
        "label_batches",
        sa.Column("id", Id(), primary_key=True),
        sa.Column("supplier_id", Id(), nullable=False),
        sa.Column("claimed_until", UtcDateTime),
        sa.Column("created_at", UtcDateTime, nullable=False),
    )
    op.create_index("label_batches_age", "label_batches", ["created_at"])
    op.create_table(
        "label_batch_orders",
        sa.Column("batch_id", Id(), sa.ForeignKey("label_batches.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("position", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("order_number", sa.String(20), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("reason", sa.String(40)),
        sa.Column("message", sa.String(300)),
        sa.UniqueConstraint("batch_id", "order_number", name="label_batch_orders_once"),
        sa.CheckConstraint("state IN ('pending', 'done', 'failed')", name="label_batch_orders_state"),
        sa.CheckConstraint("(state = 'failed') = (reason IS NOT NULL)", name="label_batch_orders_reason"),
    )
    pending = sa.text("state = 'pending'")
    op.create_index("label_batch_orders_pending", "label_batch_orders", ["batch_id"], postgresql_where=pending, sqlite_where=pending)
    op.create_table(
        "label_batch_parts",
        sa.Column("batch_id", Id(), sa.ForeignKey("label_batches.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("position", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("content", sa.LargeBinary, nullable=False),
    )


def downgrade() -> None:
    for table in ("label_batch_parts", "label_batch_orders", "label_batches"):
        op.drop_table(table)
    op.drop_index("shipments_order_number", "shipments")
    op.drop_column("shipments", "order_number")
