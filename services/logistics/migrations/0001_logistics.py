"""Shipments, filings, documents, and tracking events that can only be added."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from shared.platform.columns import Id, Json, UtcDateTime

revision = "logistics_0001"
down_revision = None
branch_labels = ("logistics",)
depends_on = None


def upgrade() -> None:
    op.create_table(
        "shipments",
        sa.Column("order_id", Id(), primary_key=True),
        sa.Column("number", sa.String(20), nullable=False, unique=True),
        sa.Column("buyer_id", Id(), nullable=False),
        sa.Column("supplier_id", Id(), nullable=False),
        sa.Column("facts", Json, nullable=False),
        sa.Column("channel", sa.String(40), nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("waybill_number", sa.String(40)),
        sa.Column("waybill_key", sa.String(120)),
        sa.Column("notice", Json),
        sa.Column("in_transit", sa.Boolean, nullable=False, server_default=sa.false()),
        sa.Column("arrival_told_at", UtcDateTime),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.Column("updated_at", UtcDateTime, nullable=False),
        sa.UniqueConstraint("channel", "waybill_key", name="shipments_waybill"),
        sa.CheckConstraint("state IN ('planned', 'refused', 'dispatched', 'arrived', 'delivered', 'voided')", name="shipments_state"),
        sa.CheckConstraint("state NOT IN ('dispatched', 'arrived', 'delivered') OR waybill_key IS NOT NULL", name="shipments_under_way"),
    )
    op.create_index("shipments_waybill_key", "shipments", ["waybill_key"])
    op.create_table(
        "filings",
        sa.Column("order_id", Id(), sa.ForeignKey("shipments.order_id"), primary_key=True),
        sa.Column("kind", sa.String(20), primary_key=True),
        sa.Column("issuer", sa.String(120), nullable=False),
        sa.Column("number", sa.String(60), nullable=False),
        sa.Column("key", sa.String(600), nullable=False),
        sa.Column("form", Json, nullable=False),
        sa.Column("filed_at", UtcDateTime, nullable=False),
        sa.UniqueConstraint("kind", "key", name="filings_number"),
        sa.CheckConstraint("kind IN ('export', 'import', 'insurance')", name="filings_kind"),
    )
    op.create_table(
        "documents",
        sa.Column("order_id", Id(), sa.ForeignKey("shipments.order_id"), primary_key=True),
        sa.Column("name", sa.String(40), primary_key=True),
        sa.Column("number", sa.String(40), nullable=False),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("paper", Json, nullable=False),
        sa.Column("issued_at", UtcDateTime, nullable=False),
        sa.UniqueConstraint("name", "number", name="documents_number"),
        sa.CheckConstraint("revision > 0", name="documents_revision"),
    )
    op.create_table(
        "tracking_events",
        sa.Column("order_id", Id(), sa.ForeignKey("shipments.order_id"), primary_key=True),
        sa.Column("waybill_key", sa.String(120), primary_key=True),
        sa.Column("event_id", sa.String(80), primary_key=True),
        sa.Column("status", sa.String(40), nullable=False),
        sa.Column("description", sa.String(300)),
        sa.Column("location", sa.String(120)),
        sa.Column("occurred_at", UtcDateTime, nullable=False),
        sa.Column("reported_at", UtcDateTime, nullable=False),
        sa.Column("reported_by", sa.String(40), nullable=False),
    )
    _append_only("tracking_events")


def _append_only(table: str) -> None:
    refusal = f"{table} can only be added to"
    if op.get_bind().dialect.name == "postgresql":
        op.execute(f"CREATE FUNCTION {table}_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION '{refusal}'; END $$")
        op.execute(f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION {table}_refuse()")
        return
    for change in ("UPDATE", "DELETE"):
        op.execute(f"CREATE TRIGGER {table}_no_{change.lower()} BEFORE {change} ON {table} BEGIN SELECT RAISE(ABORT, '{refusal}'); END")


def downgrade() -> None:
    for table in ("tracking_events", "documents", "filings", "shipments"):
        op.drop_table(table)
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION tracking_events_refuse()")
