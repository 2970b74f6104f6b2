"""Commands run once: the first answer to a command id is kept in the command's own transaction and given again."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import cached_property
from typing import Any

from sqlalchemy import ColumnElement, String, Text, bindparam, delete, func, insert, literal, select, text

from shared.contracts.dumping import dump
from shared.kit.clock import utc_now
from shared.kit.errors import Conflict, Invalid
from shared.platform.calls import Call
from shared.platform.database import Transaction
from shared.platform.records import commands
from shared.platform.wire import encode

KEPT = timedelta(hours=24)

_ID: ColumnElement[str] = bindparam("key", type_=String)
_LOCK = func.pg_try_advisory_xact_lock(func.hashtextextended(_ID, 0))
_KEEP = insert(commands).values(answer=bindparam("encoded", type_=Text))
_FREE = {"postgresql": _LOCK, "sqlite": literal(True)}  # the lock goes with the transaction; SQLite runs one writer at a time anyway
_FIND = {
    dialect: select(free.label("free"), commands.c.fingerprint, commands.c.answer).select_from(
        select(literal(1)).subquery().outerjoin(commands, commands.c.id == _ID)
    )
    for dialect, free in _FREE.items()
}
_FIRST = text(
    "SELECT CAST(CASE WHEN pg_try_advisory_xact_lock(hashtextextended(:key, 0)) AND NOT EXISTS (SELECT FROM commands WHERE id = :key)"
    " THEN '0' ELSE 'begun before: ' || :key END AS integer)"
)


class Answer(dict[str, Any]):
    """An answer that is dumped by its schema already, and encoded once for the database and its caller."""

    @cached_property
    def encoded(self) -> bytes:
        return encode(self)


def kept(tx: Transaction, call: Call) -> Answer | None:
    """The answer to this command where it was done before. Invalid as for `once`."""
    found = tx.execute(_FIND[tx.connection.dialect.name], {"key": call.command_id}).one()
    return _kept(found, call)


def once(tx: Transaction, call: Call, handler: Callable[..., Any], *args: Any) -> Answer:
    """The handler's answer, dumped; or the kept one where this command was done before.

    Conflict `still_running` while another worker is at the same command, Invalid `idempotency_key_reused` where the id was used for something else.
    """
    found = tx.execute(_FIND[tx.connection.dialect.name], {"key": call.command_id}).one()
    if not found.free:
        raise Conflict("still_running", "This very request is still being worked on; ask again shortly.")
    if (before := _kept(found, call)) is not None:
        return before
    return _keep(tx, call, handler(tx, call, *args))


def first(tx: Transaction, call: Call, handler: Callable[..., Any], *args: Any) -> Answer:
    """As `once`, for a command that nobody has begun before, as nearly all are: it spares the wait for that answer. Whatever else comes of it than
    an answer, it may have been begun before all the same: the database's DataError where that was found, or some error that comes of it."""
    if tx.connection.dialect.name != "postgresql":
        return once(tx, call, handler, *args)
    tx.later(_FIRST, {"key": call.command_id})
    return _keep(tx, call, handler(tx, call, *args))


def _keep(tx: Transaction, call: Call, given: Any) -> Answer:
    answer = Answer(dump(call.operation.answer, given))
    tx.later(_KEEP, {"id": call.command_id, "fingerprint": call.fingerprint, "encoded": answer.encoded.decode(), "created_at": utc_now()})
    return answer


def _kept(found: Any, call: Call) -> Answer | None:
    if not found.fingerprint:
        return None
    if found.fingerprint != call.fingerprint:
        raise Invalid("idempotency_key_reused", "This idempotency key was used for a different request.")
    return Answer(found.answer)


def forget_old(tx: Transaction) -> None:
    """Drop the answers that need not be kept any more."""
    tx.execute(delete(commands).where(commands.c.created_at < utc_now() - KEPT))
