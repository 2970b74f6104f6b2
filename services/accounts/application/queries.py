"""Reads of accounts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select

from services.accounts.models import accounts
from shared.kit.errors import NotFound
from shared.platform.calls import Call
from shared.platform.database import Transaction


def me(tx: Transaction, call: Call) -> Mapping[str, Any]:
    """The caller's own account."""
    row = tx.execute(select(accounts).where(accounts.c.id == call.require_actor().id)).one_or_none()
    if row is None:
        raise NotFound("account_not_found", "There is no such account.")
    return row._asdict()
