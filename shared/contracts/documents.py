"""Operations on documents: what an account uploads once and may be asked for in several places. Their bytes are base 64 on the bus, and bare over HTTP."""

from __future__ import annotations

from marshmallow import fields, validate

from shared.contracts.fields import Id, Shape, Text, Timestamp
from shared.contracts.logistics import Document
from shared.contracts.operations import ById, ByKey, Operation

MEDIA_TYPES = ("application/pdf", "image/jpeg", "image/png", "image/tiff", "image/webp")
"""What a document may be: papers and pictures, none of which a browser would run."""


class UploadDocument(Shape):
    name = Text(120, required=True, metadata={"description": "As its owner would find it again."})
    order_id = Id(metadata={"description": "An order of the caller's: its other party may see the document, too."})
    media_type = fields.String(required=True, validate=validate.OneOf(MEDIA_TYPES))
    content = fields.String(required=True, metadata={"description": "Base 64."})


class DocumentFacts(Shape):
    id = Id(required=True)
    name = fields.String(required=True)
    media_type = fields.String(required=True)
    size = fields.Integer(required=True, metadata={"description": "Bytes."})
    sha256 = fields.String(required=True, metadata={"description": "Of its bytes, in hex."})
    owner_id = Id(required=True)
    order_ids = fields.List(Id(), required=True, metadata={"description": "The orders it was uploaded for, as far as the caller may see them."})
    created_at = Timestamp(required=True)


class DocumentContent(Document):
    media_types = MEDIA_TYPES


class OrderIds(Shape):
    ids = fields.List(Id(), required=True)


UPLOAD_DOCUMENT = Operation("accounts", "upload_document", UploadDocument, DocumentFacts, writes=True)
"""The same bytes of the same owner are one document, whatever they are called the second time."""
DESCRIBE_DOCUMENT = Operation("accounts", "describe_document", ById, DocumentFacts)
DOWNLOAD_DOCUMENT = Operation("accounts", "download_document", ById, DocumentContent)
OWN_ORDERS_AMONG = Operation("orders", "own_orders_among", OrderIds, OrderIds, by_key=ByKey.ALWAYS)
"""Those of the orders that the caller may see: accounts asks whom a document may be shown to."""
