"""Who acts. The gateway puts the actor into each command; nothing downstream takes it from a header."""

from __future__ import annotations

from dataclasses import dataclass

from shared.kit.errors import Forbidden

ROLES = ("buyer", "supplier", "operator", "carrier", "warehouse", "service")


@dataclass(frozen=True, slots=True)
class Actor:
    """An account with its roles (of `ROLES`).

    `reauthenticated` is true where the password was asked again for this very request, `verified` where an operator has found the account
    to be who it says. `session_id` is the sign-in it comes by; who comes by an API key has none, and may do no more than its `scopes` say.
    """

    id: str
    roles: frozenset[str]
    name: str = ""
    reauthenticated: bool = False
    verified: bool = False
    session_id: str | None = None
    scopes: frozenset[str] | None = None

    @property
    def is_operator(self) -> bool:
        return "operator" in self.roles

    def require_password(self) -> None:
        """Forbidden `password_required` where the password was not asked again."""
        if not self.reauthenticated:
            raise Forbidden("password_required", "Your password is needed for this.", {"password": ["Enter your password again."]})
