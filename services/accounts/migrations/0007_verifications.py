"""Verifications, and their history, which can only grow."""

from __future__ import annotations

from collections.abc import Iterator

import sqlalchemy as sa
from alembic import op

from shared.platform.columns import Id, Json, UtcDateTime

revision = "accounts_0007_verifications"
down_revision = "accounts_0006_documents"
branch_labels = None
depends_on = None

OPEN = sa.text("state IN ('submitted', 'approved')")


def upgrade() -> None:
    op.create_table(
        "verifications",
        sa.Column("id", Id(), primary_key=True),
        sa.Column("account_id", Id(), sa.ForeignKey("accounts.id"), nullable=False, index=True),
        sa.Column("state", sa.Text, nullable=False, index=True),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("legal_name", sa.String(200), nullable=False),
        sa.Column("date_of_birth", sa.Date),
        sa.Column("registered_on", sa.Date),
        sa.Column("address", Json, nullable=False),
        sa.Column("numbers", Json, nullable=False),
        sa.Column("documents", Json, nullable=False),
        sa.Column("submitted_at", UtcDateTime, nullable=False),
        sa.CheckConstraint("state IN ('submitted', 'approved', 'refused', 'withdrawn')", name="verifications_state"),
    )
    op.create_index("verifications_open", "verifications", ["account_id"], unique=True, postgresql_where=OPEN, sqlite_where=OPEN)
    op.create_table(
        "verification_history",
        sa.Column("id", Id(), primary_key=True),
        sa.Column("verification_id", Id(), sa.ForeignKey("verifications.id"), nullable=False, index=True),
        sa.Column("at", UtcDateTime, nullable=False),
        sa.Column("action", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("actor_id", Id(), nullable=False),
        sa.Column("reason", sa.String(1000)),
    )
    for statement in _append_only(op.get_bind().dialect.name):
        op.execute(statement)


def _append_only(dialect: str) -> Iterator[str]:
    """What is in the history stays as it is, whoever asks."""
    if dialect == "postgresql":
        yield """
            CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN RAISE EXCEPTION '% can only grow', TG_TABLE_NAME; END $$"""
        yield (
            "CREATE TRIGGER verification_history_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON verification_history "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )
    else:
        for change in ("UPDATE", "DELETE"):
            yield (
                f"CREATE TRIGGER verification_history_no_{change.lower()} BEFORE {change} ON verification_history "
                "BEGIN SELECT RAISE(ABORT, 'the history can only grow'); END"
            )


def downgrade() -> None:
    op.drop_table("verification_history")
    op.drop_table("verifications")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION refuse_change")
