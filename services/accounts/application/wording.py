"""What the mails of accounts say: each a subject and a text, in which `{token}` stands on a line of its own."""

from __future__ import annotations

from services.accounts.domain.mail import CONFIRM_EMAIL, LIFETIMES, RESET_PASSWORD

_DAYS = LIFETIMES[CONFIRM_EMAIL].days
_MINUTES = int(LIFETIMES[RESET_PASSWORD].total_seconds()) // 60

Words = tuple[str, str]


def confirm_email() -> Words:
    """To an address that is not believed yet."""
    return (
        "Confirm your e-mail address",
        f"""\
Somebody has given this address for an account on Tradelane. If it was you,
confirm it with this token, within {_DAYS} days:

    {{token}}

Where you signed up, there is a field for it; or send it yourself:

    POST /v1/email-confirmations    {{"token": "..."}}

If it was not you, do nothing: the address is used for nothing else.
""",
    )


def email_is_to_change(email: str) -> Words:
    """To the address in force."""
    return (
        "Your e-mail address is to change",
        f"""\
Somebody who knows your password wants to replace this address of your
account on Tradelane by

    {email}

It happens when that address is confirmed. If it was not you, change your
password now: that keeps the address as it is, and signs everybody else out.
""",
    )


def reset_password() -> Words:
    """To the address of an account, whoever asked for it."""
    return (
        "A new password",
        f"""\
Somebody has asked for a new password for the account on Tradelane that has
this address. If it was you, choose one with this token, within {_MINUTES} minutes:

    {{token}}

Where you asked, there is a field for it; or send it yourself:

    PUT /v1/password-resets    {{"token": "...", "password": "..."}}

It signs you out wherever you are signed in. If it was not you, do nothing:
your password stays as it is.
""",
    )


def password_changed() -> Words:
    """To the address in force."""
    return (
        "Your password has changed",
        """\
The password of your account on Tradelane has just been changed, and whoever
was signed in with the old one is signed out. API keys stay good: revoke those
that you do not know.

If it was not you, ask for a new one at once:

    POST /v1/password-resets    {"email": "..."}
""",
    )
