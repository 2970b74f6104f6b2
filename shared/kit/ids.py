"""Identifiers: time-ordered UUIDv7 for machines, short numbers for people."""

from __future__ import annotations

import os
import secrets
import time
import uuid
from datetime import UTC, datetime

# Crockford's base 32: no I, L, O or U, so a number read out over the telephone is written down right.
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def new_id() -> str:
    """A UUIDv7 (RFC 9562 § 5.7): 48 bits of Unix milliseconds, then randomness; sorts by time of birth."""
    milliseconds, random = time.time_ns() // 1_000_000, int.from_bytes(os.urandom(10), "big")
    value = (milliseconds & (2**48 - 1)) << 80 | 0x7 << 76 | (random >> 68) << 64 | 0b10 << 62 | random & (2**62 - 1)
    digits = f"{value:032x}"
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def born_at(id: str) -> datetime:
    """When a `new_id` was made."""
    return datetime.fromtimestamp(int(id.replace("-", "")[:12], 16) / 1000, UTC)


def derived_id(*parts: str) -> str:
    """The same id for the same parts, so that what is done again is known to be the same (RFC 9562 § 5.5, UUIDv5)."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, "tradelane:" + "\x1f".join(parts)))


def new_number(prefix: str) -> str:
    """A number for people, e.g. `TO-7Q4M9-0ZK2W` (50 random bits; a unique index guards the rest)."""
    letters = "".join(secrets.choice(_ALPHABET) for _ in range(10))
    return f"{prefix}-{letters[:5]}-{letters[5:]}"
