"""What an order's line has to choose of a product."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from shared.platform.columns import Json

revision = "catalog_options"
down_revision = "catalog_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("products", sa.Column("options", Json, nullable=False, server_default="{}"))


def downgrade() -> None:
    op.drop_column("products", "options")
