"""Who acts. The gateway puts the actor into each command; nothing downstream takes it from a header."""

from __future__ import annotations

from dataclasses import dataclass

ROLES = ("buyer", "supplier", "operator", "carrier", "warehouse", "service")


@dataclass(frozen=True, slots=True)
class Actor:
    """An account with its roles (of `ROLES`). `reauthenticated` is true where the password was asked again for this very request."""

    id: str
    roles: frozenset[str]
    name: str = ""
    reauthenticated: bool = False

    @property
    def is_operator(self) -> bool:
        return "operator" in self.roles
