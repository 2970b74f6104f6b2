"""Logistics orders, of which an order has one at a time, and the serial numbers of their waybills."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from shared.platform.columns import Exact, Id, Json, UtcDateTime

revision = "logistics_logistics_orders"
down_revision = "logistics_tracking"
branch_labels = None
depends_on = None

STATES = ("awaiting_freight", "refused", "ready", "in_warehouse", "on_hold", "handed_over", "returning", "returned", "destroyed", "voided")


def upgrade() -> None:
    op.create_table(
        "logistics_orders",
        sa.Column("id", Id(), primary_key=True),
        sa.Column("order_id", Id(), sa.ForeignKey("shipments.order_id"), nullable=False),
        sa.Column("number", sa.String(20), nullable=False, unique=True),
        sa.Column("supplier_id", Id(), nullable=False),
        sa.Column("channel", sa.String(40), nullable=False),
        sa.Column("carrier", sa.String(20), nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("packages", Json, nullable=False),
        sa.Column("special_goods", Json, nullable=False),
        sa.Column("check_list", Json, nullable=False),
        sa.Column("sender", Json, nullable=False),
        sa.Column("collection", Json, nullable=False),
        sa.Column("if_undeliverable", sa.String(10), nullable=False),
        sa.Column("tariff_id", Id(), nullable=False),
        sa.Column("billable_kg", Exact, nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("freight", sa.BigInteger, nullable=False),
        sa.Column("return_fee", sa.BigInteger, nullable=False),
        sa.Column("paid", sa.BigInteger, nullable=False),
        sa.Column("due", sa.BigInteger, nullable=False),
        sa.Column("charge_id", Id(), nullable=False, unique=True),
        sa.Column("waybill_number", sa.String(40)),
        sa.Column("waybill_key", sa.String(40)),
        sa.Column("domestic_waybill_key", sa.String(120)),
        sa.Column("measured", Json),
        sa.Column("weighed_kg", Exact),
        sa.Column("scanned_at", UtcDateTime),
        sa.Column("handed_over_at", UtcDateTime),
        sa.Column("disposition_at", UtcDateTime),
        sa.Column("reason", sa.String(60)),
        sa.Column("message", sa.Text),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.Column("updated_at", UtcDateTime, nullable=False),
        sa.UniqueConstraint("channel", "waybill_key", name="logistics_orders_waybill"),
        sa.CheckConstraint(f"state IN {STATES}", name="logistics_orders_state"),
        sa.CheckConstraint("if_undeliverable IN ('return', 'destroy')", name="logistics_orders_policy"),
        sa.CheckConstraint("freight >= 0 AND return_fee >= 0 AND paid >= 0 AND due >= 0", name="logistics_orders_money"),
        sa.CheckConstraint("state IN ('awaiting_freight', 'refused', 'voided') OR waybill_key IS NOT NULL", name="logistics_orders_issued"),
    )
    live = sa.text("state NOT IN ('refused', 'voided')")
    op.create_index("logistics_orders_live", "logistics_orders", ["order_id"], unique=True, postgresql_where=live, sqlite_where=live)
    op.create_index("logistics_orders_of_order", "logistics_orders", ["order_id", "created_at"])
    op.create_index("logistics_orders_waybill_key", "logistics_orders", ["waybill_key"])
    op.create_index("logistics_orders_domestic_waybill", "logistics_orders", ["domestic_waybill_key"])
    op.create_table(
        "waybill_serials",
        sa.Column("channel", sa.String(40), primary_key=True),
        sa.Column("last", sa.BigInteger, nullable=False),
        sa.CheckConstraint("last > 0", name="waybill_serials_last"),
    )


def downgrade() -> None:
    op.drop_table("waybill_serials")
    op.drop_table("logistics_orders")
