"""Operations of verification: an account shows who it is, an operator looks at it and decides."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from marshmallow import ValidationError, fields, post_load, validate

from shared.contracts.documents import DocumentFacts
from shared.contracts.fields import Country, Id, Shape, Text, Timestamp
from shared.contracts.identity_numbers import BY_PLACE, COUNTRIES, KINDS, TELLING, countries
from shared.contracts.operations import ById, Empty, Operation, PageRequest, if_match
from shared.contracts.orders import Action

HOLDERS = ("person", "company")
STATES = ("submitted", "approved", "refused", "withdrawn")


class IdentityNumber(Shape):
    """It loads as its register writes it; one whose check digits are wrong is refused."""

    type = fields.String(
        required=True,
        validate=validate.OneOf(tuple(KINDS)),
        metadata={"description": "; ".join(f"`{name}`: {what}" for name, (what, _) in KINDS.items()) + "."},
    )
    country = fields.String(
        validate=validate.OneOf(COUNTRIES, error="No numbers of this country are known here; leave the number out, and show papers."),
        metadata={
            "description": f"Whose it is; left out where the number itself tells ({', '.join(f'`{kind}`' for kind in TELLING)}). "
            "docs/identity-numbers.md tells those that are known."
        },
    )
    value = Text(40, required=True)

    @post_load
    def _as_registered(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        kind, country = data["type"], data.get("country", "")
        number = BY_PLACE.get((kind, country))
        if number is None:
            known = countries(kind)
            raise ValidationError(f"Must be one of: {', '.join(known)}." if known else "Leave it out: the number itself tells.", "country")
        try:
            return {**data, "value": number.compact(data["value"])}
        except ValueError as error:
            raise ValidationError(str(error), "value") from error


class IdentityAddress(Shape):
    """Where the person lives, or the company has its seat."""

    street = Text(200, required=True)
    city = Text(100, required=True)
    region = Text(100)
    postal_code = Text(20)
    country = Country(required=True)


class SubmitVerification(Shape):
    kind = fields.String(required=True, validate=validate.OneOf(HOLDERS))
    legal_name = Text(200, required=True, metadata={"description": "As in the papers."})
    date_of_birth = fields.Date(metadata={"description": "A person's."})
    registered_on = fields.Date(metadata={"description": "A company's: the day it was registered."})
    address = fields.Nested(IdentityAddress, required=True)
    numbers = fields.List(fields.Nested(IdentityNumber), load_default=list, validate=validate.Length(max=10))
    documents = fields.List(
        Id(),
        required=True,
        validate=validate.Length(min=1, max=10),
        metadata={"description": "Ids of the caller's own documents that show all this, from `POST /v1/documents`."},
    )


class NumberShown(Shape):
    type = fields.String(required=True)
    country = fields.String(allow_none=True)
    label = fields.String(required=True, metadata={"description": "What the number is called where it comes from."})
    value = fields.String(required=True, metadata={"description": "Its last characters only, in a list."})


class VerificationStep(Shape):
    at = Timestamp(required=True)
    action = fields.String(required=True)
    state = fields.String(required=True, metadata={"description": "The one it led to."})
    by = fields.String(required=True, metadata={"description": "`owner` or `operator`."})
    reason = fields.String(allow_none=True)


class VerificationSummary(Shape):
    id = Id(required=True)
    account_id = Id(required=True)
    state = fields.String(required=True, validate=validate.OneOf(STATES))
    label = fields.String(required=True)
    version = fields.Integer(required=True)
    kind = fields.String(required=True)
    legal_name = fields.String(required=True)
    country = fields.String(required=True)
    numbers = fields.List(fields.Nested(NumberShown), required=True)
    submitted_at = Timestamp(required=True)


class Verification(VerificationSummary):
    date_of_birth = fields.Date(allow_none=True)
    registered_on = fields.Date(allow_none=True)
    address = fields.Nested(IdentityAddress, required=True)
    documents = fields.List(fields.Nested(DocumentFacts), required=True)
    history = fields.List(fields.Nested(VerificationStep), required=True)
    actions = fields.List(fields.Nested(Action), required=True)


class OwnVerification(Shape):
    """Where the caller stands: the latest submission and those before it."""

    verified_at = Timestamp(required=True, allow_none=True)
    latest = fields.Nested(Verification, required=True, allow_none=True)
    earlier = fields.List(fields.Nested(Verification), required=True, metadata={"description": "Newest first."})
    actions = fields.List(fields.Nested(Action), required=True)


class VerificationPage(Shape):
    items = fields.List(fields.Nested(VerificationSummary), required=True)
    next = fields.String(allow_none=True)


class ListVerifications(PageRequest):
    state = fields.String(validate=validate.OneOf(STATES))


class ApproveVerification(ById):
    if_match = if_match()
    note = Text(1000, metadata={"description": "What it was found by."})


class RefuseVerification(ById):
    if_match = if_match()
    reason = Text(1000, required=True, metadata={"description": "What is missing or wrong: its owner reads it."})


class WithdrawVerification(RefuseVerification):
    """As for a refusal."""


SUBMIT_VERIFICATION = Operation("accounts", "submit_verification", SubmitVerification, Verification, writes=True)
GET_OWN_VERIFICATION = Operation("accounts", "get_own_verification", Empty, OwnVerification)
LIST_VERIFICATIONS = Operation("accounts", "list_verifications", ListVerifications, VerificationPage)
GET_VERIFICATION = Operation("accounts", "get_verification", ById, Verification)
APPROVE_VERIFICATION = Operation("accounts", "approve_verification", ApproveVerification, Verification, writes=True)
REFUSE_VERIFICATION = Operation("accounts", "refuse_verification", RefuseVerification, Verification, writes=True)
WITHDRAW_VERIFICATION = Operation("accounts", "withdraw_verification", WithdrawVerification, Verification, writes=True)

DECISIONS: Mapping[str, Operation] = {"approve": APPROVE_VERIFICATION, "refuse": REFUSE_VERIFICATION, "withdraw": WITHDRAW_VERIFICATION}
"""An operator's actions → what does them."""
