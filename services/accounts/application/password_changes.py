"""New passwords: for the old one, or for a token that was mailed because it is forgotten. Either ends what others might have begun with the old one."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select, update

from services.accounts.application import lockout, mail, mailed_tokens, wording
from services.accounts.application.sessions import own_by_session
from services.accounts.domain.account import login_key
from services.accounts.domain.mail import RESET_PASSWORD
from services.accounts.models import accounts, api_keys, sessions
from shared.platform.calls import Call
from shared.platform.database import Transaction

Logins = tuple[str | None, str | None]


def own_logins(tx: Transaction, call: Call) -> Logins:
    """The caller's e-mail address and user name, which are no passwords."""
    account = own_by_session(tx, call)
    return account.email, account.user_name


def change(tx: Transaction, call: Call, password_hash: str) -> Mapping[str, Any]:
    """The caller's new password; the old one has been asked for. All sessions but their own end."""
    account = own_by_session(tx, call)
    tx.execute(delete(sessions).where(sessions.c.account_id == account.id, sessions.c.id != call.require_actor().session_id))
    _set(tx, account, password_hash, account.email_confirmed_at)
    return {}


def ask_for_reset(tx: Transaction, call: Call) -> Mapping[str, Any]:
    """Mail the token. Where the address has no account all is done alike, but for the mail: it is written, and never leaves."""
    email = call.data["email"]
    account = tx.execute(select(accounts.c.id, accounts.c.email).where(accounts.c.email_key == login_key(email))).one_or_none()
    mail.send(tx, account.email if account else email, *wording.reset_password(), account_id=account and account.id, purpose=RESET_PASSWORD)
    return {}


def logins_of(tx: Transaction, call: Call) -> Logins:
    """Of the account whose token it is: before anything is hashed for it. Invalid `mailed_token_invalid`."""
    account_id = mailed_tokens.find(tx, RESET_PASSWORD, call.data["token"]).account_id
    found = tx.execute(select(accounts.c.email, accounts.c.user_name).where(accounts.c.id == account_id)).one()
    return found.email, found.user_name


def reset(tx: Transaction, call: Call, password_hash: str) -> Mapping[str, Any]:
    """The new password of whoever has read the mail, which confirms its address. All sessions end, and nobody has to wait any more. Invalid `mailed_token_invalid`.

    Where the address was not known to be the holder's before, the API keys end as well: somebody else may have opened the account in their name.
    """
    account, email = mailed_tokens.use(tx, RESET_PASSWORD, call.data["token"])
    if email != account.email:  # a mail that was long on its way, and there is another address by now
        raise mailed_tokens.no_such_token()
    if account.email_confirmed_at is None:
        tx.execute(delete(api_keys).where(api_keys.c.account_id == account.id))
    tx.execute(delete(sessions).where(sessions.c.account_id == account.id))
    lockout.clear(tx, lockout.account(account.id), *(lockout.name(login) for login in (account.email, account.user_name) if login))
    _set(tx, account, password_hash, account.email_confirmed_at or tx.now)
    return {}


def _set(tx: Transaction, account: Any, password_hash: str, email_confirmed_at: datetime | None) -> None:
    """With the old password goes all that was asked for while it counted: tokens, mails that carry one, and a new address that is not confirmed."""
    mailed_tokens.revoke(tx, account.id)
    values = {"password_hash": password_hash, "new_email": None, "email_confirmed_at": email_confirmed_at, "version": account.version + 1}
    tx.execute(update(accounts).where(accounts.c.id == account.id).values(values))
    mail.tell(tx, account.id, *wording.password_changed())
