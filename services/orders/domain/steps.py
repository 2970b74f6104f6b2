"""The trade, as one table: the eight steps an order walks from top to bottom, and the rules that hold besides them.

This is the place to read first. `transitions.py` expands these rows for given terms, `soundness.py` refuses, at import, rows that are double or
lead nowhere, `lifecycle.py` answers from them what may happen. Documentation, diagram, forms, buttons and tests all derive from the same rows.
"""

from __future__ import annotations

from services.orders.domain.rows import Condition, Rule, Step

# Who acts. The parties are known by their id, not by what roles an account has; the last three are no people.
BUYER, SUPPLIER, OPERATOR, CARRIER, CLOCK, SYSTEM = ROLES = ("buyer", "supplier", "operator", "carrier", "clock", "system")

PLACING, COMPLETED, CANCELLED, REJECTED = "placing", "completed", "cancelled", "rejected"
FINAL_STATES = (COMPLETED, CANCELLED, REJECTED)


ALWAYS = None
DIRECT, ESCROW = Condition("settlement", "direct"), Condition("settlement", "escrow")
PLATFORM, INSURED = Condition("customs", "platform"), Condition("insurance", "supplier")

# Stand-ins that become the step's own: its state, its exception state, its actor. PARTY is either of buyer and supplier.
A_STEP, ITS_EXCEPTION, ITS_ACTOR, PARTY = "<step>", "<step>_exception", "<actor>", "<party>"

# Guards, in words; `lifecycle.py` holds the test of each.
NOT_PROPOSED = "nobody has proposed it yet"
OTHER_PROPOSED = "the other party has proposed it"
OVERDUE = "the shipping deadline is past"
NO_OTHER_CHANNEL = "the other party has not proposed a channel"
OTHER_CHANNEL = "the other party has proposed a channel"
REFUND_OPEN = "the refund is not yet received"

RETURNED = "orders.submission_returned.v1"

# An order is placed once stock and channel are both there for it.
SECURED = ("catalog.stock_reserved.v1", "logistics.channel_confirmed.v1")
UNDELIVERABLE = "logistics.parcel_undeliverable.v1"
CHANNEL_CHANGED, CHANNEL_REFUSED = "logistics.channel_changed.v1", "logistics.channel_change_refused.v1"
NO_STOCK, NO_CHANNEL = "catalog.stock_refused.v1", "logistics.channel_refused.v1"

# fmt: off
STEPS = (
    #    step                    the order's state     label                 actor     action             button                 applies when
    Step("payment",              "awaiting_payment",   "Waiting payment",    BUYER,    "pay",             "Payment",             ALWAYS,
         form="payment",              event="orders.payment_made.v1",      awaits="payments.payment_recorded.v1",  refused_by="payments.payment_refused.v1",
         deadline="payment"),

    Step("payment_confirmation", "buyer_paid",         "Buyer paid",         SUPPLIER, "confirm_payment", "Confirm Payment",     DIRECT,
         form="payment_confirmation", event="orders.payment_confirmed.v1", with_password=True,
         reasons=("payment_not_received", "amount_mismatch", "other")),

    Step("export_customs",       "payment_ready",      "Payment ready",      SUPPLIER, "declare_export",  "Customs Application", PLATFORM,
         form="export_customs",       event="orders.export_cleared.v1",    awaits="logistics.export_declared.v1",  refused_by="logistics.export_refused.v1",
         reasons=("export_rejected", "documents_missing", "held_for_inspection", "other")),

    Step("shipping",             "ready_to_ship",      "Ready to ship",      SUPPLIER, "ship",            "Ship",                ALWAYS,
         form="shipping",             event="orders.goods_shipped.v1",     awaits="logistics.shipment_created.v1", refused_by="logistics.shipment_refused.v1",
         reasons=("carrier_refused", "no_capacity", "goods_damaged", "out_of_stock", "other"), deadline="shipping"),

    Step("insurance",            "need_insurance",     "Need insurance",     SUPPLIER, "insure",          "Insurance",           INSURED,
         form="insurance",            event="orders.goods_insured.v1",     awaits="logistics.policy_recorded.v1",  refused_by="logistics.policy_refused.v1",
         reasons=("insurer_declined", "premium_unpaid", "other")),

    Step("transport",            "in_transit",         "In transit",         SUPPLIER, "report_arrival",  "Transport Success",   ALWAYS,
         form=None,                   event="orders.goods_arrived.v1",     also_by="logistics.parcel_arrived.v1",  failed_by=UNDELIVERABLE,
         reasons=("lost", "damaged", "delayed", "returned_to_sender", "seized", "other"), exception="Transport Fail"),

    Step("import_customs",       "arrived_in_customs", "Arrived in customs", BUYER,    "clear_import",    "Customs Clearance",   PLATFORM,
         form="import_customs",       event="orders.import_cleared.v1",    awaits="logistics.import_declared.v1",  refused_by="logistics.import_refused.v1",
         reasons=("import_rejected", "duties_unpaid", "held_for_inspection", "other")),

    Step("receiving",            "receiving",          "Receiving",          BUYER,    "receive",         "Goods Received",      ALWAYS,
         form="receiving",            event="orders.goods_received.v1",    also_by=CLOCK,                          failed_by=UNDELIVERABLE,
         reasons=("not_delivered", "damaged", "quantity_short", "not_as_described", "other"), deadline="acceptance"),
)

# How an order begins, what can go wrong at a step, and how it ends before its time.
RULES = (
    #    action             by         while the order is  it becomes          event                           form, and when else
    Rule("place",            PARTY,     None,               PLACING,            "orders.order_placed.v1",       awaits=SECURED),
    Rule("confirm",          SYSTEM,    PLACING,            "awaiting_payment", "orders.order_confirmed.v1",    on=SECURED),
    Rule("reject",           SYSTEM,    PLACING,            REJECTED,           "orders.order_rejected.v1",     on=(NO_STOCK,)),
    Rule("reject",           SYSTEM,    PLACING,            REJECTED,           "orders.order_rejected.v1",     on=(NO_CHANNEL,)),

    Rule("exception",        ITS_ACTOR, A_STEP,             ITS_EXCEPTION,      "orders.exception_raised.v1",   form="exception"),
    Rule("resolve",          ITS_ACTOR, ITS_EXCEPTION,      A_STEP,             "orders.exception_resolved.v1", form="note"),
    Rule("resolve",          OPERATOR,  ITS_EXCEPTION,      A_STEP,             "orders.exception_resolved.v1", form="note"),
    Rule("propose_abort",    PARTY,     ITS_EXCEPTION,      ITS_EXCEPTION,      "orders.abort_proposed.v1",     form="note", only=NOT_PROPOSED),
    Rule("abort",            PARTY,     ITS_EXCEPTION,      CANCELLED,          "orders.order_cancelled.v1",    form="note", only=OTHER_PROPOSED),
    Rule("abort",            OPERATOR,  ITS_EXCEPTION,      CANCELLED,          "orders.order_cancelled.v1",    form="note"),

    Rule("cancel",           PARTY,     "awaiting_payment", CANCELLED,          "orders.order_cancelled.v1",    form="note"),
    Rule("cancel",           CLOCK,     "awaiting_payment", CANCELLED,          "orders.order_cancelled.v1",    at="payment"),
    Rule("cancel",           BUYER,     "ready_to_ship",    CANCELLED,          "orders.order_cancelled.v1",    form="note", only=OVERDUE, applies=ESCROW),
    Rule("propose_channel",  PARTY,     "ready_to_ship",    "ready_to_ship",    "orders.channel_proposed.v1",   form="channel", only=NO_OTHER_CHANNEL),
    Rule("decline_channel",  PARTY,     "ready_to_ship",    "ready_to_ship",    "orders.channel_declined.v1",   form="note", only=OTHER_CHANNEL),
    Rule("agree_channel",    PARTY,     "ready_to_ship",    "ready_to_ship",    "orders.channel_agreed.v1",     form="note", only=OTHER_CHANNEL, awaits=(CHANNEL_CHANGED,)),
    Rule("change_channel",   SYSTEM,    "ready_to_ship",    "ready_to_ship",    "orders.channel_changed.v1",    on=(CHANNEL_CHANGED,)),
    Rule("keep_channel",     SYSTEM,    "ready_to_ship",    "ready_to_ship",    RETURNED,                       on=(CHANNEL_REFUSED,)),
    Rule("confirm_refund",   BUYER,     CANCELLED,          CANCELLED,          "orders.refund_received.v1",    form="note", only=REFUND_OPEN, applies=DIRECT),
    Rule("end_protection",   CLOCK,     COMPLETED,          COMPLETED,          "orders.protection_ended.v1",   at="protection", applies=ESCROW),
)
# fmt: on
