"""Reads of accounts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Row, Select, select

from services.accounts.models import accounts
from shared.kit.errors import NotFound
from shared.platform.calls import Call
from shared.platform.database import Transaction


def me(tx: Transaction, call: Call) -> Mapping[str, Any]:
    """The caller's own account."""
    found: Mapping[str, Any] = _account(tx.execute(_own(call)).one_or_none())._asdict()
    return found


def own(tx: Transaction, call: Call) -> Row[Any]:
    """The same as a row, which nobody else changes until the transaction ends."""
    return _account(tx.execute(_own(call).with_for_update()).one_or_none())


def _own(call: Call) -> Select[Any]:
    return select(accounts).where(accounts.c.id == call.require_actor().id)


def _account(found: Row[Any] | None) -> Row[Any]:
    if found is None:
        raise NotFound("account_not_found", "There is no such account.")
    return found
