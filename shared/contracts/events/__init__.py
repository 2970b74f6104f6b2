"""All published events: type → contract. A type is `<source>.<what_happened>.v<N>`; a breaking change is a new type beside the old."""

from shared.contracts.events import accounts, catalog, logistics, orders, payments
from shared.contracts.events.registry import EventContract

EVENTS: dict[str, EventContract] = {each.type: each for source in (accounts, catalog, orders, payments, logistics) for each in source.EVENTS}
