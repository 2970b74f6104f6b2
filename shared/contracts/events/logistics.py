"""Events of logistics."""

from __future__ import annotations

from marshmallow import fields

from shared.contracts.events.registry import SUPPLIER, EventContract
from shared.contracts.fields import Id, Money, Notice, Timestamp


class ChannelAnswer(Notice):
    order_id = Id(required=True)
    channel = fields.String(required=True)


class Refusal(Notice):
    order_id = Id(required=True)
    reason = fields.String(required=True)
    message = fields.String(required=True)


class Filed(Notice):
    order_id = Id(required=True)
    number = fields.String(required=True, metadata={"description": "The declaration's, shipment's or policy's own number here."})
    documents = fields.List(fields.String(), load_default=list, metadata={"description": "Names of the documents issued with it."})


class FreightItem(Notice):
    kind = fields.String(required=True, metadata={"description": "`freight`, `return_fee` or `reweighing`."})
    amount = Money(required=True)


class Freight(Notice):
    """All of the items, or none, are charged to (or credited to) the supplier's freight account, once a charge id."""

    order_id = Id(required=True)
    charge_id = Id(required=True)
    account_id = Id(required=True, metadata={"description": "The supplier whose freight account it is."})
    items = fields.List(fields.Nested(FreightItem), required=True)


class NoticeContact(Notice):
    """Whom to ask."""

    carrier = fields.String(required=True, allow_none=True)
    website = fields.String(required=True, allow_none=True)
    supplier = fields.String(required=True)


class TrackingNoticed(Notice):
    order_id = Id(required=True)
    buyer_id = Id(required=True)
    supplier_id = Id(required=True)
    waybill_number = fields.String(required=True)
    kind = fields.String(required=True, metadata={"description": "`silent`, `overdue` or `abnormal`."})
    status = fields.String(required=True)
    reason = fields.String(load_default=None, allow_none=True)
    message = fields.String(required=True, metadata={"description": "What is amiss, and whom to ask."})
    contact = fields.Nested(NoticeContact, required=True)
    raised_at = Timestamp(required=True)


class WaybillIssued(ChannelAnswer):
    carrier = fields.String(required=True)
    number = fields.String(required=True, metadata={"description": "The waybill's."})


class Arrival(Notice):
    order_id = Id(required=True)
    waybill_number = fields.String(required=True)
    occurred_at = Timestamp(required=True)


EVENTS = (
    EventContract("logistics.channel_confirmed.v1", ChannelAnswer, "order", "The chosen channel can carry the goods."),
    EventContract("logistics.channel_refused.v1", Refusal, "order", "The chosen channel cannot carry the goods."),
    EventContract("logistics.export_declared.v1", Filed, "order", "The export declaration is filed; invoice and packing list are issued."),
    EventContract("logistics.export_refused.v1", Refusal, "order", "The export declaration could not be filed."),
    EventContract("logistics.shipment_created.v1", Filed, "order", "The logistics order stands and the waybill is known."),
    EventContract("logistics.shipment_refused.v1", Refusal, "order", "The shipment could not be created."),
    EventContract("logistics.policy_recorded.v1", Filed, "order", "The insurance policy is on file."),
    EventContract("logistics.policy_refused.v1", Refusal, "order", "The insurance policy could not be recorded."),
    EventContract("logistics.parcel_arrived.v1", Arrival, "order", "Tracking says the goods have arrived."),
    EventContract("logistics.import_declared.v1", Filed, "order", "The import clearance is on file."),
    EventContract("logistics.import_refused.v1", Refusal, "order", "The import clearance could not be recorded."),
    EventContract("logistics.channel_changed.v1", ChannelAnswer, "order", "The goods go by the channel that both parties agreed on instead."),
    EventContract("logistics.channel_change_refused.v1", Refusal, "order", "The channel that both parties agreed on cannot carry the goods."),
    EventContract("logistics.freight_due.v1", Freight, "order", "Freight is to be charged for the order's logistics order.", SUPPLIER),
    EventContract("logistics.freight_credited.v1", Freight, "order", "Freight charged before is given back.", SUPPLIER),
    EventContract("logistics.parcel_undeliverable.v1", Refusal, "order", "The parcel cannot be delivered; it goes back or is destroyed, as was chosen."),
    EventContract("logistics.tracking_noticed.v1", TrackingNoticed, "order", "Tracking is not as it should be: buyer and supplier are told whom to ask."),
    EventContract("logistics.waybill_issued.v1", WaybillIssued, "order", "Freight is paid; the parcel goes by this waybill."),
    EventContract("logistics.waybill_voided.v1", Filed, "order", "The waybill is void: the shipment is off, or is booked anew."),
)
