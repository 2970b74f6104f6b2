"""Which deposits are taken."""

from __future__ import annotations

import uuid

from shared.kit.errors import Invalid
from shared.kit.money import Money

# ISO 4217 codes under which nobody holds funds: metals, bond market units, units of account, testing, no currency.
NOT_FUNDS = frozenset("XAG XAU XPD XPT XBA XBB XBC XBD XDR XSU XUA XTS XXX".split())


def check_deposit(account_id: str, amount: Money) -> None:
    """Invalid `deposit_refused`, field by field, where the id cannot be an account's (those are UUIDv7) or its currency is none to hold funds in."""
    errors = {}
    if uuid.UUID(account_id).version != 7:
        errors["account_id"] = ["Not the id of an account."]
    if amount.currency in NOT_FUNDS:
        errors["amount.currency"] = ["Funds cannot be held in it."]
    if errors:
        raise Invalid("deposit_refused", "This deposit cannot be taken.", errors)
