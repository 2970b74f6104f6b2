"""Waybill numbers: each carrier's own format with its check digit, issued out of a channel's number range, and recognised when one is seen."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from services.logistics.domain.numbers import comparable

S10_SERVICES = {"postal_parcel": "CP", "postal_packet": "RR"}
"""The UPU S10 service indicator of a postal channel: parcel post, registered letter post."""

_UPS_SHIPPER = "TR4D3L"  # UPS gives each shipper six characters; these are nobody's
_UPS_SERVICE = "66"


@dataclass(frozen=True, slots=True)
class Recognition:
    """Whose number it may be, of which `kind`, and whether its check digit is right."""

    carrier: str
    kind: str
    valid: bool


def issue(carrier: str, channel: str, serial: int, country: str) -> str:
    """The waybill number with this serial number of the carrier's range; `country` is that of the issuing post. The same serial gives the same
    number. ValueError where there is no such number: an unknown carrier or postal channel, a range that is used up."""
    try:
        before, covered, digits, check, after = {
            "post": (S10_SERVICES.get(channel, ""), "", 8, _s10, country),
            "dhl": ("", "", 9, _dhl, ""),
            "ups": ("1Z", _UPS_SHIPPER + _UPS_SERVICE, 7, _ups, ""),
            "fedex": ("", "", 11, _fedex, ""),
            "tnt": ("", "", 8, _s10, ""),
        }[carrier]
    except KeyError as error:
        raise ValueError(f"{carrier} is no carrier that waybills are issued for") from error
    if not 0 <= serial < 10**digits:
        raise ValueError(f"serial number {serial} is outside of {carrier}'s range of {digits} digits")
    body = f"{covered}{serial:0{digits}}"
    number = f"{before}{body}{check(body)}{after}"
    if Recognition(carrier, _KINDS[carrier], valid=True) not in recognise(number):
        raise ValueError(f"{number} is no number of {carrier}'s: channel {channel} or country {country} is wrong")
    return number


def recognise(number: str) -> list[Recognition]:
    """What the number may be, by its look; case, spaces and dashes make no difference. Empty where no carrier's numbers look like that."""
    plain = comparable(number).upper()
    found = ((each, each.pattern.fullmatch(plain)) for each in _FORMATS)
    return [Recognition(each.carrier, _KINDS[each.carrier], each.check(match["body"]) == int(match["check"])) for each, match in found if match]


def _s10(body: str) -> int:
    """UPU S10's check digit, and TNT's: weights 8 6 4 2 3 5 9 7, what is missing to a multiple of 11; of 10 and 11 it makes 0 and 5."""
    check = 11 - sum(weight * int(digit) for weight, digit in zip((8, 6, 4, 2, 3, 5, 9, 7), body, strict=True)) % 11
    return {10: 0, 11: 5}.get(check, check)


def _dhl(body: str) -> int:
    """The number modulo 7."""
    return int(body) % 7


def _ups(body: str) -> int:
    """Every second character twice, what is missing to a multiple of 10; letters count 2, 3, … 9, 0, 1 … from A on."""
    values = [int(each) if each.isdigit() else (ord(each) - ord("A") + 2) % 10 for each in body]
    return -(sum(values) + sum(values[1::2])) % 10


def _fedex(body: str) -> int:
    """Weights 3 1 7 in turn, modulo 11, of that the last digit."""
    return sum((3, 1, 7)[place % 3] * int(digit) for place, digit in enumerate(body)) % 11 % 10


@dataclass(frozen=True, slots=True)
class _Format:
    carrier: str
    pattern: re.Pattern[str]
    check: Callable[[str], int]


# S10 keeps J, K, S, T and W as first letters for later. TNT writes its nine digits alone, or as S10 does with WW for a country.
_FORMATS = (
    _Format("post", re.compile("[A-IL-RUVX-Z][A-Z](?P<body>[0-9]{8})(?P<check>[0-9])(?!WW)[A-Z]{2}"), _s10),
    _Format("dhl", re.compile("(?P<body>[0-9]{9})(?P<check>[0-9])"), _dhl),
    _Format("ups", re.compile("1Z(?P<body>[0-9A-Z]{15})(?P<check>[0-9])"), _ups),
    _Format("fedex", re.compile("(?P<body>[0-9]{11})(?P<check>[0-9])"), _fedex),
    _Format("tnt", re.compile("(?P<body>[0-9]{8})(?P<check>[0-9])"), _s10),
    _Format("tnt", re.compile("[A-Z]{2}(?P<body>[0-9]{8})(?P<check>[0-9])WW"), _s10),
)

_KINDS = {"post": "upu_s10", "dhl": "dhl_express", "ups": "ups_1z", "fedex": "fedex_express", "tnt": "tnt_consignment"}
