"""Events of logistics."""

from __future__ import annotations

from marshmallow import fields

from shared.contracts.events.registry import EventContract
from shared.contracts.fields import Id, Notice, Timestamp


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
    EventContract("logistics.waybill_voided.v1", Filed, "order", "The shipment is off and its waybill void."),
)
