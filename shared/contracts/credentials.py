"""Operations of accounts on what one signs in with: the e-mail address and its confirmation, the password, forgotten or not, and the sessions."""

from __future__ import annotations

from marshmallow import fields, validate

from shared.contracts.accounts import Account
from shared.contracts.fields import Email, Id, NewPassword, Password, Shape, Timestamp
from shared.contracts.operations import ById, ByKey, Empty, Operation, if_match


def _token() -> fields.String:
    return fields.String(required=True, validate=validate.Length(1, 100), metadata={"description": "As it stands in the mail."})


class ConfirmEmail(Shape):
    token = _token()


class ConfirmedEmail(Shape):
    email = fields.String(required=True)


class ChangeEmail(Shape):
    email = Email(required=True)
    password = Password()
    if_match = if_match()


class ChangePassword(Shape):
    password = Password()
    new_password = NewPassword()


class AskForPasswordReset(Shape):
    email = Email(required=True)


class ResetPassword(Shape):
    token = _token()
    password = NewPassword()


class Session(Shape):
    id = Id(required=True)
    created_at = Timestamp(required=True)
    used_at = Timestamp(required=True, metadata={"description": "When tokens were last got by it."})
    expires_at = Timestamp(required=True, metadata={"description": "When it ends unless it is used."})
    address = fields.String(required=True, allow_none=True, metadata={"description": "Where from it was last used: an IP address."})
    user_agent = fields.String(required=True, allow_none=True, metadata={"description": "By which program, as that says of itself."})
    current = fields.Boolean(required=True, metadata={"description": "Whether it is the one that asks."})


class Sessions(Shape):
    """The latest used first. There are at most 100: a further sign-in ends the one that was used longest ago."""

    items = fields.List(fields.Nested(Session), required=True)


CONFIRM_EMAIL = Operation("accounts", "confirm_email", ConfirmEmail, ConfirmedEmail, writes=True)
"""Invalid `mailed_token_invalid`; Conflict `email_taken` where another account has the address by now."""
SEND_EMAIL_CONFIRMATION = Operation("accounts", "send_email_confirmation", Empty, Empty, writes=True, by_key=ByKey.NEVER)
"""Conflict `email_confirmed` where there is nothing to confirm."""
CHANGE_EMAIL = Operation("accounts", "change_email", ChangeEmail, Account, writes=True, by_key=ByKey.NEVER)
CHANGE_PASSWORD = Operation("accounts", "change_password", ChangePassword, Empty, writes=True, by_key=ByKey.NEVER)
ASK_FOR_PASSWORD_RESET = Operation("accounts", "ask_for_password_reset", AskForPasswordReset, Empty, writes=True)
"""Answers the same whether the address has an account or not."""
RESET_PASSWORD = Operation("accounts", "reset_password", ResetPassword, Empty, writes=True)
"""Invalid `mailed_token_invalid`, `password_weak`."""
LIST_SESSIONS = Operation("accounts", "list_sessions", Empty, Sessions, by_key=ByKey.NEVER)
END_SESSION = Operation("accounts", "end_session", ById, Empty, writes=True, by_key=ByKey.NEVER)
END_ALL_SESSIONS = Operation("accounts", "end_all_sessions", Empty, Empty, writes=True, by_key=ByKey.NEVER)
