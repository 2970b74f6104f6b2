"""Proving who one is, to sign in or for what asks for the password again: hashing stands between two transactions, and what fails is counted.

An attempt that failed is no error within its transaction, as the count must be committed: it is handed out and raised after.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Row, select

from services.accounts.application import lockout, totp
from services.accounts.application.passwords import is_password
from services.accounts.application.sessions import open_session, own_by_session
from services.accounts.domain.account import login_key
from services.accounts.models import accounts
from shared.kit.errors import Conflict, Forbidden, Invalid, TradeError, Unauthenticated
from shared.platform.calls import Call
from shared.platform.cpu import offload
from shared.platform.database import Transaction
from shared.platform.store import Handle

_NOT_NOW = "Is not what the app shows now, or was used already."


def sign_in(store: Handle, call: Call) -> Mapping[str, Any]:
    """Tokens of a new session. Unauthenticated `credentials_incorrect`, alike for a wrong password and an unknown name, `totp_required` and
    `totp_incorrect` where the account has a second factor; TooMany `sign_in_locked`."""
    account = store.read(call, _credentials)
    right = offload(is_password, call.data["password"], account and account.password_hash)
    tokens: Mapping[str, Any] = _passed(store.run(_sign_in, call, account, right))
    return tokens


def check_password(store: Handle, call: Call) -> None:
    """Returns where the `password` in the call's data is its actor's; Forbidden `password_incorrect`, TooMany `sign_in_locked`."""
    right = offload(is_password, call.data["password"], store.read(call, _own_password_hash))
    _passed(store.run(_check_password, call, right))


def disable_totp(store: Handle, call: Call) -> None:
    """No second factor any more, by password and code. Forbidden `password_incorrect`, `totp_incorrect`; Conflict `totp_off`; TooMany `sign_in_locked`."""
    right = offload(is_password, call.data["password"], store.read(call, _own_password_hash))
    _passed(store.run(_disable_totp, call, right))


def _passed(outcome: Any) -> Any:
    if isinstance(outcome, TradeError):
        raise outcome
    return outcome


def _credentials(tx: Transaction, call: Call) -> Row[Any] | None:
    lockout.check(tx, *_counted(call))
    column = accounts.c.email_key if "email" in call.data else accounts.c.user_name_key
    return tx.execute(select(accounts.c.id, accounts.c.password_hash).where(column == login_key(_login(call)))).one_or_none()


def _sign_in(tx: Transaction, call: Call, account: Row[Any], right: bool) -> Mapping[str, Any] | TradeError:
    if not (right and _still_stands(tx, account)):
        lockout.settle(tx, False, *_counted(call))
        return Unauthenticated("credentials_incorrect", "The name or the password is not right.")
    if totp.is_on(tx, account.id):
        if "totp" not in call.data:
            lockout.check(tx, *_counted(call))
            raise Unauthenticated("totp_required", "The password is right; send the code of your authenticator app, too.", {"totp": ["Needed to sign in."]})
        right = totp.accept(tx, account.id, call.data["totp"])
    lockout.settle(tx, right, *_counted(call))
    return open_session(tx, account.id, call) if right else Unauthenticated("totp_incorrect", "The code is not right.", {"totp": [_NOT_NOW]})


def _still_stands(tx: Transaction, account: Row[Any]) -> bool:
    """Whether the password that was checked is still the account's, and stays so to the end: a new one ends all sessions, those that are just beginning, too."""
    same = select(accounts.c.id).where(accounts.c.id == account.id, accounts.c.password_hash == account.password_hash)
    return tx.execute(same.with_for_update(read=True)).one_or_none() is not None


def _counted(call: Call) -> tuple[lockout.Counted, ...]:
    return lockout.name(_login(call)), lockout.address(call.data["remote_address"])


def _login(call: Call) -> str:
    """The e-mail address or user name that somebody signs in by; Invalid `login_missing` where it is not one of them."""
    email, user_name = call.data.get("email"), call.data.get("user_name")
    if bool(email) == bool(user_name):
        told = ["Give the e-mail address or the user name, one of them."]
        raise Invalid("login_missing", "One signs in by one name.", {"email": told, "user_name": told})
    return str(email or user_name)


def _own_password_hash(tx: Transaction, call: Call) -> str | None:
    account_id = call.require_actor().id
    lockout.check(tx, lockout.account(account_id))
    return tx.execute(select(accounts.c.password_hash).where(accounts.c.id == account_id)).scalar_one_or_none()


def _check_password(tx: Transaction, call: Call, right: bool) -> TradeError | None:
    lockout.settle(tx, right, lockout.account(call.require_actor().id))
    return None if right else _password_incorrect()


def _disable_totp(tx: Transaction, call: Call, right: bool) -> TradeError | None:
    account_id = own_by_session(tx, call).id
    if not totp.is_on(tx, account_id):
        raise Conflict("totp_off", "There is no second factor.")
    both = right and totp.accept(tx, account_id, call.data["code"])
    lockout.settle(tx, both, lockout.account(account_id))
    if not both:
        return Forbidden("totp_incorrect", "The code is not right.", {"code": [_NOT_NOW]}) if right else _password_incorrect()
    totp.disable(tx, account_id)
    return None


def _password_incorrect() -> Forbidden:
    return Forbidden("password_incorrect", "The password is not right.", {"password": ["Is not your password."]})
