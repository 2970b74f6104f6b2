"""Operations of payments on payouts: funds that leave a balance for a bank account."""

from __future__ import annotations

from typing import Any

from marshmallow import ValidationError, fields, validate, validates_schema

from shared.contracts.fields import Bic, Iban, Id, Money, OwnPassword, Shape, Text, Timestamp
from shared.contracts.operations import ById, Operation, PageRequest

PAYOUT_STATES = ("requested", "paid", "rejected")


class RequestPayout(Shape):
    """To an IBAN (its bank's BIC may be told beside it), or to an account number with the BIC of its bank."""

    amount = Money(required=True, positive=True, metadata={"description": "At most what the balance has."})
    account_holder = Text(70, required=True, metadata={"description": "As the bank knows them."})
    iban = Iban()
    account_number = fields.String(validate=validate.Regexp(r"^[0-9A-Za-z]{4,34}\Z", error="An account number has 4 to 34 letters and digits."))
    bic = Bic()
    password = OwnPassword()

    @validates_schema
    def says_where_to(self, data: dict[str, Any], **_: Any) -> None:
        if ("iban" in data) == ("account_number" in data):
            raise ValidationError("An IBAN, or an account number with the bank's BIC.", "iban")
        if "account_number" in data and "bic" not in data:
            raise ValidationError("Missing: an account number needs its bank's BIC.", "bic")


class Payout(Shape):
    """Operators, who have it paid, read the account's number in full; its owner reads the last four characters."""

    id = Id(required=True)
    account_id = Id(required=True, metadata={"description": "Whose balance it leaves."})
    account_name = fields.String(required=True)
    amount = Money(required=True)
    account_holder = fields.String(required=True)
    iban = fields.String(required=True, allow_none=True)
    account_number = fields.String(required=True, allow_none=True)
    bic = fields.String(required=True, allow_none=True)
    state = fields.String(required=True, validate=validate.OneOf(PAYOUT_STATES))
    reference = fields.String(required=True, allow_none=True, metadata={"description": "The bank's, once it is paid."})
    paid_on = fields.Date(required=True, allow_none=True)
    reason = fields.String(required=True, allow_none=True, metadata={"description": "Why it was rejected; its amount is on the balance again."})
    requested_at = Timestamp(required=True)
    decided_at = Timestamp(required=True, allow_none=True)


class ListPayouts(PageRequest):
    state = fields.String(validate=validate.OneOf(PAYOUT_STATES))


class PayoutPage(Shape):
    items = fields.List(fields.Nested(Payout), required=True)
    next = fields.String(allow_none=True)


class ConfirmPayout(Shape):
    id = Id(required=True)
    reference = Text(140, required=True, metadata={"description": "The bank's."})
    paid_on = fields.Date(required=True, metadata={"description": "The day on which the bank paid it."})


class RejectPayout(Shape):
    id = Id(required=True)
    reason = Text(500, required=True, metadata={"description": "Told to the owner of the balance."})


REQUEST_PAYOUT = Operation("payments", "request_payout", RequestPayout, Payout, writes=True)
"""From the caller's own balance; for verified accounts, whose password is asked again."""
LIST_PAYOUTS = Operation("payments", "list_payouts", ListPayouts, PayoutPage)
GET_PAYOUT = Operation("payments", "get_payout", ById, Payout)
CONFIRM_PAYOUT = Operation("payments", "confirm_payout", ConfirmPayout, Payout, writes=True)
"""By an operator, not the owner of the balance."""
REJECT_PAYOUT = Operation("payments", "reject_payout", RejectPayout, Payout, writes=True)
"""By an operator: all of it is on the balance again."""
