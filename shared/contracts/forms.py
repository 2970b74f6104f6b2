"""The forms of the order's steps, as shapes. What must agree with the order (quantities, values, dates, cover) is checked by orders.

`FORMS` maps a form's name to its schema; JSON Schemas, the documentation and the drafts' field names all come from here.
"""

from __future__ import annotations

from typing import Any

from marshmallow import fields, validate

from shared.contracts.fields import (
    AMOUNT_PATTERN,
    Country,
    Currency,
    Flag,
    HsCode,
    Id,
    Measure,
    Money,
    OwnPassword,
    Quantity,
    Shape,
    Text,
    Unit,
    UnLocode,
)
from shared.contracts.trade import COLLECTION_WAYS, IF_UNDELIVERABLE, MODES, SPECIAL_GOODS, Address
from shared.kit.reference import INCOTERMS

PROVIDER_METHODS = ("card", "wallet", "bank_debit")
PAYMENT_METHODS = ("bank_transfer", "letter_of_credit", "documentary_collection", "open_account", "balance", *PROVIDER_METHODS)
CLAUSES = ("ICC A", "ICC B", "ICC C", "ICC Air")


def _evidence(name: str) -> fields.List[Any]:
    return fields.List(
        Text(300),
        validate=validate.Length(max=20),
        metadata={"description": f"{name}: ids of documents uploaded for the order (`POST /v1/documents?order_id=…`), numbers or links."},
    )


class PaymentForm(Shape):
    """The buyer tells how and how much was paid."""

    method = fields.String(
        required=True,
        validate=validate.OneOf(PAYMENT_METHODS),
        metadata={
            "description": "Direct settlement: one by which the money goes to the supplier. Escrow: `balance`, the buyer's funds on the platform, or "
            "`card`, `wallet` or `bank_debit`, which the buyer has bound."
        },
    )
    payment_method_id = Id(metadata={"description": "Which of the buyer's payment methods, for those that are bound."})
    amount = fields.String(required=True, validate=validate.Regexp(AMOUNT_PATTERN.replace("$", r"\Z"), error='A decimal number as a string, e.g. "12.34".'))
    currency = Currency(required=True)
    payer_name = Text(120, required=True)
    payer_account = Text(64, metadata={"description": "Kept masked: only the last four characters are stored."})
    reference = Text(140, required=True, metadata={"description": "The bank's or the credit's reference."})
    paid_on = fields.Date(required=True)
    evidence = _evidence("Evidence of the payment")


class PaymentConfirmationForm(Shape):
    """The supplier confirms that the money has come, with their password."""

    password = OwnPassword()
    received_on = fields.Date(required=True)
    received_amount = Money(required=True, positive=True)


class ExportLine(Shape):
    product_id = Id(required=True)
    hs_code = HsCode(required=True)
    description = Text(300, required=True)
    country_of_origin = Country(required=True)
    quantity = Quantity(required=True)
    unit = Unit(required=True)
    net_mass_kg = Measure(required=True)
    customs_value = Money(required=True, positive=True)


class ExportCustomsForm(Shape):
    """The export customs declaration."""

    declarant = Text(120, required=True)
    exporter_registration_number = Text(40, required=True, metadata={"description": "E.g. EORI or customs registration code."})
    lines = fields.List(fields.Nested(ExportLine), required=True, validate=validate.Length(min=1, max=200))
    gross_mass_kg = Measure(required=True)
    packages = Quantity(required=True)
    incoterm = fields.String(required=True, validate=validate.OneOf(INCOTERMS))
    named_place = Text(120, required=True)
    port_of_export = UnLocode(required=True)
    licence_number = Text(60)
    documents = _evidence("Accompanying documents")


class PackageForm(Shape):
    kind = Text(40, required=True, metadata={"description": "E.g. carton, pallet, drum."})
    count = Quantity(required=True)
    length_cm = Measure(required=True)
    width_cm = Measure(required=True)
    height_cm = Measure(required=True)
    weight_kg = Measure(required=True, metadata={"description": "Of one package."})
    marks = Text(120)


def _checked() -> Flag:
    return Flag(required=True, validate=validate.Equal(True, error="Must be checked before shipping."))


class PackingCheckList(Shape):
    quantity_agrees = _checked()
    model_agrees = _checked()
    specification_agrees = _checked()
    colour_agrees = _checked()
    moisture_proof = _checked()
    shock_proof = _checked()
    pressure_proof = _checked()
    recipient_marked = _checked()
    sender_marked = _checked()
    contents_marked = _checked()


class CollectionForm(Shape):
    way = fields.String(required=True, validate=validate.OneOf(COLLECTION_WAYS))
    address = fields.Nested(Address, required=True)


class ShippingNotice(Shape):
    waybill_number = Text(40, required=True)
    dispatched_on = fields.Date(required=True)
    mode = fields.String(required=True, validate=validate.OneOf(MODES))
    vessel_or_flight = Text(60)
    port_of_loading = UnLocode()
    port_of_discharge = UnLocode()
    estimated_arrival = fields.Date()


class ShippingForm(Shape):
    """Packing check list and shipping notice."""

    logistics_channel = Text(40, required=True)
    packages = fields.List(fields.Nested(PackageForm), required=True, validate=validate.Length(min=1, max=200))
    special_goods = fields.List(fields.String(validate=validate.OneOf(SPECIAL_GOODS)), validate=validate.Length(max=len(SPECIAL_GOODS)))
    packing_check_list = fields.Nested(PackingCheckList, required=True)
    collection = fields.Nested(CollectionForm, required=True)
    if_undeliverable = fields.String(required=True, validate=validate.OneOf(IF_UNDELIVERABLE))
    shipping_notice = fields.Nested(ShippingNotice, required=True)


class InsuranceForm(Shape):
    """The cargo insurance policy."""

    insurer = Text(120, required=True)
    policy_number = Text(60, required=True)
    clauses = fields.String(required=True, validate=validate.OneOf(CLAUSES))
    insured_value = Money(required=True, positive=True)
    premium = Money(required=True)
    beneficiary = Text(120, required=True)
    valid_from = fields.Date(required=True)
    valid_until = fields.Date(required=True)


class DutyForm(Shape):
    kind = Text(60, required=True, metadata={"description": "E.g. customs duty, import VAT, excise."})
    amount = Money(required=True)


class ImportCustomsForm(Shape):
    """Import clearance."""

    importer_of_record = Text(120, required=True)
    importer_registration_number = Text(40)
    entry_number = Text(60, required=True)
    duties_and_taxes = fields.List(fields.Nested(DutyForm), validate=validate.Length(max=50))
    paid_by = fields.String(required=True, validate=validate.OneOf(("buyer", "supplier", "broker")))
    broker = Text(120)
    released_on = fields.Date(required=True)
    documents = _evidence("Release and duty documents")


class ReceiptLine(Shape):
    product_id = Id(required=True)
    quantity_received = Quantity(0, required=True)
    accepted = Quantity(0, required=True)
    damaged = Quantity(0, required=True)


class ReceiptForm(Shape):
    """The goods receipt."""

    received_on = fields.Date(required=True)
    lines = fields.List(fields.Nested(ReceiptLine), required=True, validate=validate.Length(min=1, max=200))
    condition = Text(500)
    photographs = _evidence("Photographs")
    received_by = Text(120, required=True)


class ExceptionForm(Shape):
    """What went wrong at a step; the reasons are the step's own."""

    reason = Text(40, required=True)
    note = Text(1000, required=True)
    evidence = _evidence("Evidence")


class ChannelForm(Shape):
    """Another logistics channel than was agreed on; it holds once the other party agrees and logistics finds it fit."""

    logistics_channel = Text(40, required=True, metadata={"description": "Code of the channel, e.g. from a quote."})
    note = Text(1000, metadata={"description": "Why, in words."})


class NoteForm(Shape):
    """Why, in words."""

    note = Text(1000)


FORMS: dict[str, type[Shape]] = {
    "payment": PaymentForm,
    "payment_confirmation": PaymentConfirmationForm,
    "export_customs": ExportCustomsForm,
    "shipping": ShippingForm,
    "insurance": InsuranceForm,
    "import_customs": ImportCustomsForm,
    "receiving": ReceiptForm,
    "channel": ChannelForm,
    "exception": ExceptionForm,
    "note": NoteForm,
}
