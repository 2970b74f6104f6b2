"""A provider's no, which is no error: 402 with the reason."""

from __future__ import annotations


class Refusal(Exception):
    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
