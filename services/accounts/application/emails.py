"""E-mail addresses: one is believed only when a token that was mailed there has come back, and a new one takes the place of the old no earlier."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from services.accounts.application import mail, mailed_tokens, wording
from services.accounts.application.queries import check_version
from services.accounts.application.sessions import own_by_session
from services.accounts.domain.account import login_key
from services.accounts.domain.mail import CONFIRM_EMAIL
from services.accounts.models import accounts
from shared.kit.errors import Conflict
from shared.platform.calls import Call
from shared.platform.database import Transaction


def ask_to_confirm(tx: Transaction, account_id: str, email: str) -> None:
    """Mail the token that confirms the address."""
    mail.send(tx, email, *wording.confirm_email(), account_id=account_id, purpose=CONFIRM_EMAIL)


def send_again(tx: Transaction, call: Call) -> Mapping[str, Any]:
    """To the address that waits to be confirmed: the new one, where there is one. Conflict `email_confirmed` where none does."""
    account = own_by_session(tx, call)
    email = account.new_email or (None if account.email_confirmed_at else account.email)
    if email is None:
        raise Conflict("email_confirmed", "There is no address that waits to be confirmed.")
    ask_to_confirm(tx, account.id, email)
    return {}


def change(tx: Transaction, call: Call) -> Mapping[str, Any]:
    """The caller's account with the address as its new one, which is asked to confirm; the old one, if it is known to be theirs, is told.

    With the address in force nothing is changed any more: what waited is dropped. Conflict `email_taken`, PreconditionFailed where the account has changed since.
    """
    account, email = own_by_session(tx, call), call.data["email"]
    check_version(account, call)
    stays = login_key(email) == account.email_key
    if not stays:
        if tx.execute(select(accounts.c.id).where(accounts.c.email_key == login_key(email))).one_or_none():
            raise _taken()
        ask_to_confirm(tx, account.id, email)
        mail.tell(tx, account.id, *wording.email_is_to_change(email))
    return _changed(tx, account, new_email=None if stays else email)


def confirm(tx: Transaction, call: Call) -> Mapping[str, Any]:
    """The address that the token was mailed to is the account's now. Invalid `mailed_token_invalid`, Conflict `email_taken` where another account was faster."""
    account, email = mailed_tokens.use(tx, CONFIRM_EMAIL, call.data["token"])
    if email == account.new_email:
        mailed_tokens.revoke(tx, account.id)  # those for the old address, too
        try:
            _changed(tx, account, email=email, email_key=login_key(email), email_confirmed_at=tx.now, new_email=None)
        except IntegrityError as error:
            raise _taken() from error
    elif email == account.email:
        _changed(tx, account, email_confirmed_at=tx.now)
    else:  # it has been given up for another one
        raise mailed_tokens.no_such_token()
    return {"email": email}


def _changed(tx: Transaction, account: Any, **values: Any) -> Mapping[str, Any]:
    change = update(accounts).where(accounts.c.id == account.id).values(version=account.version + 1, **values)
    return tx.execute(change.returning(*accounts.c)).one()._asdict()


def _taken() -> Conflict:
    return Conflict("email_taken", "There is an account with this e-mail address.", {"email": ["Has an account already."]})
