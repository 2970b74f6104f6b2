"""Orders are found by supplier and number; that no two have the same number is for orders to see to."""

from __future__ import annotations

from alembic import op

revision = "logistics_order_numbers"
down_revision = "logistics_labels"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_index("shipments_order_number", "shipments")
    op.create_index("shipments_order_number", "shipments", ["supplier_id", "order_number"])


def downgrade() -> None:
    op.drop_index("shipments_order_number", "shipments")
    op.create_index("shipments_order_number", "shipments", ["order_number"], unique=True)
