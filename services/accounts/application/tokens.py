"""Access tokens, which anybody can check with a public key: JWTs signed with Ed25519."""

from __future__ import annotations

from typing import Any

import jwt
from sqlalchemy import Row

from services.accounts.application import signing_keys
from services.accounts.domain.signing import LIFETIME
from shared.platform.database import Transaction

ISSUER = "tradelane/accounts"
AUDIENCE = "tradelane"


def access_token(tx: Transaction, account: Row[Any], session_id: str) -> str:
    """A JWT for a row of `accounts`: who it is, as what they may act, until when."""
    key = signing_keys.current(tx)
    claims = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": account.id,
        "name": account.name,
        "roles": account.roles,
        "verified": account.verified_at is not None,
        "sid": session_id,
        "iat": tx.now,
        "exp": tx.now + LIFETIME,
    }
    return jwt.encode(claims, key.private_key, key.algorithm, {"kid": key.kid})
