"""Proving who one is, to sign in or for what asks for the password again: hashing stands between two transactions, and what fails is counted.

An attempt that failed is no error within its transaction, as the count must be committed: it is handed out and raised after.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Row, select

from services.accounts.application import lockout
from services.accounts.application.passwords import is_password
from services.accounts.application.sessions import open_session
from services.accounts.domain.account import email_key
from services.accounts.models import accounts
from shared.kit.errors import Forbidden, TradeError, Unauthenticated
from shared.platform.calls import Call
from shared.platform.cpu import offload
from shared.platform.database import Transaction
from shared.platform.store import Handle


def sign_in(store: Handle, call: Call) -> Mapping[str, Any]:
    """Tokens of a new session. Unauthenticated `credentials_incorrect`, alike for a wrong password and an unknown name; TooMany `sign_in_locked`."""
    account = store.read(call, _credentials)
    right = offload(is_password, call.data["password"], account and account.password_hash)
    tokens: Mapping[str, Any] = _passed(store.run(_sign_in, call, account, right))
    return tokens


def check_password(store: Handle, call: Call) -> None:
    """Returns where the `password` in the call's data is its actor's; Forbidden `password_incorrect`, TooMany `sign_in_locked`."""
    right = offload(is_password, call.data["password"], store.read(call, _own_password_hash))
    _passed(store.run(_check_password, call, right))


def _passed(outcome: Any) -> Any:
    if isinstance(outcome, TradeError):
        raise outcome
    return outcome


def _credentials(tx: Transaction, call: Call) -> Row[Any] | None:
    lockout.check(tx, *_counted(call))
    return tx.execute(select(accounts.c.id, accounts.c.password_hash).where(accounts.c.email_key == email_key(call.data["email"]))).one_or_none()


def _sign_in(tx: Transaction, call: Call, account: Row[Any], right: bool) -> Mapping[str, Any] | TradeError:
    lockout.settle(tx, right, *_counted(call))
    return open_session(tx, account.id) if right else Unauthenticated("credentials_incorrect", "The e-mail address or the password is not right.")


def _counted(call: Call) -> tuple[lockout.Counted, ...]:
    return lockout.name(call.data["email"]), lockout.address(call.data["remote_address"])


def _own_password_hash(tx: Transaction, call: Call) -> str | None:
    account_id = call.require_actor().id
    lockout.check(tx, lockout.account(account_id))
    return tx.execute(select(accounts.c.password_hash).where(accounts.c.id == account_id)).scalar_one_or_none()


def _check_password(tx: Transaction, call: Call, right: bool) -> TradeError | None:
    lockout.settle(tx, right, lockout.account(call.require_actor().id))
    return None if right else Forbidden("password_incorrect", "The password is not right.", {"password": ["Is not your password."]})
