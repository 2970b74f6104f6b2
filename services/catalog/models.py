"""Catalog's tables. Amounts are in minor units, masses in grams, so that both databases keep them exactly."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, CheckConstraint, Column, ForeignKey, Index, Integer, MetaData, String, Table, Text, UniqueConstraint, text

from services.catalog.domain import product, reservation
from shared.platform.columns import Id, Json, UtcDateTime

metadata = MetaData()

WORD_VECTOR = "array_to_tsvector(string_to_array(words, ' '))"
"""PostgreSQL's index for search is on this expression: full text search of our own words, which needs no extension."""

products = Table(
    "products",
    metadata,
    Column("id", Id(), primary_key=True),
    Column("supplier_id", Id(), nullable=False),
    Column("supplier_name", String(120), nullable=False),
    Column("sku", String(60), nullable=False),
    Column("title", String(200), nullable=False),
    Column("description", Text),
    Column("unit", String(3), nullable=False),
    Column("price_minor", BigInteger, nullable=False),
    Column("currency", String(3), nullable=False),
    Column("minimum_quantity", Integer, nullable=False),
    Column("hs_code", String(10)),
    Column("country_of_origin", String(2)),
    Column("net_mass_g", BigInteger, nullable=False),
    Column("gross_mass_g", BigInteger, nullable=False),
    Column("properties", Json, nullable=False),
    Column("options", Json, nullable=False, server_default="{}"),
    Column("special_goods", Json, nullable=False),
    Column("words", Text, nullable=False),  # what search looks through: the folded words, a space between two
    Column("on_hand", Integer, nullable=False),
    Column("reserved", Integer, nullable=False, default=0),
    Column("state", String(10), nullable=False, default=product.ACTIVE),
    Column("version", Integer, nullable=False, default=1),  # counts what the supplier changed; orders' reservations are no change of theirs
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    UniqueConstraint("supplier_id", "sku", name="products_sku"),
    CheckConstraint("price_minor > 0", name="products_price"),
    CheckConstraint("net_mass_g > 0 AND net_mass_g <= gross_mass_g", name="products_masses"),
    CheckConstraint("reserved >= 0 AND on_hand >= 0 AND reserved <= on_hand", name="products_stock"),
    CheckConstraint(f"state IN {product.STATES}", name="products_state"),
    Index("products_of_supplier", "supplier_id", "id"),
    Index("products_words", text(WORD_VECTOR), postgresql_using="gin").ddl_if(dialect="postgresql"),
)

# Suppliers of whom accounts has told whether they may sell, as of which version of the account. Whoever is not here may.
sellers = Table(
    "sellers",
    metadata,
    Column("id", Id(), primary_key=True),
    Column("may_sell", Boolean, nullable=False),
    Column("version", Integer, nullable=False),
    Index("sellers_held_back", "id", postgresql_where=text("NOT may_sell"), sqlite_where=text("NOT may_sell")),  # the few that each list leaves out
)

reservations = Table(
    "reservations",
    metadata,
    Column("order_id", Id(), primary_key=True),
    Column("state", String(10), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    CheckConstraint(f"state IN {reservation.STATES}", name="reservations_state"),
)

# What an order wants, one row a product; what it has of it is told by its reservation's state. An order may want what is no product.
reservation_lines = Table(
    "reservation_lines",
    metadata,
    Column("order_id", Id(), ForeignKey(reservations.c.order_id), primary_key=True),
    Column("product_id", Id(), primary_key=True, index=True),
    Column("quantity", BigInteger, nullable=False),
    CheckConstraint("quantity > 0", name="reservation_lines_quantity"),
)
