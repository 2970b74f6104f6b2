"""Tokens that are mailed: who shows one has read the mail. Of each only a SHA-256 is kept; it is good once, and not for long."""

from __future__ import annotations

import secrets
from datetime import datetime
from hashlib import sha256
from typing import Any

from sqlalchemy import ColumnElement, Row, delete, insert, select

from services.accounts.application.queries import locked
from services.accounts.models import mailed_tokens, mails
from shared.kit.errors import Invalid
from shared.platform.database import Transaction

_FOUND = mailed_tokens.c.account_id, mailed_tokens.c.email


def issue(tx: Transaction, account_id: str, purpose: str, email: str, expires_at: datetime) -> str:
    """A new token for the account, mailed to this address. Earlier ones stay good: which of two mails arrives, nobody knows."""
    token = secrets.token_urlsafe(32)
    row = {"token_hash": _digest(token), "account_id": account_id, "purpose": purpose, "email": email, "expires_at": expires_at}
    tx.execute(insert(mailed_tokens).values(row))
    return token


def find(tx: Transaction, purpose: str, token: str) -> Row[Any]:
    """`account_id` and `email` of the token; Invalid `mailed_token_invalid`."""
    return _the(tx.execute(select(*_FOUND).where(*_good(tx, purpose, token))).one_or_none())


def use(tx: Transaction, purpose: str, token: str) -> tuple[Row[Any], str]:
    """The token's account, locked, and where the token was mailed to. It is used up, with all that were mailed to the same address for the same purpose.

    Of two transactions that use one at once, the second waits for the first and finds it gone. Invalid as for `find`.
    """
    account = locked(tx, find(tx, purpose, token).account_id)
    email = _the(tx.execute(delete(mailed_tokens).where(*_good(tx, purpose, token)).returning(*_FOUND)).one_or_none()).email
    alike = (mailed_tokens.c.account_id == account.id, mailed_tokens.c.purpose == purpose, mailed_tokens.c.email == email)
    tx.execute(delete(mailed_tokens).where(*alike))
    return account, email


def revoke(tx: Transaction, account_id: str) -> None:
    """None of the account's tokens is good any more, and mails with some that have not left yet never will.

    Mails first: one that is leaving right now is waited for, and its token is there then.
    """
    tx.execute(delete(mails).where(mails.c.account_id == account_id, mails.c.purpose.is_not(None), mails.c.state == "waiting"))
    tx.execute(delete(mailed_tokens).where(mailed_tokens.c.account_id == account_id))


def sweep(tx: Transaction) -> None:
    """Forget those that are over."""
    tx.execute(delete(mailed_tokens).where(mailed_tokens.c.expires_at <= tx.now))


def no_such_token() -> Invalid:
    """The same whether it was never given out, is used up, or over."""
    return Invalid(
        "mailed_token_invalid", "This token is not good any more: it can be used once, and for a while.", {"token": ["Is used up, over, or none of ours."]}
    )


def _good(tx: Transaction, purpose: str, token: str) -> tuple[ColumnElement[bool], ...]:
    return mailed_tokens.c.token_hash == _digest(token), mailed_tokens.c.purpose == purpose, mailed_tokens.c.expires_at > tx.now


def _the(found: Row[Any] | None) -> Row[Any]:
    if found is None:
        raise no_such_token()
    return found


def _digest(token: str) -> str:
    return sha256(token.encode()).hexdigest()
