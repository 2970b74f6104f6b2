"""Operations on labels: an order's, and those of many orders in one document."""

from __future__ import annotations

from collections import Counter

from marshmallow import ValidationError, fields, validate

from shared.contracts.fields import Id, Shape, Text, Timestamp
from shared.contracts.logistics import Document
from shared.contracts.operations import ById, Operation

MOST_ORDERS = 1000
"""In one batch."""


def _each_once(numbers: list[str]) -> None:
    if twice := [number for number, times in Counter(numbers).items() if times > 1]:
        raise ValidationError(f"Named more than once: {', '.join(twice[:5])}.")


class MakeLabelBatch(Shape):
    order_numbers = fields.List(
        Text(20),
        required=True,
        validate=[validate.Length(1, MOST_ORDERS), _each_once],
        metadata={"description": "The orders' own numbers, `TO-…`; their labels are printed in this order.", "uniqueItems": True},
    )


class FailedLabel(Shape):
    order_number = fields.String(required=True)
    reason = fields.String(required=True)
    message = fields.String(required=True)


class LabelBatch(Shape):
    id = Id(required=True)
    awaiting = fields.List(fields.String(), required=True, metadata={"description": "`printing` until every order is printed or has failed."})
    total = fields.Integer(required=True, metadata={"description": "How many orders were asked for."})
    done = fields.Integer(required=True, metadata={"description": "How many of them are printed."})
    failed = fields.List(fields.Nested(FailedLabel), required=True, metadata={"description": "Those that cannot be printed, and why."})
    created_at = Timestamp(required=True)


GET_LABEL = Operation("logistics", "get_label", ById, Document)
"""By the id of the order."""
MAKE_LABEL_BATCH = Operation("logistics", "make_label_batch", MakeLabelBatch, LabelBatch, writes=True)
GET_LABEL_BATCH = Operation("logistics", "get_label_batch", ById, LabelBatch)
GET_LABEL_BATCH_DOCUMENT = Operation("logistics", "get_label_batch_document", ById, Document)
