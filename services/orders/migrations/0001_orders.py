"""Enquiries with their offers and messages, orders with drafts and deadlines, and the two histories that can only grow."""

from __future__ import annotations

from collections.abc import Iterator

import sqlalchemy as sa
from alembic import op

from shared.platform.columns import Id, Json, UtcDateTime

revision = "orders_0001"
down_revision = None
branch_labels = ("orders",)
depends_on = None

ENQUIRY_STATES = ("open", "offered", "accepted", "cancelled", "expired")
ORDER_STATES = (
    "placing",
    "awaiting_payment",
    "buyer_paid",
    "payment_confirmation_exception",
    "payment_ready",
    "export_customs_exception",
    "ready_to_ship",
    "shipping_exception",
    "need_insurance",
    "insurance_exception",
    "in_transit",
    "transport_exception",
    "arrived_in_customs",
    "import_customs_exception",
    "receiving",
    "receiving_exception",
    "completed",
    "cancelled",
    "rejected",
)
HISTORIES = ("enquiry_history", "order_history")


def upgrade() -> None:
    op.create_table(
        "enquiries",
        sa.Column("id", Id(), primary_key=True),
        sa.Column("number", sa.String(20), nullable=False, unique=True),
        sa.Column("state", sa.String(40), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        *_parties(),
        sa.Column("lines", Json, nullable=False),
        sa.Column("terms", Json),
        sa.Column("order_lines", Json),
        sa.Column("order_id", Id()),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.Column("updated_at", UtcDateTime, nullable=False),
        _state_check("enquiries_state", ENQUIRY_STATES),
    )
    _create_list_indexes("enquiries")
    op.create_table(
        "enquiry_offers",
        sa.Column("id", Id(), primary_key=True),
        sa.Column("enquiry_id", Id(), sa.ForeignKey("enquiries.id"), nullable=False),
        sa.Column("ordinal", sa.Integer, nullable=False),
        sa.Column("made_by_id", Id(), nullable=False),
        sa.Column("made_by_name", sa.String(120), nullable=False),
        sa.Column("lines", Json, nullable=False),
        sa.Column("terms", Json, nullable=False),
        sa.Column("valid_until", UtcDateTime, nullable=False),
        sa.Column("made_at", UtcDateTime, nullable=False),
        sa.UniqueConstraint("enquiry_id", "ordinal", name="enquiry_offers_ordinal"),
    )
    op.create_table(
        "messages",
        sa.Column("id", Id(), primary_key=True),
        sa.Column("enquiry_id", Id(), sa.ForeignKey("enquiries.id"), nullable=False),
        sa.Column("sender_id", Id(), nullable=False),
        sa.Column("sender_name", sa.String(120), nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("sent_at", UtcDateTime, nullable=False),
    )
    op.create_index("messages_thread", "messages", ["enquiry_id", "sent_at", "id"])
    op.create_table(
        "orders",
        sa.Column("id", Id(), primary_key=True),
        sa.Column("number", sa.String(20), nullable=False, unique=True),
        sa.Column("enquiry_id", Id(), sa.ForeignKey("enquiries.id"), unique=True),
        sa.Column("state", sa.String(40), nullable=False),
        sa.Column("awaiting", Json, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        *_parties(),
        sa.Column("terms", Json, nullable=False),
        sa.Column("lines", Json, nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("total", sa.BigInteger, nullable=False),
        sa.Column("paid", sa.BigInteger),
        sa.Column("refund", sa.BigInteger),
        sa.Column("refund_received_at", UtcDateTime),
        sa.Column("abort_proposed_by", Id()),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.Column("updated_at", UtcDateTime, nullable=False),
        _state_check("orders_state", ORDER_STATES),
    )
    _create_list_indexes("orders")
    for name, aggregate, table in (("enquiry_history", "enquiry_id", "enquiries"), ("order_history", "order_id", "orders")):
        op.create_table(
            name,
            sa.Column(aggregate, Id(), sa.ForeignKey(f"{table}.id"), primary_key=True),
            sa.Column("version", sa.Integer, primary_key=True, autoincrement=False),
            sa.Column("at", UtcDateTime, nullable=False),
            sa.Column("actor_id", sa.String(40), nullable=False),
            sa.Column("actor_role", sa.String(20), nullable=False),
            sa.Column("step", sa.String(40)),
            sa.Column("action", sa.String(60), nullable=False),
            sa.Column("label", sa.String(120), nullable=False),
            sa.Column("from_state", sa.String(40)),
            sa.Column("to_state", sa.String(40), nullable=False),
            sa.Column("reason", sa.Text),
            sa.Column("note", sa.Text),
            sa.Column("form", Json),
        )
    op.create_table(
        "drafts",
        sa.Column("order_id", Id(), sa.ForeignKey("orders.id"), primary_key=True),
        sa.Column("step", sa.String(40), primary_key=True),
        sa.Column("form", Json, nullable=False),
        sa.Column("saved_at", UtcDateTime, nullable=False),
    )
    op.create_table(
        "deadlines",
        sa.Column("aggregate", sa.String(10), primary_key=True),
        sa.Column("aggregate_id", Id(), primary_key=True),
        sa.Column("kind", sa.String(40), primary_key=True),
        sa.Column("due_at", UtcDateTime, nullable=False),
        sa.Column("strikes_at", UtcDateTime),
        sa.CheckConstraint("aggregate IN ('enquiry', 'order')", name="deadlines_aggregate"),
    )
    op.create_index("deadlines_strike", "deadlines", ["aggregate", "strikes_at"])
    op.create_table(
        "test_clock",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("ahead", sa.BigInteger, nullable=False),
        sa.CheckConstraint("id = 1", name="test_clock_one"),
    )
    for statement in _append_only():
        op.execute(statement)


def downgrade() -> None:
    for table in ("test_clock", "deadlines", "drafts", *HISTORIES, "orders", "messages", "enquiry_offers", "enquiries"):
        op.drop_table(table)
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION refuse_change()")


def _parties() -> list[sa.Column[str]]:
    return [sa.Column(f"{role}_{name}", kind, nullable=False) for role in ("buyer", "supplier") for name, kind in (("id", Id()), ("name", sa.String(120)))]


def _state_check(name: str, states: tuple[str, ...]) -> sa.CheckConstraint:
    return sa.CheckConstraint(f"state IN {states}", name=name)


def _create_list_indexes(table: str) -> None:
    for party in ([], ["buyer"], ["supplier"]):
        for state in ([], ["state"]):
            op.create_index("_".join((table, *party, *state, "page")), table, [*(f"{role}_id" for role in party), *state, "created_at", "id"])


def _append_only() -> Iterator[str]:
    """Whoever may write here, nobody may change or drop what stands in a history."""
    if op.get_bind().dialect.name == "postgresql":
        yield """
            CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN RAISE EXCEPTION 'the history can only grow' USING ERRCODE = 'restrict_violation'; END $$
        """
        for table in HISTORIES:
            yield f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    else:
        for table in HISTORIES:
            for change in ("UPDATE", "DELETE"):
                yield (f"CREATE TRIGGER {table}_no_{change.lower()} BEFORE {change} ON {table} BEGIN SELECT RAISE(ABORT, 'the history can only grow'); END")
