"""The key pairs that access tokens are signed with: made when one is first asked for, and followed by others without anybody's being signed out."""

from __future__ import annotations

import json
import logging
from base64 import urlsafe_b64encode
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from jwt.algorithms import OKPAlgorithm
from sqlalchemy import Row, delete, select, update

from services.accounts.domain import signing
from services.accounts.models import signing_keys
from shared.kit.errors import Conflict, NotFound
from shared.platform.calls import Call
from shared.platform.database import Transaction

log = logging.getLogger(__name__)

ALGORITHM = "EdDSA"


def every(tx: Transaction) -> Sequence[Row[Any]]:
    """All keys that are published, oldest first."""
    return tx.execute(select(signing_keys).where(signing_keys.c.algorithm == ALGORITHM).order_by(signing_keys.c.number)).all()


def current(tx: Transaction) -> Row[Any]:
    """The key that tokens are signed with. Of two replicas that make the first one at once, one's is kept."""
    keys = every(tx)
    return signing.current(keys, tx.now) or (keys[0] if keys else _add(tx, keys, tx.now))


def published(tx: Transaction, _call: Call) -> Mapping[str, Any]:
    """What access tokens are checked with, as a JSON Web Key Set: the public halves only."""
    current(tx)
    return {"keys": [key.public_key for key in every(tx)]}


def rotate(tx: Transaction) -> Row[Any]:
    """A new key, which signs after it has been published for a while. Conflict `key_coming` where there is one that waits for its turn."""
    current(tx)
    keys = every(tx)
    if waiting := signing.coming(keys, tx.now):
        raise Conflict("key_coming", f"Key {waiting.kid} is published and will sign from {waiting.signs_from:%Y-%m-%d %H:%M:%S}Z.")
    return _add(tx, keys, tx.now + signing.ANNOUNCED)


def retire(tx: Transaction, kid: str) -> Row[Any]:
    """The key is good no longer, at once, and neither is a token that it signed. Which key signs now; NotFound."""
    signs = current(tx)
    if not tx.execute(delete(signing_keys).where(signing_keys.c.kid == kid)).rowcount:
        raise NotFound("key_not_found", f"There is no signing key {kid}.")
    log.warning("signing key %s is retired", kid)
    keys = every(tx)
    if signs.kid != kid:
        return signs
    if waiting := signing.coming(keys, tx.now):
        tx.execute(update(signing_keys).where(signing_keys.c.kid == waiting.kid).values(signs_from=tx.now))
        return waiting
    return _add(tx, keys, tx.now)


def tend(tx: Transaction, days: int) -> None:
    """Drop the keys whose last token is over, and make a new one where the one that signs has for so many days (0: never)."""
    keys = every(tx)
    for key, until in signing.needed_until(keys):
        if until is not None and until <= tx.now:
            tx.execute(delete(signing_keys).where(signing_keys.c.kid == key.kid))
            log.info("signing key %s is retired: the last token that it signed is over", key.kid)
    signs = signing.current(keys, tx.now)
    if days and signs and signs.signs_from + timedelta(days=days) <= tx.now and not signing.coming(keys, tx.now):
        log.info("signing key %s will sign from %s on", (made := _add(tx, keys, tx.now + signing.ANNOUNCED)).kid, made.signs_from)


def _add(tx: Transaction, keys: Sequence[Row[Any]], signs_from: datetime) -> Row[Any]:
    """The next key: numbered, so that one of two that are made at once is kept."""
    number = keys[-1].number + 1 if keys else 1
    tx.insert_once(signing_keys, {**_new_pair(), "number": number, "created_at": tx.now, "signs_from": signs_from})
    return tx.execute(select(signing_keys).where(signing_keys.c.algorithm == ALGORITHM, signing_keys.c.number == number)).one()


def _new_pair() -> dict[str, Any]:
    private = Ed25519PrivateKey.generate()
    public = OKPAlgorithm.to_jwk(private.public_key(), as_dict=True)
    thumbprint = sha256(json.dumps(public, sort_keys=True, separators=(",", ":")).encode()).digest()  # RFC 7638 § 3
    kid = urlsafe_b64encode(thumbprint).rstrip(b"=").decode()
    return {
        "kid": kid,
        "algorithm": ALGORITHM,
        "private_key": private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode(),
        "public_key": {**public, "kid": kid, "alg": ALGORITHM, "use": "sig"},
    }
