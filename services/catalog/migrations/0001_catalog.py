"""Products with their stock, and the orders' reservations of it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from shared.platform.columns import Id, Json, UtcDateTime

revision = "catalog_0001"
down_revision = None
branch_labels = ("catalog",)
depends_on = None


def upgrade() -> None:
    op.create_table(
        "products",
        sa.Column("id", Id(), primary_key=True),
        sa.Column("supplier_id", Id(), nullable=False),
        sa.Column("supplier_name", sa.String(120), nullable=False),
        sa.Column("sku", sa.String(60), nullable=False),
        sa.Column("title", sa.String(200), nullable=False),
        sa.Column("description", sa.Text),
        sa.Column("unit", sa.String(3), nullable=False),
        sa.Column("price_minor", sa.BigInteger, nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("minimum_quantity", sa.Integer, nullable=False),
        sa.Column("hs_code", sa.String(10)),
        sa.Column("country_of_origin", sa.String(2)),
        sa.Column("net_mass_g", sa.BigInteger, nullable=False),
        sa.Column("gross_mass_g", sa.BigInteger, nullable=False),
        sa.Column("properties", Json, nullable=False),
        sa.Column("special_goods", Json, nullable=False),
        sa.Column("words", sa.Text, nullable=False),
        sa.Column("on_hand", sa.Integer, nullable=False),
        sa.Column("reserved", sa.Integer, nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.Column("updated_at", UtcDateTime, nullable=False),
        sa.UniqueConstraint("supplier_id", "sku", name="products_sku"),
        sa.CheckConstraint("price_minor > 0", name="products_price"),
        sa.CheckConstraint("net_mass_g > 0 AND net_mass_g <= gross_mass_g", name="products_masses"),
        sa.CheckConstraint("reserved >= 0 AND on_hand >= 0 AND reserved <= on_hand", name="products_stock"),
        sa.CheckConstraint("state IN ('active', 'withdrawn')", name="products_state"),
    )
    op.create_index("products_of_supplier", "products", ["supplier_id", "id"])
    if op.get_bind().dialect.name == "postgresql":
        op.execute("CREATE INDEX products_words ON products USING gin (array_to_tsvector(string_to_array(words, ' ')))")
    op.create_table(
        "reservations",
        sa.Column("order_id", Id(), primary_key=True),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.Column("updated_at", UtcDateTime, nullable=False),
        sa.CheckConstraint("state IN ('reserved', 'committed', 'released', 'refused')", name="reservations_state"),
    )
    op.create_table(
        "reservation_lines",
        sa.Column("order_id", Id(), sa.ForeignKey("reservations.order_id"), primary_key=True),
        sa.Column("product_id", Id(), primary_key=True, index=True),
        sa.Column("quantity", sa.BigInteger, nullable=False),
        sa.CheckConstraint("quantity > 0", name="reservation_lines_quantity"),
    )


def downgrade() -> None:
    for table in ("reservation_lines", "reservations", "products"):
        op.drop_table(table)
