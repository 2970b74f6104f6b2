"""Card numbers: none is taken anywhere on the platform, so what looks like one is refused before it is kept or shown."""

from __future__ import annotations

import re
import unicodedata
from typing import Any

from shared.kit.errors import Invalid

_GROUPS = re.compile(r"[0-9]+(?:[^0-9A-Za-z]{1,4}[0-9]+)*")
_SHORTEST, _LONGEST = 13, 19  # digits, by ISO/IEC 7812-1
_READABLE = 10_000  # characters: no field takes as many, and looking through a megabyte takes seconds
# Ids and tokens have digits in a row by chance: one in some hundred hexadecimal ones would pass for a card number.
_ID = r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_IDS, _RANDOM = (re.compile(pattern, re.IGNORECASE | re.ASCII) for pattern in (_ID, _ID + "|[0-9a-z]{25,}"))
_TOKENS = ("token", "id")
"""How fields are called, or end, that hold what is random."""
_VALUES = bytes.maketrans(b"0123456789", bytes(range(10)))
_DOUBLED = bytes.maketrans(bytes(range(10)), bytes([0, 2, 4, 6, 8, 1, 3, 5, 7, 9]))  # the sum of the double's digits


def has_card_number(text: str, token: bool = False) -> bool:
    """Whether some of its groups of digits together have 13 to 19 of them and a right check digit; not what looks random, in a `token`. A text of
    no end is taken for one."""
    if len(text) > _READABLE:
        return True
    written = (_RANDOM if token else _IDS).sub(lambda word: word[0] if word[0].isdigit() else "*", unicodedata.normalize("NFKC", text))
    for found in _GROUPS.finditer(written):
        groups = re.findall(r"[0-9]+", found[0])
        if any(_is_number_in(groups[first : first + _LONGEST]) for first in range(len(groups))):
            return True
    return False


def refuse_card_numbers(data: Any) -> None:
    """Invalid `card_number_refused`, naming the fields and never what stands in them, where JSON has something like a card number in it."""
    if fields := sorted(_fields_with(data, "")):
        sentence = "This looks like a card number. Give it to the payment provider only, and the token that it answers with here."
        raise Invalid("card_number_refused", sentence, {field: [sentence] for field in fields})


def _fields_with(data: Any, path: str) -> set[str]:
    if isinstance(data, (dict, list)):
        found: set[str] = set()
        for name, value in data.items() if isinstance(data, dict) else enumerate(data):
            found |= {path or "_"} if has_card_number(str(name)) else _fields_with(value, f"{path}.{name}".lstrip("."))
        return found
    return {path or "_"} if has_card_number(str(data), token=path.rpartition(".")[2].rpartition("_")[2] in _TOKENS) else set()


def _is_number_in(groups: list[str]) -> bool:
    """Whether the first few of these groups make a card number."""
    digits = ""
    for group in groups:
        digits += group
        if len(digits) > _LONGEST:
            return False
        if len(digits) >= _SHORTEST and _checks(digits):
            return True
    return False


def _checks(digits: str) -> bool:
    """Luhn's formula (ISO/IEC 7812-1, annex B)."""
    backwards = digits.encode()[::-1].translate(_VALUES)
    return (sum(backwards[::2]) + sum(backwards[1::2].translate(_DOUBLED))) % 10 == 0
