"""Events of accounts."""

from __future__ import annotations

from marshmallow import fields

from shared.contracts.events.registry import EventContract
from shared.contracts.fields import Country, Id, Notice


class AccountRenamed(Notice):
    account_id = Id(required=True)
    name = fields.String(required=True)


class AccountRegistered(Notice):
    account_id = Id(required=True)
    name = fields.String(required=True)
    roles = fields.List(fields.String(), required=True)
    country = Country(required=True)


class Verified(Notice):
    """Who it is and how that was found stays with accounts."""

    account_id = Id(required=True)
    verification_id = Id(required=True)


EVENTS = (
    EventContract("accounts.account_registered.v1", AccountRegistered, "account", "Someone opened an account."),
    EventContract("accounts.account_renamed.v1", AccountRenamed, "account", "Its holder goes by another name from now on."),
    EventContract("accounts.account_verified.v1", Verified, "account", "An operator has found the account to be who it says: it may sell and be paid out."),
    EventContract("accounts.verification_refused.v1", Verified, "account", "An operator has refused what the account submitted; it may submit again."),
    EventContract("accounts.verification_withdrawn.v1", Verified, "account", "The account is verified no longer; it may submit again."),
)
