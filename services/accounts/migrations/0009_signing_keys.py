"""Several signing keys an algorithm, each with the time from which it signs: keys are rotated."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from shared.platform.columns import Json, UtcDateTime

revision = "accounts_0009_signing_keys"
down_revision = "accounts_0008_totp"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.rename_table("signing_keys", "old_signing_keys")  # made anew: SQLite cannot drop the rule that an algorithm has one key
    op.create_table(
        "signing_keys",
        sa.Column("kid", sa.String(43), primary_key=True),
        sa.Column("algorithm", sa.String(10), nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("private_key", sa.Text, nullable=False),
        sa.Column("public_key", Json, nullable=False),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.Column("signs_from", UtcDateTime, nullable=False),
        sa.UniqueConstraint("algorithm", "number"),
    )
    op.execute(
        "INSERT INTO signing_keys (kid, algorithm, number, private_key, public_key, created_at, signs_from)"
        " SELECT kid, algorithm, 1, private_key, public_key, created_at, created_at FROM old_signing_keys"
    )
    op.drop_table("old_signing_keys")


def downgrade() -> None:
    op.rename_table("signing_keys", "new_signing_keys")
    op.create_table(
        "signing_keys",
        sa.Column("kid", sa.String(43), primary_key=True),
        sa.Column("algorithm", sa.String(10), nullable=False, unique=True),
        sa.Column("private_key", sa.Text, nullable=False),
        sa.Column("public_key", Json, nullable=False),
        sa.Column("created_at", UtcDateTime, nullable=False),
    )
    op.execute(
        "INSERT INTO signing_keys (kid, algorithm, private_key, public_key, created_at)"
        " SELECT kid, algorithm, private_key, public_key, created_at FROM new_signing_keys AS newest"
        " WHERE number = (SELECT max(number) FROM new_signing_keys WHERE algorithm = newest.algorithm)"
    )
    op.drop_table("new_signing_keys")
