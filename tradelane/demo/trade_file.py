"""Reads trade files and says what is wrong with one, field by field, before anything is started.

The outline is this module's own; every request the trade will make is filled in as a rehearsal and checked with the contract's schema.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from importlib import resources
from pathlib import Path
from typing import Any
from uuid import uuid4

import yaml
from marshmallow import INCLUDE, Schema, ValidationError, fields, validate, validates_schema

from shared.contracts.accounts import Register
from shared.contracts.catalog import AddProduct
from shared.contracts.fields import Currency, Money, Shape, Text
from shared.contracts.forms import FORMS, ExceptionForm
from shared.contracts.logistics_orders import CreateLogisticsOrder, WeighParcel
from shared.contracts.orders import OfferTerms, OpenEnquiry, PlaceOrder
from shared.contracts.payments import Deposit
from shared.contracts.quotes import AskQuotes
from shared.contracts.tracking import TRACKING_STATUSES
from shared.contracts.trade import Terms
from shared.kit.clock import utc_now
from tradelane.demo.placeholders import Facts, NotKnown
from tradelane.demo.trade import Json, Trade

SHIPPED = resources.files("tradelane") / "trades"
DEFAULT = "coffee-cif-sea"

METHOD_KINDS = ("card", "wallet", "bank_debit")

_STEPS_WITHOUT_FORM = ("transport",)
_STEPS = (*(name for name in FORMS if name not in ("channel", "exception", "note")), *_STEPS_WITHOUT_FORM)


class TradeFileError(Exception):
    """The file cannot be used; `errors` maps its fields (`terms.incoterm`) to sentences."""

    def __init__(self, source: str, errors: Mapping[str, list[str]]) -> None:
        told = [f"  {field}: {' '.join(sentences)}" for field, sentences in errors.items()]
        super().__init__("\n".join([f"{source} is no trade that can be run:", *told]))
        self.source = source
        self.errors = errors


class _Part(Schema):
    """Of a file: what it does not name is left to the contract."""

    class Meta:
        unknown = INCLUDE


class _Line(_Part):
    sku = Text(60, required=True)


class _Lines(_Part):
    lines = fields.List(fields.Nested(_Line), required=True, validate=validate.Length(min=1))


class _Move(Shape):
    by = fields.String(required=True, validate=validate.OneOf(("buyer", "supplier")))
    message = Text(4000)
    offer = fields.Nested(_Lines)
    accept = Text(1000)

    @validates_schema
    def _says_one_thing(self, data: Json, **_: Any) -> None:
        if len(data.keys() & {"message", "offer", "accept"}) != 1:
            raise ValidationError("Give one of message, offer and accept.")


class _Exception(_Part):
    resolved = Text(1000, required=True)


class _Step(Shape):
    form = fields.Dict(keys=fields.String())
    exception = fields.Nested(_Exception)


class _Shipping(_Step):
    online = fields.Boolean(truthy={True}, falsy={False})


class _Seen(_Part):
    status = fields.String(required=True, validate=validate.OneOf(TRACKING_STATUSES))


class _Transport(_Step):
    warehouse = fields.Nested(WeighParcel(exclude=("id", "if_match")))
    tracking = fields.List(fields.Nested(_Seen), validate=validate.Length(min=1))


class _FreightAccount(Shape):
    currency = Currency(required=True)
    top_up = Money(required=True, positive=True)


class _Deposit(Shape):
    amount = fields.Raw(required=True)
    reference = Text(140, required=True)


_SPECIAL = {"shipping": _Shipping, "transport": _Transport}
_PARTY = Register(exclude=("email", "password", "role"))


class _Outline(Shape):
    title = Text(120, required=True)
    story = Text(1000)
    buyer = fields.Nested(_PARTY, required=True)
    supplier = fields.Nested(_PARTY, required=True)
    products = fields.List(fields.Nested(AddProduct), required=True, validate=validate.Length(min=1))
    terms = fields.Nested(Terms, required=True)
    enquiry = fields.Nested(_Lines)
    negotiation = fields.List(fields.Nested(_Move), validate=validate.Length(min=1))
    quote = fields.Nested(_Part)
    order = fields.Nested(_Lines)
    payment_method = fields.Dict(keys=fields.String(validate=validate.OneOf(METHOD_KINDS)), values=fields.Dict(), validate=validate.Length(equal=1))
    freight_account = fields.Nested(_FreightAccount)
    deposit = fields.Nested(_Deposit)
    steps = fields.Nested(Shape.from_dict({name: fields.Nested(_SPECIAL.get(name, _Step)) for name in _STEPS}), required=True)

    @validates_schema
    def _comes_to_an_order(self, data: Json, **_: Any) -> None:
        if "order" in data:
            if told := {"enquiry", "negotiation"} & data.keys():
                raise ValidationError("An order straight from the listing has no enquiry and no negotiation.", min(told))
        elif missing := {"enquiry", "negotiation"} - data.keys():
            raise ValidationError("Missing data for required field, unless there is an order straight from the listing.", min(missing))
        elif "accept" not in data["negotiation"][-1]:
            raise ValidationError("The last entry must be an accept.", "negotiation")


def shipped() -> list[str]:
    """The names of the trades that come with the project, the default one first."""
    names = sorted(each.name.removesuffix(".yaml") for each in SHIPPED.iterdir() if each.name.endswith(".yaml"))
    return sorted(names, key=lambda name: name != DEFAULT)


def load(name: str = DEFAULT) -> Trade:
    """A shipped trade by its name, or the file at that path. Raises TradeFileError."""
    if name in shipped():
        source, text = f"{name}.yaml", (SHIPPED / f"{name}.yaml").read_text(encoding="utf-8")
    else:
        try:
            source, text = name, Path(name).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise TradeFileError(name, {"file": [f"{error}.", f"Shipped trades: {', '.join(shipped())}."]}) from error
    return parse(text, source)


def parse(text: str, source: str) -> Trade:
    """The trade a file's text tells. Raises TradeFileError naming what is wrong."""
    try:
        content = yaml.load(text, Loader=_Loader)  # noqa: S506 - a SafeLoader that knows fewer types still
    except yaml.YAMLError as error:
        raise TradeFileError(source, {"file": [str(error)]}) from error
    if not isinstance(content, dict):
        raise TradeFileError(source, {"file": ["A mapping of fields is wanted."]})
    _refuse(source, _flat(_Outline().validate(content)))
    trade = Trade(source=source, **content)
    _refuse(source, dict(_rehearse_negotiation(trade)))
    _refuse(source, dict(_rehearse_steps(trade)))
    return trade


class _Loader(yaml.SafeLoader):
    """Decimals and dates stay as written, and only true and false are booleans: NO is Norway."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag.rpartition(":")[2] not in ("float", "timestamp", "bool")]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"true|false"), list("tf"))


def _refuse(source: str, errors: Mapping[str, list[str]]) -> None:
    if errors:
        raise TradeFileError(source, errors)


def _rehearse_negotiation(trade: Trade) -> Iterator[tuple[str, list[str]]]:
    facts = _facts(trade)
    if trade.quote:
        yield from _problems("quote", AskQuotes, trade.quote_request(), facts)
    if trade.order:
        yield from _problems("order", PlaceOrder, trade.order_request(), facts)
    else:
        yield from _problems("enquiry", OpenEnquiry, trade.enquiry_request(), facts)
    for number, move in enumerate(trade.negotiation):
        if "offer" in move:
            yield from _problems(f"negotiation.{number}.offer", OfferTerms, trade.offer_request(move["offer"]), facts)


def _rehearse_steps(trade: Trade) -> Iterator[tuple[str, list[str]]]:
    try:
        facts = _facts(trade, trade.agreed_order())
    except (KeyError, ValueError):
        yield "negotiation", ["What is agreed on needs a quantity and a unit price on every line, in one currency."]
        return
    if trade.deposit:
        yield from _problems("deposit", Deposit, {"account_id": str(uuid4())} | trade.deposit, facts)
    if trade.online:
        yield from _problems("steps.shipping.form", CreateLogisticsOrder, {"id": str(uuid4())} | trade.booking_request(), facts)
    for step, content in trade.steps.items():
        schema = Shape if step in _STEPS_WITHOUT_FORM else FORMS[step]
        yield from _problems(f"steps.{step}.form", schema, content.get("form", {}), facts)
        if report := trade.exception_report(step):
            yield from _problems(f"steps.{step}.exception", ExceptionForm, report, facts)


def _facts(trade: Trade, order: Json | None = None) -> Facts:
    products = {product["sku"]: str(uuid4()) for product in trade.products}
    known = {"payment_method": str(uuid4()), "waybill": "CP000000005CN"}
    return Facts(today=utc_now().date(), products=products, order=order or {}, password="x", known=known)  # noqa: S106


def _problems(path: str, schema: type[Schema], request: Json, facts: Facts) -> Iterator[tuple[str, list[str]]]:
    try:
        filled = facts.fill(request)
    except NotKnown as error:
        yield path, [str(error)]
    else:
        yield from _flat(schema().validate(filled), path).items()


def _flat(messages: Any, path: str = "") -> dict[str, list[str]]:
    """Marshmallow's nested messages as field path → sentences."""
    if not isinstance(messages, dict):
        return {path: messages}
    return {field: told for name, each in messages.items() for field, told in _flat(each, path if name == "_schema" else f"{path}.{name}".lstrip(".")).items()}
