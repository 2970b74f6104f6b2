"""What production does not run with: secrets that are missing, short, or among everybody's first guesses. What is wrong is told by name, never by value."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import unquote, urlsplit

SHORTEST = 16
FEWEST = 6
"""Different characters of a secret."""

_GUESSED = re.compile(
    r"(?:access|accounts|admin|administrator|amqp|broker|carrier|catalog|change|changeit|database|default|demo|dev|development|example|gateway|guest|key|local|"
    r"localhost|logistics|me|mysecret|orders|pass|password|passwd|payments|postgres|postgresql|private|provider|public|qwerty|rabbit|rabbitmq|root|sandbox|secret|"
    r"sk|stripe|test|this|token|tradelane|user|webhook|whsec|your)+"
)
_ADVICE = 'TRADELANE_MODE=production needs one of its own: python3 -c "import secrets; print(secrets.token_urlsafe(24))"'


def check_secrets(settings: Any) -> None:
    """ValueError naming the first setting that is no secret.

    `settings` is a dataclass, in which whatever is kept out of its `repr` is a secret by its name, or an address that may have a password in it.
    """
    for name, value in _hidden(settings):
        if wrong := _of_secret(value) if name.endswith(("_KEY", "_SECRET")) else _of_address(value):
            raise ValueError(f"settings: {name} {wrong}; {_ADVICE}")


def _hidden(settings: Any) -> Iterator[tuple[str, str]]:
    for field in dataclasses.fields(settings):
        value = getattr(settings, field.name)
        if field.repr or not value:
            continue
        if field.name == "carriers":  # their keys are as the carriers give them
            yield from ((f"CARRIER_{code.upper()}_SECRET", each["secret"]) for code, each in value.items() if "secret" in each)
        elif isinstance(value, Mapping):
            yield from value.items()
        else:
            yield field.name.upper(), value


def _of_address(address: str) -> str:
    """A broker without a user is asked as guest, with a password that everybody knows."""
    parts = urlsplit(address)
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    if not user and not password:
        return "names no user" if parts.scheme.startswith("amqp") else ""
    if password == user:
        return "has a default password" if password else "has no password"
    return _of_secret(password)


def _of_secret(secret: str) -> str:
    if not secret:
        return "has no password"
    words = re.sub(r"[^a-z]", "", secret.lower())
    if len(set(secret)) < FEWEST or not words or _GUESSED.fullmatch(words):
        return "is one that anybody would try"
    return f"is shorter than {SHORTEST} characters" if len(secret) < SHORTEST else ""
