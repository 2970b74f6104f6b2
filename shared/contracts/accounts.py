"""Operations of accounts: registration, sign-in, tokens."""

from __future__ import annotations

from marshmallow import fields, validate

from shared.contracts.fields import Country, Email, Id, Shape, Text, Timestamp
from shared.contracts.operations import ByKey, Empty, Operation, remote_address


def password_field(shortest: int = 1) -> fields.String:
    """Kept by nobody but as a hash, and left out of what a command is told by."""
    return fields.String(required=True, load_only=True, validate=validate.Length(min=shortest, max=200), metadata={"format": "password"})


class Register(Shape):
    email = Email(required=True)
    password = password_field(10)
    name = Text(120, required=True)
    company = Text(120)
    country = Country(required=True)
    phone = Text(40)
    role = fields.String(required=True, validate=validate.OneOf(("buyer", "supplier")))


class Account(Shape):
    id = Id(required=True)
    email = fields.String(required=True)
    name = fields.String(required=True)
    company = fields.String(allow_none=True)
    country = fields.String(required=True)
    phone = fields.String(allow_none=True)
    roles = fields.List(fields.String(), required=True)
    created_at = Timestamp(required=True)
    verified_at = Timestamp(
        required=True, allow_none=True, metadata={"description": "Since when it is known to be who it says: only then may it sell and be paid out."}
    )


class SignIn(Shape):
    email = Email(required=True)
    password = password_field()
    totp = fields.String(
        load_only=True,
        validate=validate.Length(1, 40),
        metadata={"description": "The code of the authenticator app, or a recovery code, where the account has a second factor."},
    )
    remote_address = remote_address()


class Refresh(Shape):
    refresh_token = fields.String(required=True, validate=validate.Length(min=1, max=200))


class Tokens(Shape):
    access_token = fields.String(required=True, metadata={"description": "A JWT for `Authorization: Bearer`."})
    token_type = fields.String(required=True)
    expires_in = fields.Integer(required=True, metadata={"description": "Seconds the access token lasts."})
    refresh_token = fields.String(required=True, metadata={"description": "Good for one exchange; using it twice ends the session."})


class CheckPassword(Shape):
    password = password_field()


class SigningKeys(Shape):
    """A JSON Web Key Set (RFC 7517): public keys only."""

    keys = fields.List(fields.Dict(), required=True)


REGISTER = Operation("accounts", "register", Register, Account, writes=True)
SIGN_IN = Operation("accounts", "sign_in", SignIn, Tokens)
"""TooMany `sign_in_locked` while too many attempts have failed: by the same name, or from the same address."""
REFRESH = Operation("accounts", "refresh", Refresh, Tokens)
ME = Operation("accounts", "me", Empty, Account)
CHECK_PASSWORD = Operation("accounts", "check_password", CheckPassword, Empty, by_key=ByKey.ALWAYS)
"""Of the call's actor; Forbidden `password_incorrect` naming the field where it is not theirs, TooMany `sign_in_locked` where that was so too often."""
SIGNING_KEYS = Operation("accounts", "signing_keys", Empty, SigningKeys)
