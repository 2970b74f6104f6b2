"""Tracking: its vocabulary, what carriers send, and what anybody may ask about a waybill number."""

from __future__ import annotations

from marshmallow import fields, validate

from shared.contracts.fields import Country, Id, Shape, Text, Timestamp
from shared.contracts.operations import Callback, Operation

TRACKING_STATUSES = (
    "pending",
    "picked_up",
    "in_transit",
    "on_hold",
    "delivery_delayed",
    "out_for_delivery",
    "ready_for_pickup",
    "delivered",
    "delivery_failed",
    "return_to_sender",
    "cancelled",
    "unknown",
)
"""Karrio's unified tracking vocabulary."""

INCIDENT_REASONS = (
    "carrier_damaged_parcel",
    "carrier_sorting_error",
    "carrier_address_not_found",
    "carrier_parcel_lost",
    "carrier_not_enough_time",
    "carrier_vehicle_issue",
    "carrier_capacity_exceeded",
    "carrier_mechanical_delay",
    "retailer_cancelled",
    "retailer_incorrect_data",
    "retailer_not_ready",
    "retailer_incorrect_parcel",
    "retailer_incorrect_dimensions",
    "retailer_packaging_issue",
    "consignee_refused",
    "consignee_business_closed",
    "consignee_not_available",
    "consignee_not_home",
    "consignee_cancelled",
    "consignee_verification_failed",
    "consignee_incorrect_address",
    "consignee_access_restricted",
    "consignee_safe_place_unavailable",
    "customs_delay",
    "customs_documentation",
    "customs_duties_unpaid",
    "customs_prohibited",
    "customs_inspection",
    "weather_delay",
    "natural_disaster",
    "force_majeure",
    "parcel_being_researched",
    "security_issue",
    "regulatory_hold",
    "unknown",
)
"""Karrio's reasons for what is not as it should be."""


class Sighting(Shape):
    """What happened to a parcel, in the common vocabulary."""

    status = fields.String(required=True, validate=validate.OneOf(TRACKING_STATUSES))
    reason = fields.String(allow_none=True, validate=validate.OneOf(INCIDENT_REASONS), metadata={"description": "Why it is not as it should be."})
    description = Text(300, allow_none=True)
    location = Text(120, allow_none=True)
    country = Country(allow_none=True, metadata={"description": "Of the location."})
    occurred_at = Timestamp(required=True)


class CarrierEvent(Sighting):
    """A tracking event as a carrier sends it."""

    waybill_number = Text(40, required=True, metadata={"description": "Case, spaces and dashes do not matter."})
    event_id = Text(60, required=True, metadata={"description": "The carrier's own id of the event; the same one of a waybill counts once."})
    code = Text(40, allow_none=True, metadata={"description": "The carrier's own code."})


class CarrierReport(Shape):
    """The body of a callback, and the answer to a poll."""

    events = fields.List(fields.Nested(CarrierEvent), required=True, validate=validate.Length(max=200))


class Taken(Shape):
    received = fields.Integer(required=True)
    new = fields.Integer(required=True, metadata={"description": "How many of them were not here yet."})
    unknown_waybills = fields.List(
        fields.String(), required=True, metadata={"description": "Numbers of new events that no shipment has; kept, since one may have them yet."}
    )


class Contact(Shape):
    """Whom to ask."""

    carrier = fields.String(required=True, allow_none=True, metadata={"description": "Its name; null where it is not known."})
    website = fields.String(required=True, allow_none=True, metadata={"description": "Where the carrier shows the waybill."})
    supplier = fields.String(required=True)


class TrackingNotice(Shape):
    """Something is not as it should be."""

    kind = fields.String(required=True, metadata={"description": "`silent`, `overdue` or `abnormal`."})
    status = fields.String(required=True)
    reason = fields.String(allow_none=True)
    message = fields.String(required=True)
    contact = fields.Nested(Contact, required=True)
    raised_at = Timestamp(required=True)


class TrackNumber(Shape):
    number = Text(40, required=True)


class Parcel(Shape):
    """Of a shipment here. Without an account of its order: no order, and of events when, in which country and what."""

    order_id = Id(
        required=True, allow_none=True, metadata={"description": "For the order's parties and operators only, as descriptions, places, reasons and notices."}
    )
    channel = fields.String(required=True)
    carrier = fields.String(required=True, allow_none=True, metadata={"description": "Its name."})
    status = fields.String(required=True)
    estimated_arrival = fields.Date(required=True)
    events = fields.List(fields.Nested(Sighting), required=True)
    notices = fields.List(fields.Nested(TrackingNotice), required=True)


class Recognition(Shape):
    """Whose number it may be, by its look."""

    carrier = fields.String(required=True)
    name = fields.String(required=True)
    kind = fields.String(required=True)
    valid = fields.Boolean(required=True, metadata={"description": "Whether its check digit is right."})
    website = fields.String(required=True, metadata={"description": "Where the carrier shows what it knows of it."})


class Tracked(Shape):
    number = fields.String(required=True)
    parcels = fields.List(
        fields.Nested(Parcel), required=True, metadata={"description": "Those here that go under the number; several where channels share it."}
    )
    recognised = fields.List(fields.Nested(Recognition), required=True)


RECEIVE_CALLBACK = Operation("logistics", "receive_carrier_callback", Callback, Taken, writes=True)
TRACK = Operation("logistics", "track", TrackNumber, Tracked)
