"""Tokens and methods: a test number becomes a token at once, and is forgotten; the token becomes a method that payments are made by."""

from __future__ import annotations

import sqlite3
from typing import Any

from marshmallow import ValidationError, fields, validate, validates_schema

from shared.contracts.fields import Shape, Text
from shared.kit.clock import utc_now
from shared.kit.errors import Invalid
from shared.kit.ids import new_id
from tradelane.provider import magic
from tradelane.provider.refusal import Refusal


class Card(Shape):
    number = Text(40, required=True)
    expires = fields.String(required=True, validate=validate.Regexp(r"\d{4}-(0[1-9]|1[0-2])$", error='Year and month, e.g. "2031-12".'))
    cvc = fields.String(validate=validate.Regexp(r"\d{3,4}$", error="Three or four digits."))


class Wallet(Shape):
    account = Text(100, required=True)


class BankDebit(Shape):
    iban = Text(50, required=True)


class TokenRequest(Shape):
    """One of the three."""

    card = fields.Nested(Card)
    wallet = fields.Nested(Wallet)
    bank_debit = fields.Nested(BankDebit)

    @validates_schema
    def _one(self, data: dict[str, Any], **_: Any) -> None:
        if len(data) != 1:
            raise ValidationError("Give exactly one of card, wallet and bank_debit.")


class MethodRequest(Shape):
    token = Text(60, required=True)


_NUMBER_FIELD = {"card": "number", "wallet": "account", "bank_debit": "iban"}


def make_token(db: sqlite3.Connection, data: dict[str, Any]) -> dict[str, Any]:
    """A token for a test number. Invalid where it is none, without repeating it; Refusal `method_expired` for a card that has."""
    ((kind, given),) = data.items()
    field = _NUMBER_FIELD[kind]
    number = magic.find(kind, given[field])
    if number is None:
        told = "Not one of the sandbox's numbers: see docs/payment-provider.md. Never send it a real one."
        raise Invalid("invalid_fields", "Some fields are missing or wrong.", {f"{kind}.{field}": [told]})
    expires = given.get("expires")
    if expires and expires < f"{utc_now():%Y-%m}":
        raise Refusal("method_expired")
    token = {"id": f"tok_{new_id()}", "kind": kind, "label": number.label, "last4": number.last4, "expires": expires}
    db.execute("INSERT INTO tokens VALUES (:id, :kind, :label, :last4, :expires, :behaviour)", token | {"behaviour": number.behaviour})
    return token


def make_method(db: sqlite3.Connection, data: dict[str, Any]) -> dict[str, Any]:
    """The token's method, the same one each time. Refusal `method_not_accepted` where there is no such token."""
    token = db.execute("SELECT * FROM tokens WHERE id = ?", (data["token"],)).fetchone()
    if token is None:
        raise Refusal("method_not_accepted")
    db.execute("INSERT INTO methods VALUES (?, ?) ON CONFLICT DO NOTHING", (f"pm_{new_id()}", token["id"]))
    (method,) = db.execute("SELECT id FROM methods WHERE token = ?", (token["id"],)).fetchone()
    return {"id": method} | {name: token[name] for name in ("kind", "label", "last4", "expires")}


def find(db: sqlite3.Connection, method: str) -> sqlite3.Row:
    """The method's kind, expiry and behaviour. Refusal `method_not_accepted` where there is none, `method_expired` where it has."""
    row: sqlite3.Row | None = db.execute("SELECT tokens.* FROM methods JOIN tokens ON tokens.id = methods.token WHERE methods.id = ?", (method,)).fetchone()
    if row is None:
        raise Refusal("method_not_accepted")
    if row["expires"] and row["expires"] < f"{utc_now():%Y-%m}":
        raise Refusal("method_expired")
    return row
