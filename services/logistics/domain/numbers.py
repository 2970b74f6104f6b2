"""Numbers of papers: the export declaration's own, and how numbers that carriers, insurers and customs give are told to be the same."""

from __future__ import annotations

import secrets

# ISO 6346 § 4 gives letters the numbers from 10 on, without the multiples of 11.
_VALUES = {str(digit): digit for digit in range(10)} | dict(zip("ABCDEFGHIJKLMNOPQRSTUVWXYZ", (n for n in range(10, 39) if n % 11), strict=True))

_SERIAL = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # without I, L, O and U, which are misread
_EXPORT_ONLY = "A"


def check_digit(text: str) -> str:
    """ISO 6346's check digit over digits and capital letters: the weighted sum modulo 11, of that the last digit."""
    return str(sum(_VALUES[letter] << place for place, letter in enumerate(text)) % 11 % 10)


def export_number(year: int, country: str) -> str:
    """A new movement reference number, built as the EU's: two digits of the year, the country of export, twelve characters (60 random
    bits), the procedure (`A`: export), and the check digit."""
    serial = "".join(secrets.choice(_SERIAL) for _ in range(12))
    body = f"{year % 100:02d}{country}{serial}{_EXPORT_ONLY}"
    return body + check_digit(body)


def comparable(number: str) -> str:
    """The number without what people and forms add (case, spaces, dashes, strokes): `020-1234 5675` is `02012345675`."""
    return "".join(letter for letter in number.casefold() if letter.isalnum()) or number
