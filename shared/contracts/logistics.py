"""Operations of logistics: channels, and an order's shipment with its papers and tracking."""

from __future__ import annotations

from typing import ClassVar

from marshmallow import fields, validate

from shared.contracts.fields import Id, Measure, Shape, Text, Timestamp
from shared.contracts.operations import ById, Empty, Operation
from shared.contracts.tracking import Sighting, TrackingNotice


class Channel(Shape):
    code = fields.String(required=True)
    name = fields.String(required=True)
    mode = fields.String(required=True)
    carrier = fields.String(allow_none=True, metadata={"description": "Null where it is none that the platform deals with."})
    online = fields.Boolean(required=True, metadata={"description": "Whether it is booked here: logistics order, waybill and label."})
    shortest_transit_days = fields.Integer(required=True)
    longest_transit_days = fields.Integer(required=True)
    heaviest_kg = Measure(allow_none=True, metadata={"description": "Of a consignment, by weight or by volumetric weight, whichever is more."})
    heaviest_package_kg = Measure(allow_none=True)
    longest_side_cm = Measure(allow_none=True, metadata={"description": "Of a package."})
    cm3_per_kg = Measure(allow_none=True, metadata={"description": "Volume that counts like one kilogram; null where volume does not count."})
    special_goods = fields.List(fields.String(), required=True, metadata={"description": "Special goods it takes."})
    destinations = fields.List(fields.String(), allow_none=True, metadata={"description": "Countries it goes to; null for all."})


class Channels(Shape):
    items = fields.List(fields.Nested(Channel), required=True)


class DocumentLink(Shape):
    name = fields.String(required=True, metadata={"description": "`commercial_invoice`, `packing_list` or `export_declaration`."})
    number = fields.String(required=True)
    revision = fields.Integer(required=True, metadata={"description": "Counts how often it was issued."})
    issued_at = Timestamp(required=True)


class Filing(Shape):
    kind = fields.String(required=True, validate=validate.OneOf(("export", "import", "insurance")))
    issuer = fields.String(required=True, metadata={"description": "The country whose customs it was filed with, or the insurer."})
    number = fields.String(required=True)
    filed_at = Timestamp(required=True)


class Shipment(Shape):
    order_id = Id(required=True)
    number = fields.String(required=True, metadata={"description": "The logistics order's own number."})
    channel = fields.String(required=True)
    state = fields.String(required=True, metadata={"description": "`planned`, `refused`, `dispatched`, `arrived`, `delivered` or `voided`."})
    waybill_number = fields.String(allow_none=True)
    tracking_status = fields.String(required=True)
    tracking = fields.List(fields.Nested(Sighting), required=True)
    notices = fields.List(fields.Nested(TrackingNotice), required=True, metadata={"description": "What tracking found amiss, oldest first."})
    documents = fields.List(fields.Nested(DocumentLink), required=True)
    declarations = fields.List(fields.Nested(Filing), required=True, metadata={"description": "Export, import and insurance filings, oldest first."})


class ReportTracking(Sighting):
    """By a carrier."""

    waybill_number = Text(40, required=True, metadata={"description": "Case, spaces and dashes do not matter."})
    channel = Text(40, metadata={"description": "Needed where several channels use the same waybill number."})
    event_id = Text(80, required=True, metadata={"description": "The carrier's own id of the event; the same one counts once."})


class GetDocument(Shape):
    id = Id(required=True, metadata={"description": "The order's id."})
    name = Text(60, required=True)


class Document(Shape):
    media_types: ClassVar[tuple[str, ...]] = ("application/pdf",)

    name = fields.String(required=True)
    media_type = fields.String(required=True)
    content = fields.String(required=True, metadata={"description": "Base 64."})


LIST_CHANNELS = Operation("logistics", "list_channels", Empty, Channels)
GET_SHIPMENT = Operation("logistics", "get_shipment", ById, Shipment)
GET_DOCUMENT = Operation("logistics", "get_document", GetDocument, Document)
REPORT_TRACKING = Operation("logistics", "report_tracking", ReportTracking, Shipment, writes=True)
