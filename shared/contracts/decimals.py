"""Decimal numbers as strings of plain digits: what they look like, and the field that those of the contracts are made of."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

from marshmallow import ValidationError, fields

MOST_PLACES = 100
_PLAIN = re.compile(rf"-?(0|[1-9][0-9]{{0,19}})([.][0-9]{{1,{MOST_PLACES}}})?")


def plain_decimal(whole: int, places: int | None = None, *, least: int = 0) -> str:
    """What a decimal number in plain digits looks like, as a regular expression: with at most so many digits before the point and after it (None: many).

    With `least` it is at least 1 in that decimal place.
    """
    after = f"[0-9]{{1,{places or MOST_PLACES}}}"
    above = f"[1-9][0-9]{{0,{whole - 1}}}([.]{after})?"
    if not least:
        return f"^(0([.]{after})?|{above})$"
    if places is None:
        return f"^(0[.][0-9]{{0,{least - 1}}}[1-9][0-9]{{0,{MOST_PLACES - least}}}|{above})$"
    tails = (f"{'0' * zeros}[1-9]" + (f"[0-9]{{0,{places - zeros - 1}}}" if places - zeros > 1 else "") for zeros in range(least))
    return f"^(0[.]({'|'.join(tails)})|{above})$"


class PlainDecimal(fields.Decimal):
    """A decimal number as a string of plain digits, which look like `pattern`."""

    pattern: str

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(as_string=True, allow_nan=False, **kwargs)

    def _validated(self, value: Any) -> Decimal:
        number = super()._validated(value)
        if not isinstance(value, str):
            raise ValidationError('A decimal number as a string, e.g. "12.5".')
        if not _PLAIN.fullmatch(value):  # an exponent would make a huge number of a short text
            raise self.make_error("invalid", input=value)
        return number
