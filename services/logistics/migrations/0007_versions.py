"""Logistics orders count their changes, so that who changes one can say which version they saw."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "logistics_versions"
down_revision = "logistics_order_numbers"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("logistics_orders", sa.Column("version", sa.Integer, nullable=False, server_default="1"))


def downgrade() -> None:
    with op.batch_alter_table("logistics_orders") as table:
        table.drop_column("version")
