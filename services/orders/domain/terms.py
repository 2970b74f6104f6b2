"""Trade terms: what the parties agreed on besides goods and prices. They are fixed when the order is made, and they decide its route."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from itertools import product, starmap
from typing import Any, NamedTuple

from shared.kit.errors import Invalid


class Choices(NamedTuple):
    """The three of the terms that decide which steps an order takes."""

    settlement: str  # "direct": the money goes to the supplier, who confirms it; "escrow": the platform holds it
    customs: str  # "platform": both declarations are made here; "carrier": the carrier clears
    insurance: str  # "supplier" insures the goods, or "none" is taken out here


ALLOWED = {"settlement": ("direct", "escrow"), "customs": ("platform", "carrier"), "insurance": ("supplier", "none")}
EVERY_CHOICE = tuple(starmap(Choices, product(*ALLOWED.values())))
PRESETS = {"export": Choices("direct", "platform", "supplier"), "parcel": Choices("escrow", "carrier", "none")}

# Incoterms 2020: the seller insures under CIF and CIP; the rules for sea and inland waterway name a port, of shipment or of destination.
INSURED_INCOTERMS = ("CIF", "CIP")
_NAMED_PORT = {**dict.fromkeys(("FAS", "FOB"), "port_of_loading"), **dict.fromkeys(("CFR", "CIF"), "port_of_discharge")}


@dataclass(frozen=True, slots=True)
class Terms:
    """Complete terms, under the names of the contract's Terms. `preset` is the name of the preset they amount to, if any."""

    settlement: str
    customs: str
    insurance: str
    incoterm: str
    named_place: str
    channel: str
    ship_to: Mapping[str, Any]
    port_of_loading: str | None = None
    port_of_discharge: str | None = None
    preset: str | None = None

    @classmethod
    def agreed(cls, data: Mapping[str, Any]) -> Terms:
        """From what a party gave (the contract's Terms, loaded): a preset's choices, overridden by those given.

        Invalid, its errors under `terms.…`, where they are incomplete or break the Incoterm's own rules.
        """
        given = {name: value for name, value in data.items() if value is not None}
        preset = PRESETS.get(given.pop("preset", ""))
        given = (preset._asdict() if preset else {}) | given
        problems = _problems(given)
        if problems:
            raise Invalid("terms_invalid", "These terms cannot be agreed on.", {f"terms.{name}": [message] for name, message in problems.items()})
        chosen = Choices(*(given[name] for name in ALLOWED))
        return cls(**given, preset=next((name for name, each in PRESETS.items() if each == chosen), None))

    @property
    def choices(self) -> Choices:
        """What decides the route."""
        return Choices(self.settlement, self.customs, self.insurance)

    def as_data(self) -> dict[str, Any]:
        """A plain dict under the contract's names, without what is not given; `agreed` of it are these very terms."""
        return {name: value for name, value in asdict(self).items() if value is not None}


def _problems(given: Mapping[str, Any]) -> dict[str, str]:
    problems = {name: f"Must be {' or '.join(allowed)}, or name a preset." for name, allowed in ALLOWED.items() if given.get(name) not in allowed}
    problems |= {name: "Missing data for required field." for name in ("incoterm", "named_place", "channel", "ship_to") if not given.get(name)}
    incoterm = given.get("incoterm", "")
    if incoterm in INSURED_INCOTERMS and given.get("insurance") == "none":
        problems["insurance"] = f"Under {incoterm} the supplier insures the goods: must be supplier."
    if incoterm in _NAMED_PORT and not given.get(_NAMED_PORT[incoterm]):
        problems[_NAMED_PORT[incoterm]] = f"{incoterm} is for carriage by sea or inland waterway: its port must be named."
    return problems
