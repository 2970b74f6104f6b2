"""`tradelane mails`: what mails there are, and sending those again that were refused."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import select, update

from services.accounts.models import mails
from shared.platform.database import Transaction
from shared.platform.settings import Settings
from tradelane.databases import database
from tradelane.tables import Row

_SHOWN = ("id", "recipient", "subject", "state", "attempts", "created_at", "next_at", "sent_at", "reason")


def find(settings: Settings, states: Collection[str], limit: int) -> list[Row]:
    """The latest mails in these states, latest first; those that failed are not `ok`."""
    found = select(*(mails.c[name] for name in _SHOWN)).where(mails.c.state.in_(states)).order_by(mails.c.created_at.desc(), mails.c.id).limit(limit)
    with database("accounts", settings) as run:
        return [{**row._asdict(), "ok": row.state != "failed"} for row in run(lambda tx: tx.execute(found).all())]


def retry(settings: Settings, ids: Collection[str] | None) -> list[Row]:
    """Have mails that failed sent again: these, or all. A row each with its outcome; not `ok` where none that failed has the id."""
    with database("accounts", settings) as run:
        again = run(lambda tx: _retry(tx, ids))
    unknown = [] if ids is None else [each for each in ids if each not in again]
    return [
        *({"id": each, "outcome": "is sent again", "ok": True} for each in again),
        *({"id": each, "outcome": "no mail with this id has failed", "ok": False} for each in unknown),
    ]


def _retry(tx: Transaction, ids: Collection[str] | None) -> list[str]:
    """As if they had been written now: with all their attempts, and tokens that last as long as new ones."""
    failed = update(mails).where(mails.c.state == "failed").values(state="waiting", attempts=0, created_at=tx.now, next_at=tx.now, reason=None)
    chosen = failed if ids is None else failed.where(mails.c.id.in_(ids))
    return list(tx.execute(chosen.returning(mails.c.id)).scalars())
