"""Numbers of bank accounts, as they are shown to whom they are no business of."""

from __future__ import annotations


def mask_account(account: str) -> str:
    """All but the last four characters as stars; an account of four characters or fewer wholly."""
    shown = account[-4:] if len(account) > 4 else ""
    return shown.rjust(len(account), "*")
