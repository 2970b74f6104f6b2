"""Commands run once: the first answer to a command id is kept in the command's own transaction and given again."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from sqlalchemy import bindparam, delete, func, select

from shared.contracts.validation import instance
from shared.kit.clock import utc_now
from shared.kit.errors import Conflict, Invalid
from shared.platform.calls import Call
from shared.platform.database import Transaction
from shared.platform.records import commands

KEPT = timedelta(hours=24)


class Answer(dict[str, Any]):
    """An answer that is dumped by its schema already."""


def once(tx: Transaction, call: Call, handler: Callable[..., Any], *args: Any) -> Answer:
    """The handler's answer, dumped; or the kept one where this command was done before.

    Conflict `still_running` while another worker is at the same command, Invalid `idempotency_key_reused` where the id was used for something else.
    """
    kept = select(commands.c.fingerprint, commands.c.answer).where(commands.c.id == call.command_id)
    if tx.connection.dialect.name == "postgresql":
        # The lock goes with the transaction. SQLite runs one writer at a time anyway.
        locked = tx.execute(select(func.pg_try_advisory_xact_lock(func.hashtextextended(bindparam("id"), 0))), {"id": call.command_id}).scalar_one()
        if not locked:
            raise Conflict("still_running", "This very request is still being worked on; ask again shortly.")
    if row := tx.execute(kept).one_or_none():
        if row.fingerprint != call.fingerprint:
            raise Invalid("idempotency_key_reused", "This idempotency key was used for a different request.")
        return Answer(row.answer)
    answer = Answer(instance(call.operation.answer).dump(handler(tx, call, *args)))
    tx.execute(commands.insert().values(id=call.command_id, fingerprint=call.fingerprint, answer=answer, created_at=utc_now()))
    return answer


def forget_old(tx: Transaction) -> None:
    """Drop the answers that need not be kept any more."""
    tx.execute(delete(commands).where(commands.c.created_at < utc_now() - KEPT))
