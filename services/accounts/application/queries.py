"""Reads of accounts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Row, Select, select

from services.accounts.models import accounts
from shared.kit.errors import NotFound, PreconditionFailed
from shared.platform.calls import Call
from shared.platform.database import Transaction


def me(tx: Transaction, call: Call) -> Mapping[str, Any]:
    """The caller's own account."""
    found: Mapping[str, Any] = _account(tx.execute(_by_id(call.require_actor().id)).one_or_none())._asdict()
    return found


def own(tx: Transaction, call: Call) -> Row[Any]:
    """The same as a row, locked."""
    return locked(tx, call.require_actor().id)


def locked(tx: Transaction, account_id: str) -> Row[Any]:
    """The account, which nobody else changes until the transaction ends; rows that only refer to it may be added meanwhile.

    Who locks more of what belongs to an account locks the account first.
    """
    return _account(tx.execute(_by_id(account_id).with_for_update(key_share=True)).one_or_none())


def check_version(account: Row[Any], call: Call) -> None:
    """PreconditionFailed where it is not the version that the caller saw."""
    if call.data.get("if_match", account.version) != account.version:
        raise PreconditionFailed("version_changed", f"The account is at version {account.version} now; read it again.", version=account.version)


def _by_id(account_id: str) -> Select[Any]:
    return select(accounts).where(accounts.c.id == account_id)


def _account(found: Row[Any] | None) -> Row[Any]:
    if found is None:
        raise NotFound("account_not_found", "There is no such account.")
    return found
