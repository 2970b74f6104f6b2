"""Operations of accounts about the second factor: codes by the clock (RFC 6238), and recovery codes for who has lost what shows them."""

from __future__ import annotations

from marshmallow import fields, validate

from shared.contracts.fields import Password, Shape, Timestamp
from shared.contracts.operations import ByKey, Empty, Operation


def _code() -> fields.String:
    return fields.String(required=True, load_only=True, validate=validate.Length(1, 40), metadata={"description": "Six digits that the app shows."})


class Totp(Shape):
    enabled_at = Timestamp(required=True, allow_none=True, metadata={"description": "Since when signing in takes a code; null where it does not."})
    recovery_codes_left = fields.Integer(required=True)


class EnrolTotp(Shape):
    password = Password()


class TotpSecret(Shape):
    """For an authenticator app, which shows codes from then on. It is shown this once."""

    secret = fields.String(required=True, metadata={"description": "In base 32, to be typed."})
    uri = fields.String(required=True, metadata={"description": "The same as `otpauth://totp/…`."})
    qr = fields.String(required=True, metadata={"description": "The same as a picture to be scanned, in SVG."})


class ConfirmTotp(Shape):
    code = _code()


class RecoveryCodes(Shape):
    recovery_codes = fields.List(
        fields.String(), required=True, metadata={"description": "Each is good once, in place of a code of the app. They are shown this once."}
    )


class DisableTotp(Shape):
    password = Password()
    code = _code()


GET_TOTP = Operation("accounts", "get_totp", Empty, Totp, by_key=ByKey.NEVER)
ENROL_TOTP = Operation("accounts", "enrol_totp", EnrolTotp, TotpSecret, by_key=ByKey.NEVER)
"""Nothing is asked for at sign-in before it is confirmed; enrolling again gives another secret. As the next one, it changes the database but is no command:
what is in its answer must not be kept for retries."""
CONFIRM_TOTP = Operation("accounts", "confirm_totp", ConfirmTotp, RecoveryCodes, by_key=ByKey.NEVER)
DISABLE_TOTP = Operation("accounts", "disable_totp", DisableTotp, Totp, by_key=ByKey.NEVER)
"""The code may be a recovery code."""
