"""The field types all contracts are made of. Decimals, times and ids travel as strings; money as `{"amount": "12.34", "currency": "USD"}`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pycountry
from marshmallow import EXCLUDE, RAISE, Schema, ValidationError, fields, validate
from stdnum import bic, iban
from stdnum.exceptions import ValidationError as NumberError

from shared.contracts.decimals import PlainDecimal, plain_decimal
from shared.kit.money import Money as MoneyValue
from shared.kit.reference import UNITS, hs_description, is_un_locode

# Controls, and what shows text in another order or is not seen at all: embeddings, overrides and isolates, separators, zero-width spaces, tags. The marks
# and joiners that right-to-left, Indic and pictorial writing is made with are taken.
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u180e\u200b\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e007f]")
_SEEN = re.compile(r"[^\s\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u200c-\u200f\u2800\u3164\uffa0]")


class Shape(Schema):
    """A request or form: a field it does not know is refused by name."""

    class Meta:
        unknown = RAISE


class Notice(Schema):
    """What an event carries: fields a consumer does not know are ignored, so that publishers may add some."""

    class Meta:
        unknown = EXCLUDE


class Text(fields.String):
    """Words: trimmed, something to be seen, at most `longest` characters, all of which can be printed and stay where they stand."""

    pattern = r"\S"

    def __init__(self, longest: int = 200, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.validators.insert(0, validate.Length(min=1, max=longest))

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> str:
        text = super()._deserialize(value, attr, data, **kwargs)
        if _UNPRINTABLE.search(text):
            raise ValidationError("Contains characters that cannot be printed.")
        return text.strip() if _SEEN.search(text) else ""


class Email(fields.Email):
    """An address of at most 254 characters (RFC 5321), none of them a control character, which quotes would allow."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.validators.insert(0, validate.Length(max=254))

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> str:
        address = super()._deserialize(value, attr, data, **kwargs)
        if len(address) > 254 or _UNPRINTABLE.search(address):
            raise ValidationError("Not a valid email address.")
        return address


class Phone(fields.String):
    """An international telephone number (E.164): `+`, then 7 to 15 digits, the country's first; spaces, hyphens, dots and brackets between them are kept."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        said = "An international number: + and 7 to 15 digits, the country's first, e.g. +86 574 8765 4321."
        self.validators[:0] = [validate.Length(max=40), validate.Regexp(r"^[+][1-9](?:[ ().-]*[0-9]){6,14}\Z", error=said)]


class Coded(fields.String):
    """One code out of a list, by its exact spelling."""

    def __init__(self, codes: Any, name: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.codes = codes
        self.validators.insert(0, validate.OneOf(dict.fromkeys(sorted(codes)), error=f"Not {name}."))


CURRENCIES = frozenset(each.alpha_3 for each in pycountry.currencies)
COUNTRIES = frozenset(each.alpha_2 for each in pycountry.countries)


class Currency(Coded):
    """ISO 4217."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(CURRENCIES, "an ISO 4217 currency code", **kwargs)


class Country(Coded):
    """ISO 3166-1 alpha-2."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(COUNTRIES, "an ISO 3166-1 alpha-2 country code", **kwargs)


class Unit(Coded):
    """UN/ECE Recommendation 20."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(UNITS, "a UN/ECE Rec 20 unit code this platform takes", **kwargs)


class HsCode(fields.String):
    """Harmonized System: 6 to 10 digits, the first six in the table."""

    pattern = "^[0-9]{6,10}$"

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> str:
        code = super()._deserialize(value, attr, data, **kwargs)
        if not re.fullmatch(self.pattern, code):
            raise ValidationError("An HS code has 6 to 10 digits.")
        if hs_description(code) is None:
            raise ValidationError(f"{code[:6]} is not in the Harmonized System.")
        return code


class UnLocode(fields.String):
    """UN/LOCODE, e.g. `CNSHA`."""

    pattern = "^[A-Z]{2}[A-Z2-9]{3}$"

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> str:
        code = super()._deserialize(value, attr, data, **kwargs)
        if not is_un_locode(code) or code[:2] not in COUNTRIES:
            raise ValidationError("Not a UN/LOCODE (a country and three characters, e.g. CNSHA).")
        return code


class Iban(fields.String):
    """An International Bank Account Number (ISO 13616), its check digits right; it loads without spaces, in capitals."""

    pattern = "^[A-Za-z]{2}[0-9]{2}[0-9A-Za-z ]{11,37}$"

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> str:
        try:
            return iban.validate(super()._deserialize(value, attr, data, **kwargs))
        except NumberError as error:
            raise ValidationError("Not an IBAN: check its digits.") from error


class Bic(fields.String):
    """A bank's Business Identifier Code (ISO 9362), of 8 or 11 characters; it loads in capitals."""

    pattern = "^[A-Za-z0-9]{8}([A-Za-z0-9]{3})?$"

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> str:
        try:
            code = bic.validate(super()._deserialize(value, attr, data, **kwargs))
        except NumberError as error:
            raise ValidationError("Not a BIC (8 or 11 characters, e.g. DEUTDEFF).") from error
        if code[4:6] not in COUNTRIES | {"XK"}:
            raise ValidationError(f"{code[4:6]} is not a country.")
        return code


class Password(fields.String):
    """Kept by nobody but as a hash, and left out of what a command is told by."""

    shortest = 1

    def __init__(self) -> None:
        super().__init__(required=True, load_only=True, validate=validate.Length(min=self.shortest, max=200), metadata={"format": "password"})


class NewPassword(Password):
    """One to be kept."""

    shortest = 10


class OwnPassword(Password):
    """The caller's own, asked again. The gateway has it checked and takes it out: see `validation.arriving`."""


class Quantity(fields.Integer):
    """A count of the line's unit, 1 to 10⁹."""

    def __init__(self, smallest: int = 1, **kwargs: Any) -> None:
        super().__init__(strict=True, **kwargs)
        self.validators.insert(0, validate.Range(min=smallest, max=10**9))

    def _validated(self, value: Any) -> int:
        return super()._validated(int(value) if isinstance(value, float) and value.is_integer() else value)  # to JSON, 3.0 is 3


class Flag(fields.Boolean):
    """True or false, and nothing that stands for them."""

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> bool:
        if value is True or value is False:
            return value
        raise self.make_error("invalid", input=value)


class Measure(PlainDecimal):
    """A mass in kg or a length in cm as a decimal string, above 0 and below 10⁹, up to three decimals."""

    pattern = plain_decimal(9, 3, least=3)

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.validators.insert(0, validate.Range(min=0, min_inclusive=False, max=Decimal(10**9), max_inclusive=False))

    def _validated(self, value: Any) -> Decimal:
        number = super()._validated(value)
        if number != round(number, 3):
            raise ValidationError("At most three decimals.")
        return number


class Amount(PlainDecimal):
    """Of money whose currency is told beside it, as a decimal string, from `smallest` to below 10⁹. How many decimals the currency has, its owner checks."""

    def __init__(self, smallest: str = "0", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        least = Decimal(smallest)
        self.pattern = plain_decimal(9, least=len(smallest.partition(".")[2]))
        self.validators.insert(0, validate.Range(min=least, max=Decimal(10**9), max_inclusive=False))


class Rate(PlainDecimal):
    """How much of one currency one of another is, as a decimal string, from 10⁻¹⁸ to below 10¹⁸."""

    pattern = plain_decimal(18, least=18)

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.validators.insert(0, validate.Range(min=Decimal("1E-18"), max=Decimal("1E18"), max_inclusive=False))


class Timestamp(fields.AwareDateTime):
    """RFC 3339 with an offset; answered in UTC with a `Z`."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(format="iso", **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> datetime:
        try:
            return super()._deserialize(value, attr, data, **kwargs).astimezone(UTC)
        except OverflowError as error:  # in the year 0 or 10000 by UTC
            raise self.make_error("invalid", input=value, obj_type=self.OBJ_TYPE) from error

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> str | None:
        return None if value is None else value.astimezone(UTC).isoformat().replace("+00:00", "Z")


AMOUNT_PATTERN, POSITIVE_AMOUNT_PATTERN = plain_decimal(15, 4), plain_decimal(15, 4, least=4)


class Money(fields.Field[MoneyValue]):
    """`{"amount": "12.34", "currency": "USD"}` ↔ `shared.kit.money.Money`. Zero or more unless `positive`."""

    def __init__(self, *, positive: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.positive = positive

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> MoneyValue:
        if not isinstance(value, dict):
            raise ValidationError("Money is an object with amount and currency.")
        unknown = {name: ["Unknown field."] for name in value if name not in ("amount", "currency")}
        missing = {name: ["Missing data for required field."] for name in ("amount", "currency") if name not in value}
        if unknown or missing:
            raise ValidationError({**unknown, **missing})
        amount, currency = value["amount"], value["currency"]
        if not isinstance(currency, str) or currency not in CURRENCIES:
            raise ValidationError({"currency": ["Not an ISO 4217 currency code."]})
        if not isinstance(amount, str) or not re.fullmatch(AMOUNT_PATTERN, amount):
            raise ValidationError({"amount": ['A decimal number as a string, e.g. "12.34".']})
        try:
            money = MoneyValue.of(amount, currency)
        except ValueError as error:
            raise ValidationError({"amount": [f"{error}."]}) from error
        if self.positive and money.minor == 0:
            raise ValidationError({"amount": ["Must be more than zero."]})
        return money

    def _serialize(self, value: MoneyValue | None, attr: str | None, obj: Any, **kwargs: Any) -> dict[str, str] | None:
        return None if value is None else {"amount": str(value.amount), "currency": value.currency}


class Id(fields.UUID):
    """A UUID, lower case with hyphens; it loads as `str`."""

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> Any:
        return str(super()._deserialize(value, attr, data, **kwargs))
