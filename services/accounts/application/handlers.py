"""Opening accounts, over the bus as buyer or supplier and from the operator's command line in any role, and changing what they say."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from services.accounts.application import emails
from services.accounts.application.queries import check_version, own
from services.accounts.application.sessions import own_by_session
from services.accounts.domain.account import check_login, check_roles, login_key
from services.accounts.models import accounts
from shared.kit.errors import Conflict
from shared.kit.ids import new_id
from shared.platform.calls import Call
from shared.platform.database import Transaction

_LOGINS = {"email": "e-mail address", "user_name": "user name"}


def register(tx: Transaction, call: Call, password_hash: str) -> Mapping[str, Any]:
    """The account of somebody who registers themselves; their e-mail address waits to be confirmed. Errors as for `create_account`."""
    data = call.data
    account = create_account(
        tx,
        data.get("email"),
        password_hash,
        data["name"],
        data["country"],
        [data["role"]],
        user_name=data.get("user_name"),
        company=data.get("company"),
        address=data.get("address"),
        phone=data.get("phone"),
        confirmed=False,
    )
    if account["email"]:
        emails.ask_to_confirm(tx, account["id"], account["email"])
    return account


def create_account(
    tx: Transaction,
    email: str | None,
    password_hash: str,
    name: str,
    country: str,
    roles: Collection[str],
    *,
    user_name: str | None = None,
    company: str | None = None,
    address: Mapping[str, Any] | None = None,
    phone: str | None = None,
    verified: bool = False,
    confirmed: bool = True,
) -> Mapping[str, Any]:
    """A new account, as the contract answers it; `password_hash` comes from `passwords.hash_password`, `country` is ISO 3166-1 alpha-2.

    Conflict `email_taken` or `user_name_taken` where another account has it, whatever its case; Invalid `login_missing`, `role_unknown`.
    """
    check_login(email, user_name)
    check_roles(roles)
    account_id = new_id()
    account = {
        "id": account_id,
        "version": 1,
        "email": email,
        "email_confirmed_at": tx.now if email and confirmed else None,
        "new_email": None,
        "user_name": user_name,
        "name": name,
        "company": company,
        "address": address,
        "country": country,
        "phone": phone,
        "roles": sorted(roles),
        "created_at": tx.now,
        "verified_at": tx.now if verified else None,
    }
    keys = {"email_key": email and login_key(email), "user_name_key": user_name and login_key(user_name)}
    if not tx.insert_once(accounts, {**account, **keys, "password_hash": password_hash}):
        raise _taken(*(name for name in _LOGINS if _has_account(tx, f"{name}_key", keys[f"{name}_key"])))
    tx.emit("accounts.account_registered.v1", account_id, {**account, "account_id": account_id})
    return account


def change_me(tx: Transaction, call: Call) -> Mapping[str, Any]:
    """The caller's account with what was given changed; PreconditionFailed where it is not the version they saw, Conflict `user_name_taken`.

    The user name takes a session that goes on, since one signs in by it."""
    account = (own_by_session if "user_name" in call.data else own)(tx, call)
    check_version(account, call)
    changes = {name: value for name, value in call.data.items() if name != "if_match"}
    if "user_name" in changes:
        changes["user_name_key"] = login_key(changes["user_name"])
    try:
        changed = tx.execute(update(accounts).where(accounts.c.id == account.id).values(version=account.version + 1, **changes).returning(*accounts.c)).one()
    except IntegrityError as error:
        raise _taken("user_name") from error
    if changed.name != account.name:
        tx.emit("accounts.account_renamed.v1", account.id, {"account_id": account.id, "name": changed.name})
    return changed._asdict()


def _has_account(tx: Transaction, column: str, key: str | None) -> bool:
    return key is not None and tx.execute(select(accounts.c.id).where(accounts.c[column] == key)).one_or_none() is not None


def _taken(*names: str) -> Conflict:
    told = " and ".join(_LOGINS[name] for name in names)
    return Conflict(
        "email_taken" if "email" in names else "user_name_taken",
        f"There is an account with this {told}.",
        {name: ["Has an account already."] for name in names},
    )
