"""How a carrier's callback is signed: HMAC-SHA256 over the moment and the body, with a secret that both have."""

from __future__ import annotations

import hashlib
import hmac
from datetime import datetime, timedelta

from shared.kit.errors import Unauthenticated

HEADER = "tracking-signature"
TOLERANCE = timedelta(minutes=5)
"""How far the moment of signing may be from ours."""


def sign(secret: str, body: str, at: datetime) -> str:
    """The header's value for this body."""
    moment = int(at.timestamp())
    return f"t={moment},v1={_digest(secret, moment, body)}"


def check(secret: str, body: str, header: str | None, now: datetime) -> None:
    """Unauthenticated unless the header signs this body, recently. It may hold several `v1`, so that a secret can be changed without a gap."""
    pairs = [part.strip().partition("=") for part in (header or "").split(",")]
    moments = [value for name, _, value in pairs if name == "t" and value.isascii() and value.isdigit() and len(value) <= 12]
    if len(moments) != 1:
        raise Unauthenticated("signature_missing", "Sign the callback: Tracking-Signature: t=<Unix seconds>,v1=<HMAC-SHA256 in hex of t.body>.")
    moment = int(moments[0])
    expected = _digest(secret, moment, body)
    if not any(hmac.compare_digest(value.encode(), expected.encode()) for name, _, value in pairs if name == "v1"):
        raise Unauthenticated("signature_wrong", "The signature is not that of this body at this moment with the carrier's secret.")
    if abs(now.timestamp() - moment) > TOLERANCE.total_seconds():
        raise Unauthenticated(
            "signature_old", f"It was signed more than {TOLERANCE.seconds // 60} minutes ago, or ahead; sign it again when you send it again."
        )


def _digest(secret: str, moment: int, body: str) -> str:
    return hmac.new(secret.encode(), f"{moment}.{body}".encode(), hashlib.sha256).hexdigest()
