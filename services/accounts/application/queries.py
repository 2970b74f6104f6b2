"""Reads of accounts, and of what tokens are checked with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select

from services.accounts.application.tokens import signing_key
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


def signing_keys(tx: Transaction, _call: Call) -> Mapping[str, Any]:
    """What access tokens are checked with, as a JSON Web Key Set: the public half only."""
    return {"keys": [signing_key(tx).public_key]}
