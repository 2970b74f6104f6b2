"""EORI numbers, checked as python-stdnum's modules check theirs: it has none for them.

An EORI number is a country and up to 15 letters and digits, which are that customs' own affair: a VAT or company register's number with them or without,
padded or not, and of another kind after a reform. No check digit holds for all of them, so only the form is checked.
"""

from __future__ import annotations

from stdnum.eu.vat import MEMBER_STATES
from stdnum.exceptions import InvalidComponent, InvalidFormat, InvalidLength
from stdnum.util import clean

COUNTRIES = frozenset(each.upper() for each in MEMBER_STATES) | {"GB"}
"""ISO 3166-1 alpha-2 (Greece is GR here), and XI for Northern Ireland, which stdnum counts among the members."""


def validate(number: str) -> str:
    """As it is kept, in capitals and without what people write it with; python-stdnum's exceptions where it cannot be one."""
    compact = clean(number, " -./").upper()
    if not (compact.isascii() and compact.isalnum()):
        raise InvalidFormat
    if compact[:2] not in COUNTRIES:
        raise InvalidComponent
    if not 3 <= len(compact) <= 17:
        raise InvalidLength
    return compact
