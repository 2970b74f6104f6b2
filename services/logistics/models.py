"""The tables of logistics: one shipment per order, what was filed and issued for it, its logistics orders where it ships online, what carriers sent and
which of it is the shipment's tracking, the notices raised, and the channels' tariffs. What carriers sent, tracking and tariffs are append-only by trigger."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
    text,
)

from services.logistics.domain import logistics_order
from services.logistics.domain.tariff import KINDS as SURCHARGE_KINDS
from shared.platform.columns import Exact, Id, Json, UtcDateTime

metadata = MetaData()

# From the placing of its order on; `facts` is what the order is about, `notice` the shipping form once the goods are dispatched.
PLANNED, REFUSED, DISPATCHED, ARRIVED, DELIVERED, VOIDED = STATES = ("planned", "refused", "dispatched", "arrived", "delivered", "voided")
shipments = Table(
    "shipments",
    metadata,
    Column("order_id", Id(), primary_key=True),
    Column("number", String(20), nullable=False, unique=True),
    Column("order_number", String(20)),
    Column("buyer_id", Id(), nullable=False),
    Column("supplier_id", Id(), nullable=False),
    Column("facts", Json, nullable=False),
    Column("channel", String(40), nullable=False),
    Column("state", String(20), CheckConstraint(f"state IN {STATES}", name="shipments_state"), nullable=False),
    Column("waybill_number", String(40)),
    Column("waybill_key", String(120)),
    Column("notice", Json),
    Column("in_transit", Boolean, nullable=False, server_default=false()),  # the order waits for the goods to arrive
    Column("arrival_told_at", UtcDateTime),
    Column("carrier", String(40)),  # who has the goods, as far as channel and waybill tell
    Column("dispatched_at", UtcDateTime),
    Column("look_at", UtcDateTime),  # when to see whether tracking is as it should be
    Column("poll_at", UtcDateTime),  # when to ask its carrier, if that is asked
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    UniqueConstraint("channel", "waybill_key", name="shipments_waybill"),
    CheckConstraint("state NOT IN ('dispatched', 'arrived', 'delivered') OR waybill_key IS NOT NULL", name="shipments_under_way"),
)
Index("shipments_waybill_key", shipments.c.waybill_key)
Index("shipments_look", shipments.c.look_at, postgresql_where=shipments.c.look_at.is_not(None))
Index("shipments_poll", shipments.c.carrier, shipments.c.poll_at, postgresql_where=shipments.c.poll_at.is_not(None))
Index("shipments_order_number", shipments.c.supplier_id, shipments.c.order_number)

# Filed with customs or an insurer: `issuer` gave, or takes, the number, which is nobody else's.
EXPORT, IMPORT, INSURANCE = KINDS = ("export", "import", "insurance")
filings = Table(
    "filings",
    metadata,
    Column("order_id", Id(), ForeignKey(shipments.c.order_id), primary_key=True),
    Column("kind", String(20), CheckConstraint(f"kind IN {KINDS}", name="filings_kind"), primary_key=True),
    Column("issuer", String(120), nullable=False),
    Column("number", String(60), nullable=False),
    Column("key", String(600), nullable=False),
    Column("form", Json, nullable=False),
    Column("filed_at", UtcDateTime, nullable=False),
    UniqueConstraint("kind", "key", name="filings_number"),
)

# As issued; printed when it is fetched. A changed filing issues its papers again, under the same numbers.
documents = Table(
    "documents",
    metadata,
    Column("order_id", Id(), ForeignKey(shipments.c.order_id), primary_key=True),
    Column("name", String(40), primary_key=True),
    Column("number", String(40), nullable=False),
    Column("revision", Integer, CheckConstraint("revision > 0", name="documents_revision"), nullable=False),
    Column("paper", Json, nullable=False),
    Column("issued_at", UtcDateTime, nullable=False),
    UniqueConstraint("name", "number", name="documents_number"),
)

# Booked online by the supplier. `sender` is an Address, `collection` how the parcel gets to the warehouse, `measured` the packages as the warehouse
# found them. Money is in minor units: `freight` by the latest weighing, `paid` what is taken in all, less what is given back, `due` what was asked for
# under `charge_id` and is not taken yet.
_LIVE = text(f"state NOT IN {logistics_order.OVER}")
logistics_orders = Table(
    "logistics_orders",
    metadata,
    Column("id", Id(), primary_key=True),
    Column("order_id", Id(), ForeignKey(shipments.c.order_id), nullable=False),
    Column("number", String(20), nullable=False, unique=True),
    Column("supplier_id", Id(), nullable=False),
    Column("channel", String(40), nullable=False),
    Column("carrier", String(20), nullable=False),
    Column("state", String(20), CheckConstraint(f"state IN {tuple(logistics_order.STATES)}", name="logistics_orders_state"), nullable=False),
    Column("version", Integer, nullable=False, server_default="1"),
    Column("packages", Json, nullable=False),
    Column("special_goods", Json, nullable=False),
    Column("check_list", Json, nullable=False),
    Column("sender", Json, nullable=False),
    Column("collection", Json, nullable=False),
    Column(
        "if_undeliverable",
        String(10),
        CheckConstraint(f"if_undeliverable IN {logistics_order.POLICIES}", name="logistics_orders_policy"),
        nullable=False,
    ),
    Column("tariff_id", Id(), nullable=False),
    Column("billable_kg", Exact, nullable=False),
    Column("currency", String(3), nullable=False),
    Column("freight", BigInteger, nullable=False),
    Column("return_fee", BigInteger, nullable=False),
    Column("paid", BigInteger, nullable=False),
    Column("due", BigInteger, nullable=False),
    Column("charge_id", Id(), nullable=False, unique=True),
    Column("waybill_number", String(40)),
    Column("waybill_key", String(40)),
    Column("domestic_waybill_key", String(120)),
    Column("measured", Json),
    Column("weighed_kg", Exact),
    Column("scanned_at", UtcDateTime),
    Column("handed_over_at", UtcDateTime),
    Column("disposition_at", UtcDateTime),
    Column("reason", String(60)),
    Column("message", Text),
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    UniqueConstraint("channel", "waybill_key", name="logistics_orders_waybill"),
    CheckConstraint("freight >= 0 AND return_fee >= 0 AND paid >= 0 AND due >= 0", name="logistics_orders_money"),
    CheckConstraint("state IN ('awaiting_freight', 'refused', 'voided') OR waybill_key IS NOT NULL", name="logistics_orders_issued"),
)
Index("logistics_orders_live", logistics_orders.c.order_id, unique=True, postgresql_where=_LIVE, sqlite_where=_LIVE)
Index("logistics_orders_of_order", logistics_orders.c.order_id, logistics_orders.c.created_at)
Index("logistics_orders_waybill_key", logistics_orders.c.waybill_key)
Index("logistics_orders_domestic_waybill", logistics_orders.c.domestic_waybill_key)

# The last number of each channel's range that a waybill was made of.
waybill_serials = Table(
    "waybill_serials",
    metadata,
    Column("channel", String(40), primary_key=True),
    Column("last", BigInteger, CheckConstraint("last > 0", name="waybill_serials_last"), nullable=False),
)

# Labels of many orders in one document: the orders as they were asked for, and what is printed of them, in parts by the place of each part's first order.
# Whoever works at a batch has it until `claimed_until`, which then is when its turn ended.
label_batches = Table(
    "label_batches",
    metadata,
    Column("id", Id(), primary_key=True),
    Column("supplier_id", Id(), nullable=False),
    Column("claimed_until", UtcDateTime),
    Column("created_at", UtcDateTime, nullable=False),
)
Index("label_batches_age", label_batches.c.created_at)

PENDING, DONE, FAILED = PRINT_STATES = ("pending", "done", "failed")
label_batch_orders = Table(
    "label_batch_orders",
    metadata,
    Column("batch_id", Id(), ForeignKey(label_batches.c.id, ondelete="CASCADE"), primary_key=True),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("order_number", String(20), nullable=False),
    Column("state", String(10), CheckConstraint(f"state IN {PRINT_STATES}", name="label_batch_orders_state"), nullable=False),
    Column("reason", String(40)),
    Column("message", String(300)),
    UniqueConstraint("batch_id", "order_number", name="label_batch_orders_once"),
    CheckConstraint("(state = 'failed') = (reason IS NOT NULL)", name="label_batch_orders_reason"),
)
_TO_PRINT = text("state = 'pending'")
Index("label_batch_orders_pending", label_batch_orders.c.batch_id, postgresql_where=_TO_PRINT, sqlite_where=_TO_PRINT)

label_batch_parts = Table(
    "label_batch_parts",
    metadata,
    Column("batch_id", Id(), ForeignKey(label_batches.c.id, ondelete="CASCADE"), primary_key=True),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("content", LargeBinary, nullable=False),
)

tracking_events = Table(
    "tracking_events",
    metadata,
    Column("order_id", Id(), ForeignKey(shipments.c.order_id), primary_key=True),
    Column("waybill_key", String(120), primary_key=True),
    Column("event_id", String(80), primary_key=True),
    Column("status", String(40), nullable=False),
    Column("reason", String(40)),
    Column("description", String(300)),
    Column("location", String(120)),
    Column("country", String(2)),
    Column("occurred_at", UtcDateTime, nullable=False),
    Column("reported_at", UtcDateTime, nullable=False),
    Column("reported_by", String(40), nullable=False),
)

# What carriers sent, as it came, and what it means. A shipment's part of it stands in `tracking_events`, too, as soon as a shipment has the waybill.
carrier_events = Table(
    "carrier_events",
    metadata,
    Column("sender", String(40), primary_key=True),
    Column("waybill_key", String(120), primary_key=True),
    Column("event_id", String(60), primary_key=True),
    Column("status", String(40), nullable=False),
    Column("reason", String(40)),
    Column("description", String(300)),
    Column("location", String(120)),
    Column("country", String(2)),
    Column("occurred_at", UtcDateTime, nullable=False),
    Column("received_at", UtcDateTime, nullable=False),
    Column("raw", Text, nullable=False),
)
Index("carrier_events_waybill_key", carrier_events.c.waybill_key)

# `occasion` is told once per waybill.
NOTICES = ("silent", "overdue", "abnormal")
tracking_notices = Table(
    "tracking_notices",
    metadata,
    Column("order_id", Id(), ForeignKey(shipments.c.order_id), primary_key=True),
    Column("waybill_key", String(120), primary_key=True),
    Column("occasion", String(120), primary_key=True),
    Column("kind", String(20), CheckConstraint(f"kind IN {NOTICES}", name="tracking_notices_kind"), nullable=False),
    Column("status", String(40), nullable=False),
    Column("reason", String(40)),
    Column("message", String(600), nullable=False),
    Column("contact", Json, nullable=False),
    Column("raised_at", UtcDateTime, nullable=False),
)

# What a channel costs from a day on. A tariff never changes: the one that begins last counts, of those that begin on one day the last revision.
tariffs = Table(
    "tariffs",
    metadata,
    Column("id", Id(), primary_key=True),
    Column("channel", String(40), nullable=False),
    Column("valid_from", Date, nullable=False),
    Column("valid_until", Date),
    Column("revision", Integer, CheckConstraint("revision > 0", name="tariffs_revision"), nullable=False),
    Column("currency", String(3), nullable=False),
    Column("step_g", BigInteger, CheckConstraint("step_g > 0", name="tariffs_step"), nullable=False),
    Column("minimum_g", BigInteger, CheckConstraint("minimum_g >= 0", name="tariffs_minimum"), nullable=False),
    Column("highest_value", BigInteger, CheckConstraint("highest_value > 0", name="tariffs_highest_value")),
    Column("loaded_at", UtcDateTime, nullable=False),
    Column("loaded_by", String(40), nullable=False),
    UniqueConstraint("channel", "valid_from", "revision", name="tariffs_version"),
    CheckConstraint("valid_until >= valid_from", name="tariffs_validity"),
)

# `*` is every country that the tariff does not name.
tariff_countries = Table(
    "tariff_countries",
    metadata,
    Column("tariff_id", Id(), ForeignKey(tariffs.c.id), primary_key=True),
    Column("country", String(2), primary_key=True),
    Column("zone", String(40), nullable=False),
)

tariff_breaks = Table(
    "tariff_breaks",
    metadata,
    Column("tariff_id", Id(), ForeignKey(tariffs.c.id), primary_key=True),
    Column("zone", String(40), primary_key=True),
    Column("up_to_g", BigInteger, CheckConstraint("up_to_g > 0", name="tariff_breaks_mass"), primary_key=True, autoincrement=False),
    Column("price", BigInteger, CheckConstraint("price >= 0", name="tariff_breaks_price"), nullable=False),
    Column("each_g", BigInteger, CheckConstraint("each_g > 0", name="tariff_breaks_each")),
)

tariff_surcharges = Table(
    "tariff_surcharges",
    metadata,
    Column("tariff_id", Id(), ForeignKey(tariffs.c.id), primary_key=True),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("name", String(60), nullable=False),
    Column("kind", String(10), CheckConstraint(f"kind IN {SURCHARGE_KINDS}", name="tariff_surcharges_kind"), nullable=False),
    Column("amount", BigInteger, CheckConstraint("amount > 0", name="tariff_surcharges_amount"), nullable=False),
    Column("special_goods", Json, nullable=False),
    Column("areas", Json, nullable=False),
    UniqueConstraint("tariff_id", "name", name="tariff_surcharges_name"),
)
