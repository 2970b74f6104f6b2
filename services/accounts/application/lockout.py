"""Who fails too often to prove who they are has to wait: counted by login name, address and account, on all replicas.

An attempt is two transactions, since hashing between them takes long: `check` refuses while one must wait, `settle` counts what came of it.
`settle` refuses, too: of many attempts at once those that come after the wait began are not answered, whether they were right or wrong.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from ipaddress import IPv4Address, IPv6Address
from math import ceil
from operator import itemgetter
from typing import Any

from sqlalchemy import Row, delete, select, update

from services.accounts.domain.account import login_key
from services.accounts.domain.lockout import KEPT, count
from services.accounts.models import lockouts
from shared.kit.errors import TooMany
from shared.platform.database import Transaction

Counted = tuple[str, str]
"""What is counted: its kind (of `lockout.FREE`) and the digest of its value. Login names are kept as digests, since some are passwords in the wrong field."""


def name(login: str) -> Counted:
    """A login name, whether or not it has an account."""
    return _counted("name", login_key(login))


def address(ip: IPv4Address | IPv6Address) -> Counted:
    """Where a request comes from. Of IPv6 the first 64 bits: the rest is for its owner to choose."""
    if isinstance(ip, IPv6Address):
        ip = ip.ipv4_mapped or ip
    return _counted("address", ip.packed[:8].hex())


def account(account_id: str) -> Counted:
    """An account that is asked for its password while it is signed in. It is not counted with its name: strangers cannot lock who is in."""
    return _counted("account", account_id)


def check(tx: Transaction, *counted: Counted) -> None:
    """TooMany `sign_in_locked` while one of them must wait."""
    _refuse(tx, tx.execute(select(lockouts).where(lockouts.c.key.in_(_keys(counted)))).all())


def settle(tx: Transaction, right: bool, *counted: Counted) -> None:
    """Count an attempt that failed, or forget the failures before one that was `right` (not those of an address: an attacker may have an account, too).

    TooMany as `check`, and then nothing is counted.
    """
    if not right:
        for kind, key in sorted(counted, key=itemgetter(1)):  # in one order, that none waits for each other
            tx.insert_once(lockouts, {"key": key, "kind": kind, "failures": 0, "failed_at": tx.now, "locked_until": tx.now})
    rows = tx.execute(select(lockouts).where(lockouts.c.key.in_(_keys(counted))).order_by(lockouts.c.key).with_for_update()).all()
    _refuse(tx, rows)
    if right:
        if rows:
            clear(tx, *(each for each in counted if each[0] != "address"))
        return
    for row in rows:
        failures, until = count(row.kind, row.failures, row.failed_at, tx.now)
        tx.execute(update(lockouts).where(lockouts.c.key == row.key).values(failures=failures, failed_at=tx.now, locked_until=until))


def clear(tx: Transaction, *counted: Counted) -> None:
    """Forget their failures."""
    tx.execute(delete(lockouts).where(lockouts.c.key.in_(_keys(counted))))


def sweep(tx: Transaction) -> None:
    """Drop what counts no more."""
    tx.execute(delete(lockouts).where(lockouts.c.failed_at < tx.now - KEPT))


def _counted(kind: str, value: str) -> Counted:
    return kind, sha256(f"{kind} {value}".encode()).hexdigest()


def _keys(counted: Sequence[Counted]) -> list[str]:
    return [key for _kind, key in counted]


def _refuse(tx: Transaction, rows: Sequence[Row[Any]]) -> None:
    seconds = max((ceil((row.locked_until - tx.now).total_seconds()) for row in rows), default=0)
    if seconds > 0:
        raise TooMany("sign_in_locked", f"Too many attempts have failed; try again in {seconds} s.", retry_after=seconds)
