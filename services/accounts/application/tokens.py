"""Access tokens, which anybody can check with the public key: JWTs signed with Ed25519. The key pair lives in the database."""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from jwt.algorithms import OKPAlgorithm
from sqlalchemy import Row, select

from services.accounts.models import signing_keys
from shared.platform.database import Transaction

ALGORITHM = "EdDSA"
ISSUER = "tradelane/accounts"
AUDIENCE = "tradelane"
LIFETIME = timedelta(minutes=15)


def access_token(tx: Transaction, account: Row[Any], session_id: str) -> str:
    """A JWT for a row of `accounts`: who it is, as what they may act, until when."""
    key = signing_key(tx)
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
    return jwt.encode(claims, key.private_key, ALGORITHM, {"kid": key.kid})


def signing_key(tx: Transaction) -> Row[Any]:
    """The key that tokens are signed with, made when it is first asked for; of two replicas that make one at once, one's is kept."""
    kept = select(signing_keys).where(signing_keys.c.algorithm == ALGORITHM)
    if row := tx.execute(kept).one_or_none():
        return row
    tx.insert_once(signing_keys, _new_key(tx.now))
    return tx.execute(kept).one()


def _new_key(now: datetime) -> dict[str, Any]:
    private = Ed25519PrivateKey.generate()
    public = OKPAlgorithm.to_jwk(private.public_key(), as_dict=True)
    thumbprint = sha256(json.dumps(public, sort_keys=True, separators=(",", ":")).encode()).digest()  # RFC 7638 § 3
    kid = urlsafe_b64encode(thumbprint).rstrip(b"=").decode()
    return {
        "kid": kid,
        "algorithm": ALGORITHM,
        "private_key": private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode(),
        "public_key": {**public, "kid": kid, "alg": ALGORITHM, "use": "sig"},
        "created_at": now,
    }
