"""The published events as a page for the teams that consume them, from their contracts. No event is declared here."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from marshmallow import Schema, fields

from shared.contracts.events import EVENTS
from shared.contracts.events.registry import EventContract

INTRODUCTION = """# Events

Generated from `shared/contracts/events`: change those, then run `tradelane docs`.

Each service publishes to its topic exchange `<service>.events` with the event's type as routing key, and all of them stand in the stream queue `event-log`, which can be
read from any offset (`x-stream-offset`). Messages are CloudEvents 1.0 in binary mode: attributes are headers (`ce-id`, `ce-source`, `ce-type`, `ce-subject`, `ce-time`,
`ce-dataschema`), the body is JSON.

| extension attribute | meaning |
| --- | --- |
| `ce-aggregateversion` | Counts the subject's events of this source from 1, without gaps: take the next, drop an older one, wait where one is missing. |
| `ce-correlationid` | The same for everything that one request brought about. |
| `ce-causationid` | The event it was caused by. |
| `ce-traceparent` | W3C trace context. |

Events may come more than once: `ce-id` tells. Fields are only ever added; ignore those you do not know. A breaking change is a new type beside the old.
The parties of a trade are told over HTTP, too: [`GET /v1/events`](http-api.md#events-as-they-happen).

Money is `{"amount": "12.34", "currency": "USD"}`, times are RFC 3339 in UTC, ids and decimals are strings.
"""

_KINDS = {
    "Id": "UUID",
    "Measure": "decimal string",
    "Rate": "decimal string",
    "Timestamp": "time",
    "HsCode": "HS code",
    "UnLocode": "UN/LOCODE",
    "Flag": "boolean",
}


def markdown() -> str:
    """The whole page."""
    sources = groupby(EVENTS.values(), lambda each: each.source)
    return "\n".join([INTRODUCTION, *(line for source, contracts in sources for line in (f"## {source}\n", *(_event(each) for each in contracts)))])


def _event(contract: EventContract) -> str:
    rows = [f"| `{name}` | {kind} | {'yes' if required else 'no'} | {words} |" for name, kind, required, words in shape(contract.data())]
    return "\n".join(
        [
            f"### `{contract.type}`\n",
            f"{contract.description} Subject: the {contract.subject}'s id.{_for_one(contract)}\n",
            "| field | type | always there | |",
            "| --- | --- | --- | --- |",
            *rows,
            "",
        ]
    )


def _for_one(contract: EventContract) -> str:
    return f" Of the parties, only the {contract.audience[0]} is told." if len(contract.audience) == 1 else ""


def shape(schema: Schema, path: str = "") -> Iterator[tuple[str, str, bool, str]]:
    """Each field's path, kind, whether it is always there, and its description; nested shapes after what holds them."""
    for name, field in schema.fields.items():
        inner = field.inner if isinstance(field, fields.List) else field
        nested = inner.schema if isinstance(inner, fields.Nested) else None
        kind = "object" if nested else _KINDS.get(type(inner).__name__, type(inner).__name__.lower())
        yield path + name, f"list of {kind}" if inner is not field else kind, field.required, field.metadata.get("description", "")
        if isinstance(nested, Schema):
            yield from shape(nested, f"{path}{name}{'[]' if inner is not field else ''}.")
