"""What an event contract is."""

from __future__ import annotations

from dataclasses import dataclass

from marshmallow import Schema

SchemaClass = type[Schema]


@dataclass(frozen=True, slots=True)
class EventContract:
    """`type` is the routing key and the CloudEvents type, `data` the schema of its body, `subject` says whose id the event's subject is."""

    type: str
    data: SchemaClass
    subject: str
    description: str

    @property
    def source(self) -> str:
        """The service that publishes it."""
        return self.type.partition(".")[0]
