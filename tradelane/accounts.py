"""`tradelane accounts create`: accounts in any role, made in the accounts service's own database. Nobody registers as operator over HTTP."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from services.accounts.application.handlers import create_account
from services.accounts.application.passwords import hash_password
from shared.contracts.accounts import Account, Register
from shared.kit.errors import Invalid
from shared.platform import database
from shared.platform.settings import settings


def create(email: str, password: str, name: str, country: str, company: str | None, roles: list[str], *, verified: bool = False) -> Mapping[str, Any]:
    """The account, as HTTP would answer it. Invalid by field; Conflict where the address is taken."""
    given = {"email": email, "password": password, "name": name, "country": country} | ({"company": company} if company else {})
    if errors := Register(exclude=("role",)).validate(given):
        raise Invalid("account_invalid", "This is not an account that can be made.", errors)
    password_hash = hash_password(password, email)
    engine = database.make_engine("accounts", settings())
    try:
        account, _ = database.run(engine, lambda tx: create_account(tx, email, password_hash, name, country, roles, company=company, verified=verified))
    finally:
        engine.dispose()
    answer: Mapping[str, Any] = Account().dump(account)
    return answer
