"""Which suppliers may not sell, by accounts' word."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from shared.platform.columns import Id

revision = "catalog_sellers"
down_revision = "catalog_options"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "sellers",
        sa.Column("id", Id(), primary_key=True),
        sa.Column("may_sell", sa.Boolean, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
    )
    held_back = sa.text("NOT may_sell")
    op.create_index("sellers_held_back", "sellers", ["id"], postgresql_where=held_back, sqlite_where=held_back)


def downgrade() -> None:
    op.drop_table("sellers")
