"""What an event contract is."""

from __future__ import annotations

from dataclasses import dataclass

from marshmallow import Schema

SchemaClass = type[Schema]

BUYER, SUPPLIER = ("buyer",), ("supplier",)
"""What freight costs is between the supplier and the platform."""


@dataclass(frozen=True, slots=True)
class EventContract:
    """`type` is the routing key and the CloudEvents type, `data` the schema of its body, `subject` says whose id the event's subject is.

    Of the two parties of a trade, `audience` may be told.
    """

    type: str
    data: SchemaClass
    subject: str
    description: str
    audience: tuple[str, ...] = ("buyer", "supplier")

    @property
    def source(self) -> str:
        """The service that publishes it."""
        return self.type.partition(".")[0]
