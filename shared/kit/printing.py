"""What others wrote, made fit to be printed: it moves no cursor, sets no colour, turns no line about and begins none."""

from __future__ import annotations

import re

_MOVING = "\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff"
_IN_LINES, _IN_ONE = re.compile(f"[{_MOVING}]"), re.compile(f"[{_MOVING}\n]")


def printable(text: str, *, lines: bool = True) -> str:
    """The text with JSON's escapes for what would do something to a terminal or a log; for its ends of lines, too, where it is to be one."""
    return (_IN_LINES if lines else _IN_ONE).sub(lambda found: f"\\u{ord(found[0]):04x}", text)
