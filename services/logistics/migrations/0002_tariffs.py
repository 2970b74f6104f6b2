"""Tariffs: what a channel costs from a day on; they can only be added."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from shared.platform.columns import Id, Json, UtcDateTime

revision = "logistics_tariffs"
down_revision = "logistics_0001"
branch_labels = None
depends_on = None

TABLES = ("tariffs", "tariff_countries", "tariff_breaks", "tariff_surcharges")


def upgrade() -> None:
    op.create_table(
        "tariffs",
        sa.Column("id", Id(), primary_key=True),
        sa.Column("channel", sa.String(40), nullable=False),
        sa.Column("valid_from", sa.Date, nullable=False),
        sa.Column("valid_until", sa.Date),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("step_g", sa.BigInteger, nullable=False),
        sa.Column("minimum_g", sa.BigInteger, nullable=False),
        sa.Column("highest_value", sa.BigInteger),
        sa.Column("loaded_at", UtcDateTime, nullable=False),
        sa.Column("loaded_by", sa.String(40), nullable=False),
        sa.UniqueConstraint("channel", "valid_from", "revision", name="tariffs_version"),
        sa.CheckConstraint("revision > 0", name="tariffs_revision"),
        sa.CheckConstraint("step_g > 0", name="tariffs_step"),
        sa.CheckConstraint("minimum_g >= 0", name="tariffs_minimum"),
        sa.CheckConstraint("highest_value > 0", name="tariffs_highest_value"),
        sa.CheckConstraint("valid_until >= valid_from", name="tariffs_validity"),
    )
    op.create_table(
        "tariff_countries",
        sa.Column("tariff_id", Id(), sa.ForeignKey("tariffs.id"), primary_key=True),
        sa.Column("country", sa.String(2), primary_key=True),
        sa.Column("zone", sa.String(40), nullable=False),
    )
    op.create_table(
        "tariff_breaks",
        sa.Column("tariff_id", Id(), sa.ForeignKey("tariffs.id"), primary_key=True),
        sa.Column("zone", sa.String(40), primary_key=True),
        sa.Column("up_to_g", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("price", sa.BigInteger, nullable=False),
        sa.Column("each_g", sa.BigInteger),
        sa.CheckConstraint("up_to_g > 0", name="tariff_breaks_mass"),
        sa.CheckConstraint("price >= 0", name="tariff_breaks_price"),
        sa.CheckConstraint("each_g > 0", name="tariff_breaks_each"),
    )
    op.create_table(
        "tariff_surcharges",
        sa.Column("tariff_id", Id(), sa.ForeignKey("tariffs.id"), primary_key=True),
        sa.Column("position", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("name", sa.String(60), nullable=False),
        sa.Column("kind", sa.String(10), nullable=False),
        sa.Column("amount", sa.BigInteger, nullable=False),
        sa.Column("special_goods", Json, nullable=False),
        sa.Column("areas", Json, nullable=False),
        sa.UniqueConstraint("tariff_id", "name", name="tariff_surcharges_name"),
        sa.CheckConstraint("kind IN ('percent', 'fixed', 'per_kg')", name="tariff_surcharges_kind"),
        sa.CheckConstraint("amount > 0", name="tariff_surcharges_amount"),
    )
    _append_only()


def _append_only() -> None:
    refusal = "tariffs can only be added to"
    if op.get_bind().dialect.name == "postgresql":
        op.execute(f"CREATE FUNCTION refuse_tariff_change() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION '{refusal}'; END $$")
        for table in TABLES:
            op.execute(f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION refuse_tariff_change()")
        return
    for table in TABLES:
        for change in ("UPDATE", "DELETE"):
            op.execute(f"CREATE TRIGGER {table}_no_{change.lower()} BEFORE {change} ON {table} BEGIN SELECT RAISE(ABORT, '{refusal}'); END")


def downgrade() -> None:
    for table in reversed(TABLES):
        op.drop_table(table)
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION refuse_tariff_change()")
