"""Events of accounts."""

from __future__ import annotations

from marshmallow import fields

from shared.contracts.events.registry import EventContract
from shared.contracts.fields import Country, Id, Notice


class AccountRegistered(Notice):
    account_id = Id(required=True)
    name = fields.String(required=True)
    roles = fields.List(fields.String(), required=True)
    country = Country(required=True)


EVENTS = (EventContract("accounts.account_registered.v1", AccountRegistered, "account", "Someone opened an account."),)
