"""Documents that accounts upload, and the orders that they are for."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from shared.platform.columns import Id, UtcDateTime

revision = "accounts_0006_documents"
down_revision = "accounts_0005_api_keys"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "documents",
        sa.Column("id", Id(), primary_key=True),
        sa.Column("owner_id", Id(), sa.ForeignKey("accounts.id"), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("media_type", sa.String(40), nullable=False),
        sa.Column("size", sa.Integer, nullable=False),
        sa.Column("name", sa.String(120), nullable=False),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.UniqueConstraint("owner_id", "sha256"),
    )
    op.create_table(
        "document_orders",
        sa.Column("document_id", Id(), sa.ForeignKey("documents.id"), primary_key=True),
        sa.Column("order_id", Id(), primary_key=True),
    )


def downgrade() -> None:
    op.drop_table("document_orders")
    op.drop_table("documents")
