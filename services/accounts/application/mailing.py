"""Sends the mails that are due: in no transaction, and never twice at a time.

A row is leased, handed over, and what came of it taken in, each by itself. Where a process ends in between, the mail is handed over again when the lease
is over: under the same Message-ID, by which mail systems know it. Replicas pass over what another has.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from eventlet import GreenPool
from sqlalchemy import Row, delete, func, or_, select, update

from services.accounts.application import mailed_tokens
from services.accounts.application.mail_carriers import Carrier, NotNow, Refused
from services.accounts.domain.mail import MOST, MOST_WITHIN, NOT_AGAIN_WITHIN, patience, pause
from services.accounts.models import mails
from shared.platform.database import Transaction

log = logging.getLogger(__name__)

LEASE = timedelta(minutes=5)
"""Longer than any attempt takes."""
AT_ONCE = 4
KEPT = timedelta(days=30)
"""How long a mail that was sent, or has failed, can be looked at."""

Run = Callable[..., Any]
"""`run(work, *args)` is `work(tx, *args)` in one transaction."""


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail as it leaves."""

    id: str
    recipient: str
    subject: str
    text: str
    created_at: datetime


def work_off(run: Run, carrier: Carrier) -> None:
    """Send what is due, until nothing is."""
    pool = GreenPool(AT_ONCE)
    while letters := run(lease):
        for letter in letters:
            pool.spawn_n(deal_with, run, carrier, letter)
        pool.waitall()


def lease(tx: Transaction) -> list[Letter]:
    """A few mails whose time has come, which nobody else sends for a while. Those that nobody is to get are gone."""
    due = select(mails).where(mails.c.next_at <= tx.now).order_by(mails.c.next_at).limit(AT_ONCE)
    letters: list[Letter] = []
    while not letters and (rows := tx.execute(due.with_for_update(skip_locked=True)).all()):
        for row in rows:
            text = _text(tx, row)
            if text is None:
                tx.execute(delete(mails).where(mails.c.id == row.id))
                continue
            tx.execute(update(mails).where(mails.c.id == row.id).values(attempts=row.attempts + 1, next_at=tx.now + LEASE))
            letters.append(Letter(row.id, row.recipient, row.subject, text, row.created_at))
    return letters


def _text(tx: Transaction, row: Row[Any]) -> str | None:
    """With its token, where it has one. None where it is for no account, or comes after enough others like it."""
    if row.purpose is None:
        return str(row.text)
    if row.account_id is None or _were_enough(tx, row):
        return None
    return str(row.text).replace("{token}", mailed_tokens.issue(tx, row.account_id, row.purpose, row.recipient, row.created_at + patience(row.purpose)))


def _were_enough(tx: Transaction, row: Row[Any]) -> bool:
    """Whether mails for the same that this account had sent, or that went to this address, in any case of letters, were enough for now."""
    alike = select(mails).where(
        mails.c.purpose == row.purpose, or_(mails.c.account_id == row.account_id, func.lower(mails.c.recipient) == row.recipient.lower())
    )
    before = alike.where(mails.c.id < row.id, mails.c.created_at > row.created_at - MOST_WITHIN, mails.c.state != "failed")
    latest = tx.execute(before.order_by(mails.c.id.desc()).limit(MOST)).all()
    just_now = [each for each in latest if each.created_at > row.created_at - NOT_AGAIN_WITHIN]
    return len(latest) == MOST or any((each.account_id, each.recipient) == (row.account_id, row.recipient) for each in just_now)


def deal_with(run: Run, carrier: Carrier, letter: Letter) -> None:
    """Hand it over, and take in what came of it."""
    try:
        try:
            carrier.deliver(letter)
        except Refused as refusal:
            run(refused, letter, str(refusal))
        except NotNow as hindrance:
            run(not_now, letter, str(hindrance))
        else:
            run(sent, letter)
    except Exception:  # a defect must not keep the others from leaving; this one is tried again when its lease is over
        log.exception("mail %s", letter.id)


def sent(tx: Transaction, letter: Letter) -> None:
    """It is on its way."""
    _settle(tx, letter, state="sent", sent_at=tx.now, next_at=None, reason=None)


def refused(tx: Transaction, letter: Letter, reason: str) -> None:
    """Nobody will take it."""
    log.warning("mail %s is refused: %s", letter.id, reason)
    _settle(tx, letter, state="failed", next_at=None, reason=reason)


def not_now(tx: Transaction, letter: Letter, reason: str) -> None:
    """It is tried again later, unless it has waited too long."""
    row = tx.execute(select(mails).where(mails.c.id == letter.id)).one_or_none()
    if row is None:
        return
    again = tx.now + pause(row.attempts)
    if again > row.created_at + patience(row.purpose):
        refused(tx, letter, f"Given up after {row.attempts} attempts: {reason}")
        return
    log.warning("mail %s will be tried again: %s", letter.id, reason)
    _settle(tx, letter, next_at=again, reason=reason)


def sweep(tx: Transaction) -> None:
    """Forget mails of long ago that wait no longer."""
    tx.execute(delete(mails).where(mails.c.created_at < tx.now - KEPT, mails.c.state != "waiting"))


def _settle(tx: Transaction, letter: Letter, **values: Any) -> None:
    tx.execute(update(mails).where(mails.c.id == letter.id, mails.c.state == "waiting").values(values))
