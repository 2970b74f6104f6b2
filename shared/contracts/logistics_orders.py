"""Operations on logistics orders: shipping online, from booking to the warehouse that hands the parcel over, and what becomes of one that cannot be delivered."""

from __future__ import annotations

from marshmallow import fields, validate

from shared.contracts.fields import Id, Measure, Money, Quantity, Shape, Text, Timestamp
from shared.contracts.forms import PackageForm, PackingCheckList
from shared.contracts.operations import ById, Operation, if_match
from shared.contracts.orders import Action
from shared.contracts.trade import COLLECTION_WAYS, IF_UNDELIVERABLE, SPECIAL_GOODS, Address

UNDELIVERABLE = ("address_wrong", "recipient_unknown", "refused", "not_collected", "customs_refused", "damaged", "other")
"""Why a parcel cannot be delivered."""


class BookedCollection(Shape):
    """How the parcel gets to the warehouse: fetched (`pickup`), sent by a domestic carrier (`drop_off`), or as arranged with the warehouse by hand."""

    way = fields.String(required=True, validate=validate.OneOf(COLLECTION_WAYS))
    address = fields.Nested(Address, required=True, metadata={"description": "The sender's: where the parcel is fetched, and what stands on the label."})
    domestic_waybill = Text(40, metadata={"description": "Of `drop_off`: the domestic carrier's tracking number, where it is known already."})
    arranged_with = Text(200, metadata={"description": "Of `arranged`: with whom at the warehouse, and for when."})


class CreateLogisticsOrder(Shape):
    """Book the order's channel online. The freight, and the fee for a return where that is chosen, are charged to the supplier's freight account."""

    id = Id(required=True, metadata={"description": "The order's id."})
    packages = fields.List(fields.Nested(PackageForm), required=True, validate=validate.Length(min=1, max=200))
    special_goods = fields.List(fields.String(validate=validate.OneOf(SPECIAL_GOODS)), load_default=list, validate=validate.Length(max=len(SPECIAL_GOODS)))
    packing_check_list = fields.Nested(PackingCheckList, required=True)
    collection = fields.Nested(BookedCollection, required=True)
    if_undeliverable = fields.String(
        required=True,
        validate=validate.OneOf(IF_UNDELIVERABLE),
        metadata={"description": "`return` costs a fixed fee, charged with the freight; to `destroy` costs nothing."},
    )


class ActOnLogisticsOrder(ById):
    if_match = if_match()


class TellDomesticWaybill(ActOnLogisticsOrder):
    """The tracking number of the domestic carrier that brings the parcel to the warehouse."""

    domestic_waybill = Text(40, required=True)


class ScanParcel(Shape):
    """A parcel has come to a warehouse: by its waybill, or by the domestic one on its outer layer, which is to be stripped."""

    waybill_number = Text(40, required=True, metadata={"description": "Either; case, spaces and dashes do not matter."})


class MeasuredPackage(Shape):
    count = Quantity(required=True)
    length_cm = Measure(required=True)
    width_cm = Measure(required=True)
    height_cm = Measure(required=True)
    weight_kg = Measure(required=True, metadata={"description": "Of one package."})


class WeighParcel(ActOnLogisticsOrder):
    """The packages as the warehouse finds them. A difference in freight is charged or given back."""

    packages = fields.List(fields.Nested(MeasuredPackage), required=True, validate=validate.Length(min=1, max=200))


class ReportUndeliverable(Shape):
    """What was chosen for the parcel is done: it goes back, or is destroyed."""

    waybill_number = Text(40, required=True)
    reason = fields.String(required=True, validate=validate.OneOf(UNDELIVERABLE))


class Warehouse(Shape):
    code = fields.String(required=True)
    name = fields.String(required=True)
    street = fields.String(required=True)
    city = fields.String(required=True)
    region = fields.String()
    postal_code = fields.String(required=True)
    country = fields.String(required=True)
    phone = fields.String(required=True)
    opening_hours = fields.String(required=True)


class Collection(BookedCollection):
    warehouse = fields.Nested(Warehouse, required=True)
    instructions = fields.List(fields.String(), required=True, metadata={"description": "What the sender is to do."})


class LogisticsOrder(Shape):
    id = Id(required=True)
    number = fields.String(required=True)
    order_id = Id(required=True)
    state = fields.String(required=True)
    label = fields.String(required=True)
    version = fields.Integer(required=True)
    awaiting = fields.List(fields.String(), required=True, metadata={"description": "Events of other services it waits for; empty where none is under way."})
    channel = fields.String(required=True)
    carrier = fields.String(required=True)
    packages = fields.List(fields.Nested(PackageForm), required=True)
    special_goods = fields.List(fields.String(), required=True)
    if_undeliverable = fields.String(required=True)
    collection = fields.Nested(Collection, required=True)
    billable_kg = Measure(required=True)
    freight = Money(required=True, metadata={"description": "By the latest weighing."})
    return_fee = Money(required=True)
    paid = Money(required=True, metadata={"description": "Taken from the freight account, less what was given back."})
    waybill_number = fields.String(required=True, allow_none=True)
    measured = fields.List(
        fields.Nested(MeasuredPackage), required=True, allow_none=True, metadata={"description": "The packages as the warehouse found them."}
    )
    scanned_at = Timestamp(required=True, allow_none=True)
    handed_over_at = Timestamp(required=True, allow_none=True)
    disposition_at = Timestamp(required=True, allow_none=True, metadata={"description": "When a parcel that could not be delivered was returned or destroyed."})
    reason = fields.String(required=True, allow_none=True)
    message = fields.String(required=True, allow_none=True, metadata={"description": "Why it is refused, on hold or undeliverable, and what to do."})
    created_at = Timestamp(required=True)
    updated_at = Timestamp(required=True)
    actions = fields.List(fields.Nested(Action), required=True)


class Disposition(Shape):
    """What becomes of a parcel that cannot be delivered."""

    waybill_number = fields.String(required=True)
    if_undeliverable = fields.String(required=True)
    state = fields.String(required=True, metadata={"description": "`returning`, `returned` or `destroyed`."})
    reason = fields.String(required=True)
    message = fields.String(required=True)
    disposition_at = Timestamp(required=True, allow_none=True)


CREATE_LOGISTICS_ORDER = Operation("logistics", "create_logistics_order", CreateLogisticsOrder, LogisticsOrder, writes=True)
GET_LOGISTICS_ORDER = Operation("logistics", "get_logistics_order", ById, LogisticsOrder)
GET_ORDERS_LOGISTICS_ORDER = Operation("logistics", "get_orders_logistics_order", ById, LogisticsOrder)
"""By the id of the order: the latest that was made for it."""
VOID_LOGISTICS_ORDER = Operation("logistics", "void_logistics_order", ActOnLogisticsOrder, LogisticsOrder, writes=True)
TELL_DOMESTIC_WAYBILL = Operation("logistics", "tell_domestic_waybill", TellDomesticWaybill, LogisticsOrder, writes=True)
SCAN_PARCEL = Operation("logistics", "scan_parcel", ScanParcel, LogisticsOrder, writes=True)
WEIGH_PARCEL = Operation("logistics", "weigh_parcel", WeighParcel, LogisticsOrder, writes=True)
HAND_OVER_PARCEL = Operation("logistics", "hand_over_parcel", ActOnLogisticsOrder, LogisticsOrder, writes=True)
REPORT_UNDELIVERABLE = Operation("logistics", "report_undeliverable", ReportUndeliverable, Disposition, writes=True)
CONFIRM_RETURN = Operation("logistics", "confirm_return", ActOnLogisticsOrder, LogisticsOrder, writes=True)
