"""A label as data, one a package: carrier, sender, recipient, waybill, and what customs is told of the contents. Words and numbers only; how
they look is label printing's business."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, TypedDict

from services.logistics.application.paper import Labelled
from services.logistics.application.wording import address_lines, amount, country, kg, mass, short
from services.logistics.domain.postal_customs import postal_form
from shared.kit.reference import UNITS

CARRIERS = {"dhl": "DHL", "ups": "UPS", "tnt": "TNT", "fedex": "FedEx", "post": "POST"}
DISPOSITIONS = {"return": "Return to sender", "destroy": "Treat as abandoned"}
MOST_PACKAGES = 200  # of an order that labels are printed for

_CERTIFIED = (
    "I, the undersigned, whose name and address are given on the item, certify that the particulars given in this declaration are correct and that "
    "this item does not contain any dangerous article or articles prohibited by legislation or by postal or customs regulations."
)
_COURIER_CERTIFIED = "The sender certifies that these particulars are correct and that the consignment contains nothing prohibited or undeclared."


class Declaration(TypedDict):
    """`form` is `CN22`, `CN23` or empty; a row has quantity, description, HS code, origin, net mass and value."""

    form: str
    facts: Labelled
    currency: str
    rows: list[list[str]]
    totals: Labelled
    statement: str
    signed: str


class Label(TypedDict):
    """`package` is the package's number of how many. The declaration of all goods goes with the first; `declaration` is None on the others and within a country."""

    waybill: str
    carrier: str
    service: str
    reference: str
    destination: str
    package: tuple[int, int]
    sender: list[str]
    recipient: list[str]
    facts: Labelled
    declaration: Declaration | None


@dataclass(frozen=True, slots=True)
class Consignment:
    """What labels tell of: `order` has the facts of `OrderPlaced`, `channel` is the channel's name; the rest is as its supplier booked it, packages
    (contract `PackageForm`) and sender (`Address`) as JSON."""

    order: Mapping[str, Any]
    carrier: str
    channel: str
    waybill: str
    packages: Sequence[Mapping[str, Any]]
    special_goods: Sequence[str]
    sender: Mapping[str, Any]
    if_undeliverable: str
    booked_at: datetime


def labels(consignment: Consignment) -> list[Label]:
    """One a package, in the order in which they were booked."""
    order, recipient = consignment.order, consignment.order["terms"]["ship_to"]
    crosses_a_border = recipient["country"] != consignment.sender["country"]
    packages = [each for each in consignment.packages for _ in range(each["count"])]
    return [
        Label(
            waybill=consignment.waybill,
            carrier=CARRIERS.get(consignment.carrier, consignment.carrier.upper()),
            service=consignment.channel,
            reference=order["number"],
            destination=recipient["country"],
            package=(number, len(packages)),
            sender=_address(consignment.sender),
            recipient=_address(recipient),
            facts=_facts(consignment, package),
            declaration=_declaration(consignment) if crosses_a_border and number == 1 else None,
        )
        for number, package in enumerate(packages, 1)
    ]


def _address(address: Mapping[str, Any]) -> list[str]:
    """With the country in capitals, as the UPU wants it."""
    name = country(address["country"])
    return [line.upper() if line == name else line for line in address_lines(address)]


def _facts(consignment: Consignment, package: Mapping[str, Any]) -> Labelled:
    sides = " × ".join(f"{Decimal(package[side]).normalize():f}" for side in ("length_cm", "width_cm", "height_cm"))
    special = [("Special goods", ", ".join(consignment.special_goods))] if consignment.special_goods else []
    return [
        ("Order", consignment.order["number"]),
        ("Date", f"{consignment.booked_at:%d %B %Y}"),
        ("Mass", kg(Decimal(package["weight_kg"]))),
        ("Size", f"{sides} cm"),
        *special,
        ("If undeliverable", DISPOSITIONS[consignment.if_undeliverable]),
    ]


def _declaration(consignment: Consignment) -> Declaration:
    order, total = consignment.order, consignment.order["total"]
    form = postal_form(total) if consignment.carrier == "post" else ""
    recipient = order["terms"]["ship_to"]
    reachable = ", ".join(filter(None, (recipient.get("phone"), recipient.get("email"))))
    full = [("Importer's telephone, e-mail", reachable or "–"), ("Office of origin, date of posting", "")] if form == "CN23" else []
    return Declaration(
        form=form,
        facts=[
            ("Category", "Sale of goods"),
            ("Invoice", order["number"]),
            ("Trade terms", f"{order['terms']['incoterm']} {order['terms']['named_place']}"),
            *full,
        ],
        currency=total.currency,
        rows=[_row(line) for line in order["lines"]],
        totals=[
            ("Total net mass", kg(sum((line["net_mass_kg"] for line in order["lines"]), start=Decimal(0)))),
            ("Total gross mass", kg(sum((each["count"] * Decimal(each["weight_kg"]) for each in consignment.packages), start=Decimal(0)))),
            (f"Total value ({total.currency})", amount(total)),
        ],
        statement=_CERTIFIED if form else _COURIER_CERTIFIED,
        signed=f"{consignment.sender['name']}, {consignment.booked_at:%d %B %Y}",
    )


def _row(line: Mapping[str, Any]) -> list[str]:
    """A dash where the goods' HS code or origin was not known when the order was made."""
    quantity = f"{line['quantity']:,} {'pcs' if line['unit'] == 'C62' else UNITS[line['unit']]}"
    known = line.get("hs_code") or "–", line.get("country_of_origin") or "–"
    return short([quantity, line["title"], *known, mass(line["net_mass_kg"]), amount(line["line_total"])])
