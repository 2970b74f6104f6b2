"""`tradelane accounts key` and `totp-off`, `tradelane keys`: API keys, second factors and signing keys in the accounts service's own database. Keys are made for service accounts alone: people make their own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Row, literal, select

from services.accounts.application import api_keys, signing_keys, totp
from services.accounts.domain import signing
from services.accounts.domain.account import login_key
from services.accounts.models import accounts
from shared.contracts.api_keys import ApiKey, CreateApiKey, NewApiKey
from shared.contracts.validation import load
from shared.kit.clock import utc_now
from shared.kit.errors import Invalid, NotFound
from shared.platform.database import Transaction
from shared.platform.settings import Settings
from tradelane.databases import database


def create_key(settings: Settings, login: str, name: str, scopes: Sequence[str], expires_at: str | None) -> Mapping[str, Any]:
    """The key as HTTP would answer it, its secret included. Invalid by field; NotFound; Invalid `not_a_service` for an account of people."""
    given = {"name": name, "scopes": list(scopes)} | ({"expires_at": expires_at} if expires_at else {})
    facts = load(CreateApiKey(exclude=("password",)), given)

    def work(tx: Transaction) -> Mapping[str, Any]:
        account = _account(tx, login)
        if "service" not in account.roles:
            raise Invalid("not_a_service", f"{login} is no service account: its owner makes its keys, at /v1/me/api-keys.")
        return api_keys.create(tx, account.id, facts["name"], facts["scopes"], facts.get("expires_at"))

    with database("accounts", settings) as run:
        made: Mapping[str, Any] = NewApiKey().dump(run(work))
    return made


def list_keys(settings: Settings, login: str) -> list[dict[str, Any]]:
    """A row a key of the account."""
    with database("accounts", settings) as run:
        keys = run(lambda tx: tx.execute(api_keys.of(_account(tx, login).id)).mappings().all())
    return [{**{name: key[name] for name in ApiKey._declared_fields}, "ok": True} for key in keys]


def revoke_key(settings: Settings, key_id: str) -> None:
    """Anybody's; NotFound where there is no such key."""
    with database("accounts", settings) as run:
        if not run(lambda tx: api_keys.revoke(tx, key_id)):
            raise NotFound("api_key_not_found", f"There is no API key {key_id}.")


def disable_totp(settings: Settings, login: str) -> bool:
    """For who has lost app and recovery codes; whether there was a second factor. NotFound."""
    with database("accounts", settings) as run:
        had: bool = run(lambda tx: totp.disable(tx, _account(tx, login).id))
    return had


def list_signing_keys(settings: Settings) -> list[dict[str, Any]]:
    """A row a key: whether it will sign, signs or did, and until when it is needed."""
    now = utc_now()
    with database("accounts", settings) as run:
        keys = run(signing_keys.every)
    signs = signing.current(keys, now)
    rows = []
    for key, until in signing.needed_until(keys):
        state = "signs" if key is signs else "coming" if key.signs_from > now else "old"
        rows.append({"kid": key.kid, "algorithm": key.algorithm, "state": state, "signs_from": key.signs_from, "needed_until": until, "ok": True})
    return rows


def rotate_signing_key(settings: Settings) -> Row[Any]:
    """The key that will sign. Conflict where one waits for its turn already."""
    with database("accounts", settings) as run:
        key: Row[Any] = run(signing_keys.rotate)
    return key


def retire_signing_key(settings: Settings, kid: str) -> Row[Any]:
    """The key that signs now; NotFound."""
    with database("accounts", settings) as run:
        key: Row[Any] = run(lambda tx: signing_keys.retire(tx, kid))
    return key


def _account(tx: Transaction, login: str) -> Row[Any]:
    """By e-mail address or user name, of which none is both."""
    account = tx.execute(select(accounts).where(literal(login_key(login)).in_((accounts.c.email_key, accounts.c.user_name_key)))).one_or_none()
    if account is None:
        raise NotFound("account_not_found", f"There is no account with the e-mail address or user name {login}.")
    return account
