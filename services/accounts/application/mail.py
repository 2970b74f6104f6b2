"""Mails are rows first: written in the transaction of what causes them, sent after it, each as often as it takes. See `mailing` for the sending."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import func, select

from services.accounts.models import accounts, mails
from shared.kit.ids import new_id
from shared.platform.database import Transaction

LONGEST_SUBJECT = 200


def send(tx: Transaction, to: str, subject: str, text: str, *, account_id: str | None = None, purpose: str | None = None) -> None:
    """Have a mail sent, if and only if the transaction commits; `text` is plain.

    With a `purpose` (of `domain.mail.LIFETIMES`) it carries a token of the account: `{token}` in the text becomes one as the mail leaves, so that
    no token is ever stored. Where there is no account after all, none leaves; the row is written all the same, so that nobody learns it from the time it took.
    """
    letter = {
        "id": new_id(),
        "account_id": account_id,
        "recipient": to,
        "subject": " ".join(subject.split())[:LONGEST_SUBJECT],
        "text": text,
        "purpose": purpose,
    }
    tx.add(mails, letter | {"state": "waiting", "attempts": 0, "created_at": tx.now, "next_at": tx.now})


def tell(tx: Transaction, account_id: str, subject: str, text: str) -> None:
    """Mail the account's holder, if there is an address of which it is known that they read it."""
    confirmed = select(accounts.c.email).where(accounts.c.id == account_id, accounts.c.email_confirmed_at.is_not(None))
    if email := tx.execute(confirmed).scalar_one_or_none():
        send(tx, email, subject, text, account_id=account_id)


def by_state(tx: Transaction) -> Mapping[str, int]:
    """How many mails there are."""
    return {row.state: row.number for row in tx.execute(select(mails.c.state, func.count().label("number")).group_by(mails.c.state))}
