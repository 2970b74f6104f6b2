"""Accounts without an e-mail address, with a user name or a postal address; what is known of a session."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from shared.platform.columns import Json, UtcDateTime

revision = "accounts_0010_profiles"
down_revision = "accounts_0009_signing_keys"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("accounts") as accounts:
        accounts.add_column(sa.Column("version", sa.Integer, nullable=False, server_default="1"))
        accounts.alter_column("email", existing_type=sa.String(254), nullable=True)
        accounts.alter_column("email_key", existing_type=sa.Text, nullable=True)
        accounts.add_column(sa.Column("email_confirmed_at", UtcDateTime))
        accounts.add_column(sa.Column("new_email", sa.String(254)))
        accounts.add_column(sa.Column("user_name", sa.String(30)))
        accounts.add_column(sa.Column("user_name_key", sa.String(30)))
        accounts.add_column(sa.Column("address", Json))
        accounts.create_unique_constraint("accounts_user_name_key_key", ["user_name_key"])
    op.add_column("sessions", sa.Column("used_at", UtcDateTime))
    op.add_column("sessions", sa.Column("address", sa.String(45)))
    op.add_column("sessions", sa.Column("user_agent", sa.String(200)))
    op.execute("UPDATE sessions SET used_at = created_at")
    with op.batch_alter_table("sessions") as sessions:
        sessions.alter_column("used_at", existing_type=UtcDateTime, nullable=False)


def downgrade() -> None:
    with op.batch_alter_table("sessions") as sessions:
        for column in ("user_agent", "address", "used_at"):
            sessions.drop_column(column)
    with op.batch_alter_table("accounts") as accounts:
        accounts.drop_constraint("accounts_user_name_key_key", type_="unique")
        for column in ("address", "user_name_key", "user_name", "new_email", "email_confirmed_at", "version"):
            accounts.drop_column(column)
        accounts.alter_column("email_key", existing_type=sa.Text, nullable=False)
        accounts.alter_column("email", existing_type=sa.String(254), nullable=False)
