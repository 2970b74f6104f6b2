"""What carriers send, kept as it came, reasons and countries of tracking events, notices, and when to look after a shipment."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from shared.platform.columns import Id, Json, UtcDateTime

revision = "logistics_tracking"
down_revision = "logistics_tariffs"
branch_labels = None
depends_on = None

_SHIPMENTS = ("dispatched_at", "look_at", "poll_at")


def upgrade() -> None:
    op.add_column("shipments", sa.Column("carrier", sa.String(40)))
    for name in _SHIPMENTS:
        op.add_column("shipments", sa.Column(name, UtcDateTime))
    op.execute("UPDATE shipments SET dispatched_at = updated_at, look_at = updated_at WHERE state = 'dispatched'")
    op.create_index("shipments_look", "shipments", ["look_at"], postgresql_where=sa.text("look_at IS NOT NULL"))
    op.create_index("shipments_poll", "shipments", ["carrier", "poll_at"], postgresql_where=sa.text("poll_at IS NOT NULL"))
    op.add_column("tracking_events", sa.Column("reason", sa.String(40)))
    op.add_column("tracking_events", sa.Column("country", sa.String(2)))
    op.create_table(
        "carrier_events",
        sa.Column("sender", sa.String(40), primary_key=True),
        sa.Column("waybill_key", sa.String(120), primary_key=True),
        sa.Column("event_id", sa.String(60), primary_key=True),
        sa.Column("status", sa.String(40), nullable=False),
        sa.Column("reason", sa.String(40)),
        sa.Column("description", sa.String(300)),
        sa.Column("location", sa.String(120)),
        sa.Column("country", sa.String(2)),
        sa.Column("occurred_at", UtcDateTime, nullable=False),
        sa.Column("received_at", UtcDateTime, nullable=False),
        sa.Column("raw", sa.Text, nullable=False),
    )
    op.create_index("carrier_events_waybill_key", "carrier_events", ["waybill_key"])
    _append_only("carrier_events")
    op.create_table(
        "tracking_notices",
        sa.Column("order_id", Id(), sa.ForeignKey("shipments.order_id"), primary_key=True),
        sa.Column("waybill_key", sa.String(120), primary_key=True),
        sa.Column("occasion", sa.String(120), primary_key=True),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("status", sa.String(40), nullable=False),
        sa.Column("reason", sa.String(40)),
        sa.Column("message", sa.String(600), nullable=False),
        sa.Column("contact", Json, nullable=False),
        sa.Column("raised_at", UtcDateTime, nullable=False),
        sa.CheckConstraint("kind IN ('silent', 'overdue', 'abnormal')", name="tracking_notices_kind"),
    )


def _append_only(table: str) -> None:
    refusal = f"{table} can only be added to"
    if op.get_bind().dialect.name == "postgresql":
        op.execute(f"CREATE FUNCTION {table}_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION '{refusal}'; END $$")
        op.execute(f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION {table}_refuse()")
        return
    for change in ("UPDATE", "DELETE"):
        op.execute(f"CREATE TRIGGER {table}_no_{change.lower()} BEFORE {change} ON {table} BEGIN SELECT RAISE(ABORT, '{refusal}'); END")


def downgrade() -> None:
    for table in ("tracking_notices", "carrier_events"):
        op.drop_table(table)
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION carrier_events_refuse()")
    for name in ("country", "reason"):
        op.drop_column("tracking_events", name)
    for index in ("shipments_poll", "shipments_look"):
        op.drop_index(index, "shipments")
    for name in (*reversed(_SHIPMENTS), "carrier"):
        op.drop_column("shipments", name)
