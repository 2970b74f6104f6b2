"""Second factors, and the recovery codes for who has lost theirs."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from shared.platform.columns import Id, UtcDateTime

revision = "accounts_0008_totp"
down_revision = "accounts_0007_verifications"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "totps",
        sa.Column("account_id", Id(), sa.ForeignKey("accounts.id"), primary_key=True),
        sa.Column("secret", sa.String(32), nullable=False),
        sa.Column("last_step", sa.BigInteger, nullable=False),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.Column("confirmed_at", UtcDateTime),
    )
    op.create_table(
        "recovery_codes",
        sa.Column("account_id", Id(), sa.ForeignKey("accounts.id"), primary_key=True),
        sa.Column("code_hash", sa.String(64), primary_key=True),
    )


def downgrade() -> None:
    op.drop_table("recovery_codes")
    op.drop_table("totps")
