"""Published events only ever gain fields: consumers of the last release go on reading those of this one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from shared.contracts.events import EVENTS
from tradelane.events_docs import shape

RELEASED = Path(__file__).with_name("released_events.json")
"""What the last release published, by type: field path → kind and whether it is always there. Written anew at each release."""


def snapshot() -> dict[str, dict[str, list[object]]]:
    return {name: {path: [kind, required] for path, kind, required, _ in shape(contract.data())} for name, contract in EVENTS.items()}


@pytest.mark.parametrize("name", json.loads(RELEASED.read_text()))
def test_a_released_event_keeps_its_fields(name: str) -> None:
    now, released = snapshot(), json.loads(RELEASED.read_text())
    assert name in now, "a released type is published until nobody takes it any more"
    for path, (kind, always) in released[name].items():
        assert path in now[name], f"{path} is gone"
        assert now[name][path][0] == kind, f"{path} changed its type"
        assert now[name][path][1] or not always, f"{path} was always there"


@pytest.mark.parametrize("name", EVENTS)
def test_types_are_named_source_what_happened_version(name: str) -> None:
    source, happened, version = name.split(".")
    assert source in {"accounts", "catalog", "orders", "payments", "logistics"}
    assert happened.replace("_", "").isalpha()
    assert version.startswith("v")
    assert version[1:].isdigit()


@pytest.mark.parametrize("name", EVENTS)
def test_a_consumer_ignores_fields_it_does_not_know(name: str) -> None:
    errors = EVENTS[name].data().validate({"a_field_of_tomorrow": 1})
    assert "a_field_of_tomorrow" not in errors
