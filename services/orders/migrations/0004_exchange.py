"""Orders that are paid in another currency than their own."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from shared.platform.columns import Json

revision = "orders_exchange"
down_revision = "orders_purchases"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("orders", sa.Column("exchange", Json))


def downgrade() -> None:
    op.drop_column("orders", "exchange")
