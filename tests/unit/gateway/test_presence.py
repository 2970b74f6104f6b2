"""The gateway's note of who is here: seldom, for many at once, and never in the way of a request."""

from __future__ import annotations

import eventlet
import pytest

from services.gateway.application import presence
from shared.contracts.accounts import ME
from shared.contracts.api_keys import CHECK_API_KEY
from shared.contracts.presence import NOTE_SEEN
from shared.kit.errors import Unavailable
from shared.kit.ids import new_id
from tests.unit.gateway.fakes import BUYER, Gateway


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch, gateway: Gateway) -> None:
    monkeypatch.setattr(presence, "PAUSE", 0.01)
    gateway.services.answers[ME] = {}


def told(gateway: Gateway) -> list[list[str]]:
    eventlet.sleep(0.05)
    return [list(each.data["ids"]) for each in gateway.services.calls_of(NOTE_SEEN)]


def test_who_asks_for_anything_is_noted_once_a_minute_and_told_with_others(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    other = new_id()
    for _ in range(3):
        gateway.ask("GET", "/v1/me")
    gateway.ask("GET", "/v1/me", token=gateway.signer.token(sub=other))
    assert told(gateway) == [[BUYER, other]]
    gateway.ask("GET", "/v1/me")
    assert told(gateway) == [[BUYER, other]]


def test_after_that_minute_once_more(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(presence, "AGAIN", 0.02)
    gateway.ask("GET", "/v1/me")
    assert told(gateway) == [[BUYER]]
    gateway.ask("GET", "/v1/me")
    assert told(gateway) == [[BUYER], [BUYER]]


def test_what_accounts_did_not_hear_is_said_again_with_the_next_request(gateway: Gateway) -> None:
    gateway.services.answers[NOTE_SEEN] = Unavailable("service_unavailable", "The accounts service is not there.")
    assert gateway.ask("GET", "/v1/me").status_code == 200
    assert told(gateway) == [[BUYER]]
    gateway.services.answers[NOTE_SEEN] = {}
    gateway.ask("GET", "/v1/me")
    assert told(gateway) == [[BUYER], [BUYER]]


def test_nobody_and_programs_with_a_key_are_not_here(gateway: Gateway) -> None:
    gateway.services.answers[CHECK_API_KEY] = {"id": BUYER, "roles": ["buyer"], "name": "Ada", "verified": False, "scopes": ["accounts:read"]}
    assert gateway.ask("GET", "/v1/me", token="tlk_key").status_code == 200
    gateway.ask("GET", "/v1/me", token=None)
    assert told(gateway) == []


def test_the_memory_of_who_was_noted_is_bounded(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(presence, "MOST_KNOWN", 3)
    monkeypatch.setattr(presence, "MOST", 5)
    noted = presence.Presence()
    for _ in range(20):
        noted.note(new_id(), gateway.services)  # type: ignore[arg-type]
    assert [len(each) for each in told(gateway)] == [5]
