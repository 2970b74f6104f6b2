"""Opening accounts: over the bus as buyer or supplier, from the operator's command line in any role."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from services.accounts.domain.account import check_roles, email_key
from services.accounts.models import accounts
from shared.kit.errors import Conflict
from shared.kit.ids import new_id
from shared.platform.calls import Call
from shared.platform.database import Transaction


def register(tx: Transaction, call: Call, password_hash: str) -> Mapping[str, Any]:
    """The account of somebody who registers themselves. Errors as for `create_account`."""
    data = call.data
    return create_account(tx, data["email"], password_hash, data["name"], data["country"], [data["role"]], company=data.get("company"), phone=data.get("phone"))


def create_account(
    tx: Transaction,
    email: str,
    password_hash: str,
    name: str,
    country: str,
    roles: Collection[str],
    *,
    company: str | None = None,
    phone: str | None = None,
    verified: bool = False,
) -> Mapping[str, Any]:
    """A new account, as the contract answers it; `password_hash` comes from `passwords.hash_password`, `country` is ISO 3166-1 alpha-2.

    Conflict `email_taken` where the address has an account, whatever its case; Invalid `role_unknown`.
    """
    check_roles(roles)
    account_id = new_id()
    account = {
        "id": account_id,
        "email": email,
        "name": name,
        "company": company,
        "country": country,
        "phone": phone,
        "roles": sorted(roles),
        "created_at": tx.now,
        "verified_at": tx.now if verified else None,
    }
    if not tx.insert_once(accounts, {**account, "email_key": email_key(email), "password_hash": password_hash}):
        raise Conflict("email_taken", "There is an account with this e-mail address.", {"email": ["Has an account already."]})
    tx.emit("accounts.account_registered.v1", account_id, {**account, "account_id": account_id})
    return account
