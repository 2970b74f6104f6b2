"""Operations of accounts: registration, sign-in, tokens, and what an account says of its holder."""

from __future__ import annotations

from typing import Any

from marshmallow import fields, validate

from shared.contracts.fields import Country, Email, Id, NewPassword, Password, Phone, Shape, Text, Timestamp
from shared.contracts.operations import ByKey, Empty, Operation, if_match, remote_address, user_agent
from shared.contracts.trade import Address


class UserName(fields.String):
    """3 to 30 letters, digits, dots, hyphens or underscores; a letter first, a letter or digit last. None is an e-mail address, and case does not matter."""

    def __init__(self, **more: Any) -> None:
        super().__init__(**more)
        said = "3 to 30 of a-z, 0-9, dots, hyphens and underscores; a letter first, a letter or digit last."
        self.validators.insert(0, validate.Regexp(r"^[A-Za-z][A-Za-z0-9._-]{1,28}[A-Za-z0-9]\Z", error=said))


class Register(Shape):
    """An e-mail address, a user name, or both: one signs in by either. Only an address gets a forgotten password replaced."""

    email = Email()
    user_name = UserName()
    password = NewPassword()
    name = Text(120, required=True)
    company = Text(120)
    address = fields.Nested(Address)
    country = Country(required=True)
    phone = Phone()
    role = fields.String(required=True, validate=validate.OneOf(("buyer", "supplier")))


class Account(Shape):
    id = Id(required=True)
    version = fields.Integer(required=True)
    email = fields.String(required=True, allow_none=True)
    email_confirmed_at = Timestamp(required=True, allow_none=True, metadata={"description": "Until then nothing but what confirms it is mailed there."})
    new_email = fields.String(required=True, allow_none=True, metadata={"description": "Takes the place of `email` once it is confirmed."})
    user_name = fields.String(required=True, allow_none=True)
    name = fields.String(required=True)
    company = fields.String(allow_none=True)
    address = fields.Nested(Address, required=True, allow_none=True)
    country = fields.String(required=True)
    phone = fields.String(allow_none=True)
    roles = fields.List(fields.String(), required=True)
    created_at = Timestamp(required=True)
    verified_at = Timestamp(
        required=True, allow_none=True, metadata={"description": "Since when it is known to be who it says: only then may it sell and be paid out."}
    )


class ChangeMe(Shape):
    """The facts that are given change, the others stay; null takes away what need not be there. E-mail address and password have requests of their own."""

    if_match = if_match()
    user_name = UserName()
    name = Text(120)
    company = Text(120, allow_none=True)
    address = fields.Nested(Address, allow_none=True)
    country = Country()
    phone = Phone(allow_none=True)


class SignIn(Shape):
    """By e-mail address or user name."""

    email = Email()
    user_name = fields.String(validate=validate.Length(1, 254))
    password = Password()
    totp = fields.String(
        load_only=True,
        validate=validate.Length(1, 40),
        metadata={"description": "The code of the authenticator app, or a recovery code, where the account has a second factor."},
    )
    remote_address = remote_address()
    user_agent = user_agent()


class Refresh(Shape):
    refresh_token = fields.String(required=True, validate=validate.Length(min=1, max=200))
    remote_address = remote_address()
    user_agent = user_agent()


class Tokens(Shape):
    access_token = fields.String(required=True, metadata={"description": "A JWT for `Authorization: Bearer`."})
    token_type = fields.String(required=True)
    expires_in = fields.Integer(required=True, metadata={"description": "Seconds the access token lasts."})
    refresh_token = fields.String(required=True, metadata={"description": "Good for one exchange; using it twice ends the session."})


class CheckPassword(Shape):
    password = Password()


class SigningKeys(Shape):
    """A JSON Web Key Set (RFC 7517): public keys only."""

    keys = fields.List(fields.Dict(), required=True)


REGISTER = Operation("accounts", "register", Register, Account, writes=True)
SIGN_IN = Operation("accounts", "sign_in", SignIn, Tokens)
"""TooMany `sign_in_locked` while too many attempts have failed: by the same name, or from the same address."""
REFRESH = Operation("accounts", "refresh", Refresh, Tokens)
ME = Operation("accounts", "me", Empty, Account)
CHANGE_ME = Operation("accounts", "change_me", ChangeMe, Account, writes=True)
CHECK_PASSWORD = Operation("accounts", "check_password", CheckPassword, Empty, by_key=ByKey.ALWAYS)
"""Of the call's actor; Forbidden `password_incorrect` naming the field where it is not theirs, TooMany `sign_in_locked` where that was so too often."""
SIGNING_KEYS = Operation("accounts", "signing_keys", Empty, SigningKeys)
